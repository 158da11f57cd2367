"""`adbench datasets` says how to get the sets that are not there."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from command import call_command


def test_how_to_get_absent_sets_stands_below_the_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path
) -> None:
    monkeypatch.delenv("ADBENCH_DATA", raising=False)
    monkeypatch.setattr(
        "adbench.registry.loading.entry_points", lambda group: [EntryPoint("adbench_bmad", "adbench_bmad", "adbench")]
    )
    for root in ((), ("--data-root", str(tmp_path))):
        code, out, _ = call_command(monkeypatch, capsys, "datasets", *root)
        assert code == 0
        assert "\nbmad-his: `adbench data fetch bmad`" in out
