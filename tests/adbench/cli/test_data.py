"""`adbench data verify` and `adbench data fetch`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from badserver import serving
from bmadzip import ALL
from command import call_command
from toyplugin import entry_point

import adbench_bmad
from adbench import DatasetArchive


@pytest.fixture
def adbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run the command with the toy plugin installed; gives exit code, stdout, stderr."""
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [entry_point()])
    monkeypatch.chdir(tmp_path)

    return partial(call_command, monkeypatch, capsys, "data")


def test_warnings_alone_exit_0(adbench) -> None:
    code, out, err = adbench("verify", "toy-a")
    assert code == 0
    assert "subjects-shared" in out
    assert err.endswith("1 dataset, 32 images: 0 errors, 3 warnings\n")


def test_an_error_exits_1_and_the_other_sets_are_looked_at(adbench) -> None:
    code, out, err = adbench("verify", "toy-broken", "toy-a")
    assert code == 1
    assert "unreadable" in out
    assert "3.png is truncated" in out
    assert "2 datasets, 64 images: 1 error," in err


def test_json_holds_all_examples(adbench) -> None:
    code, out, _ = adbench("verify", "toy-broken", "--json")
    assert code == 1
    report = json.loads(out)
    (broken,) = report["datasets"]
    assert (broken["dataset"], broken["images"]) == ("toy-broken", 32)
    (unreadable,) = [found for found in broken["findings"] if found["severity"] == "error"]
    assert unreadable["check"] == "unreadable"
    assert unreadable["examples"] == ["/data/test/Ungood/3.png is truncated: copy it again."]
    assert report["absent"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("verify", "toy-c"), "Did you mean 'toy-"),
        (("verify", "shelf"), "none of its datasets is available"),
        (("verify", "toy-a", "--data-root", "nowhere"), "is not a folder"),
        (("fetch", "toy-a"), "--data-root DIR"),
        (("fetch", "toy-absent", "--data-root", "."), "toy-absent cannot be downloaded."),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(adbench, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = adbench(*arguments)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


@pytest.fixture
def bmad(monkeypatch: pytest.MonkeyPatch, adbench):
    """The BMAD cards, whose archive is on a server of this machine."""
    with serving(ALL) as server:
        archive = DatasetArchive(url=server.url, sha256=hashlib.sha256(ALL).hexdigest(), folder="BMAD")
        cards = tuple(replace(card, archives=(archive,)) for card in adbench_bmad.CARDS)
        monkeypatch.setattr(adbench_bmad, "CARDS", cards)
        monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [entry_point("bmad", "adbench_bmad")])
        yield server


def test_fetch_shows_the_licence_and_then_verify_finds_the_set(adbench, bmad, tmp_path: Path) -> None:
    code, out, err = adbench("fetch", "bmad", "--data-root", "data", "--accept-licence")
    assert (code, err) == (0, "")
    assert "Licence: CC BY-NC-SA 4.0" in out
    assert "Unpacked in data/BMAD: bmad-brain, bmad-liver" in out
    code, out, _ = adbench("fetch", "bmad-brain", "--data-root", "data")
    assert (code, out) == (0, "bmad-brain is there already.\n")
    code, out, _ = adbench("verify", "bmad-chest", "--data-root", "data", "--json")
    assert json.loads(out)["datasets"][0]["images"] == 2


def test_without_a_terminal_the_licence_must_be_accepted(adbench, bmad, tmp_path: Path) -> None:
    code, out, err = adbench("fetch", "bmad", "--data-root", "data")
    assert code == 2
    assert "Licence: CC BY-NC-SA 4.0" in out
    assert "--accept-licence" in err
    assert bmad.asked == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("answer", "asked"), [(True, 1), (False, 0)])
def test_at_a_terminal_it_is_asked_for(adbench, bmad, monkeypatch: pytest.MonkeyPatch, answer: bool, asked: int) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda question: answer)
    code, _, err = adbench("fetch", "bmad", "--data-root", "data")
    assert code == (0 if answer else 2)
    assert len(bmad.asked) == asked
    assert ("nothing is downloaded" in err) is not answer
