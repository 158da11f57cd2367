"""The command line, called as a user calls it."""

from __future__ import annotations

import sys

import pytest

from adbench.cli.main import main


def call_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run `adbench` with these arguments; returns exit code, stdout, stderr."""
    monkeypatch.setattr(sys, "argv", ["adbench", *arguments])
    with pytest.raises(SystemExit) as exit:
        main()
        raise SystemExit(0)
    captured = capsys.readouterr()
    return int(exit.value.code or 0), captured.out, captured.err
