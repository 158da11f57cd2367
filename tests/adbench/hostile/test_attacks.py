"""Run folders of people who mean harm, through every command: nothing outside is touched, nothing acts where it is shown."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import shownsafely
from command import call_command
from hostilefolders import ALL_AT_ONCE, ATTACKS, SECRET, sent
from toyplugin import entry_point
from watchedfiles import opened_files, tree

from adbench.results.store import RunFolder

# The folder as a whole is none: no cell of it counts.
REFUSED = {"cells_is_a_link", "marker_is_a_link", "marker_is_a_pipe"}
# One of each kind; the fast suite has no time for all.
QUICK = {"every_text_is_hostile", "left_over_leads_up", "cell_is_a_link", "cell_is_zeros_without_end", "record_is_deep"}
BOARDS = ("table", "md", "csv", "json", "latex", "svg")
COMPARED = ("table", "md", "json", "junit")


def commands(run: Path, beside: Path) -> Iterator[tuple[str, list[str]]]:
    """(format of stdout, arguments): those that only read first."""
    for format in BOARDS:
        yield format, ["leaderboard", str(run), "--format", format, "--intervals"]
    yield "table", ["report", str(run), "-o", str(beside / "page.html")]
    yield "table", ["baseline", str(run), "-o", str(beside / "baseline.json")]
    for format in COMPARED:
        yield format, ["check", str(run), "--baseline", str(beside / "honest.json"), "--format", format]
        yield format, ["compare", str(run), str(beside / "honest"), "--format", format]
    for format in ("table", "csv", "json"):
        yield format, ["metrics", str(run), "--format", format]
    yield "table", ["metrics", str(run), "--write"]
    yield (
        "table",
        [
            "run",
            "--methods",
            "peak",
            "--datasets",
            "toy-a",
            "--track",
            "few-shot",
            "--shots",
            "2",
            "--device",
            "cpu",
            "--out",
            str(run),
        ],
    )


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in ATTACKS])
def test_no_attack_does_harm(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [entry_point()])
    beside = tmp_path / "beside"
    beside.mkdir()
    made = sent(tmp_path)
    shutil.copytree(made.run, beside / "honest")
    call_command(monkeypatch, capsys, "baseline", str(beside / "honest"), "-o", str(beside / "honest.json"))
    ATTACKS[name](made)
    before, around = tree(made.outside), sorted(os.listdir(tmp_path))
    for format, arguments in commands(made.run, beside):
        with opened_files() as opened:
            code, out, err = call_command(monkeypatch, capsys, *arguments)
        where = f"{name}: adbench {' '.join(arguments)}"
        assert code in (0, 1, 2, 3), where
        assert not [path for path in opened if os.path.realpath(path).startswith((str(made.outside), "/dev/zero"))], where
        assert (tree(made.outside), sorted(os.listdir(tmp_path))) == (before, around), where
        page = beside / "page.html"
        shown = {
            "html": page.read_text(encoding="utf-8") if page.exists() else "",
            format: out,
            "table": f"{out if format == 'table' else ''}\n{err}",
        }
        for kind, text in shown.items():
            shownsafely.demand(kind, text)
            assert SECRET not in text, where
        assert "Traceback" not in err, where
        if format == "csv" and arguments[0] == "leaderboard" and name not in REFUSED:
            assert "\nmean," in out, f"{where}: the honest cell does not count"
        if code == 2:
            assert "adbench: error: " in err, where
        page.unlink(missing_ok=True)


def test_there_are_at_least_fifty() -> None:
    assert len(ATTACKS) >= 50
    assert set(ATTACKS) >= QUICK


def test_a_cell_of_this_version_is_no_attack(tmp_path: Path) -> None:
    made = sent(tmp_path)
    contents = RunFolder.open(made.run).contents()
    assert (len(contents.records), contents.unreadable) == (2, [])


@pytest.mark.parametrize("field", ["variant", "dataset", "track", "preset"])
def test_texts_of_a_baseline_act_nowhere(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = sent(tmp_path)
    file = tmp_path / "baseline.json"
    call_command(monkeypatch, capsys, "baseline", str(made.run), "-o", str(file))
    values = json.loads(file.read_text())
    values["cells"][0]["key"][field] = ALL_AT_ONCE
    file.write_text(json.dumps(values))
    for format in COMPARED:
        code, out, err = call_command(monkeypatch, capsys, "check", str(made.run), "--baseline", str(file), "--format", format)
        assert code == 1  # the run has no such cell
        shownsafely.demand(format, out)
        shownsafely.demand("table", err)
        assert "the run does not have this cell" in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'title = "\x1b[31m"\n', "is not valid TOML"),
        (b'title = "\\u001b]0;x\\u0007"\n[[grid]]\nmethods = ["\\u001b[2J[red]"]\n', "Unknown method"),
        (b'"\\u202e<script>" = 1\n', "has an unknown key"),
        (b"[[grid]]\nmethods = 3\n", "`methods`"),
        (b"grid = [1]\n", "grid"),
        (b"\xff", "is not text in UTF-8"),
        (b"a = " + b"[" * 100_000, "nested too deep"),
    ],
)
def test_texts_of_a_suite_act_nowhere(
    content: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [entry_point()])
    (tmp_path / "suite.toml").write_bytes(content)
    code, out, err = call_command(
        monkeypatch, capsys, "run", "--suite", str(tmp_path / "suite.toml"), "--datasets", "toy-a", "--out", str(tmp_path / "out")
    )
    assert (code, out) == (2, "")
    assert said in err
    shownsafely.demand("table", err)
