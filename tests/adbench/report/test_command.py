"""`adbench report`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from command import call_command
from toyplugin import entry_point

from adbench.results.store import RunFolder


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run the command with only the toy plugin installed; gives exit code, stdout, stderr."""
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [entry_point()])

    return partial(call_command, monkeypatch, capsys, "report")


def test_it_writes_one_file(report, demo: RunFolder, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    code, out, err = report(str(demo.path), "-o", str(file))
    assert (code, err) == (0, "")
    assert out.startswith(f"{file}: 0.")
    assert "data:image/webp" in file.read_text(encoding="utf-8")


def test_images_can_be_left_out(report, demo: RunFolder, tmp_path: Path) -> None:
    report(str(demo.path), "-o", str(tmp_path / "page.html"), "--no-images")
    assert "data:image" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_mistakes_are_one_sentence(report, demo: RunFolder, tmp_path: Path) -> None:
    code, _, err = report(str(tmp_path / "nowhere"))
    assert code == 2
    assert "is not a run folder" in err
    code, _, err = report(str(demo.path), "-o", str(tmp_path / "no" / "page.html"))
    assert code == 2
    assert "Give another file with -o." in err
