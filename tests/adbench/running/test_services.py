"""What a contestant may ask of its referee, and what a hostile one gets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toyplugin import BrokenSet, ToySet, toy_registry

from adbench import UserError
from adbench.contestant.wire import Garbled
from adbench.data.maskmemory import MaskMemory
from adbench.data.rowserver import RowServer
from adbench.planning.draws import entries
from adbench.running import watch
from adbench.running.failures import ContestantDied
from adbench.running.services import Services
from adbench.running.watch import Limits, Watch, descendants, memory_of

SORT = {"size": [8, 8], "interpolation": "bicubic"}
ROWS = [np.array([1, 0], np.int64)]


class Weights:
    """Knows one file."""

    def path(self, name: str) -> Path:
        if name != "known":
            raise UserError(f"No weights are called {name!r}.")
        return Path("weights.pt")

    def sha256(self, name: str) -> str:
        raise OSError("the disk is gone")

    def card(self, name: str) -> str:
        return f"card of {name}"


class Asked:
    """Services of the toy set, and their answers."""

    def __init__(self, kind: type = ToySet) -> None:
        card = toy_registry().dataset("toy-broken" if kind is BrokenSet else "toy-a")
        found = entries(kind(card, None), "test")
        self.views = {"granted": RowServer(found, MaskMemory(), must_keep=False), "tested": RowServer(found, must_keep=False)}
        self.answers: list[tuple[Any, str, list[int]]] = []
        self.shown: list[str] = []
        self.services = Services(self.views, Weights(), self.progress, lambda *answer: self.answers.append(answer))

    def progress(self, iterable: Any, description: str) -> Any:
        """Notes what is shown."""
        for item in iterable:
            self.shown.append(f"{description} {item}")
            yield item

    def ask(self, kind: str, arrays: list[np.ndarray] | None = None, **body: Any) -> tuple[Any, str, list[int]]:
        """The answer to one message."""
        assert self.services.serve({"kind": kind, **body}, arrays or [])
        return self.answers[-1]


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_pixels_masks_and_files(asked: Asked) -> None:
    pixels, refusal, _ = asked.ask("pixels", ROWS, view="tested", **SORT)
    assert (pixels.shape, refusal) == ((2, 3, 8, 8), "")
    assert asked.ask("masks", ROWS, view="granted", size=[8, 8])[0].shape == (2, 8, 8)
    places, _, files = asked.ask("table", view="tested", **SORT)
    assert places.shape == (16, 2)
    assert len(files) == 2
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(files[0])  # the referee keeps none of what it sends
    asked.services.serve({"kind": "reads", "view": "tested", "row": 3, **SORT}, [])
    assert asked.services.failures == []


def test_masks_of_test_images_are_refused(asked: Asked) -> None:
    found, refusal, _ = asked.ask("masks", ROWS, view="tested", size=[8, 8])
    assert found is None
    assert "cannot be served" in refusal
    assert "not granted" in str(asked.services.failures[0])


def test_the_refusal_names_no_file() -> None:
    asked = Asked(BrokenSet)
    refusal = asked.ask("pixels", [np.arange(16)], view="tested", **SORT)[1]
    assert "Ungood" not in refusal
    assert "Ungood/3.png is truncated" in str(asked.services.failures[0])


@pytest.mark.parametrize(
    ("kind", "arrays", "body"),
    [
        ("pixels", ROWS, {"view": "train", **SORT}),
        ("pixels", [], {"view": "tested", **SORT}),
        ("pixels", [np.array([-1])], {"view": "tested", **SORT}),
        ("pixels", ROWS, {"view": "tested", "size": [8], "interpolation": "bicubic"}),
        ("pixels", ROWS, {"view": "tested", "size": [8, 1 << 30], "interpolation": "bicubic"}),
        ("pixels", ROWS, {"view": "tested", "size": [8, 8], "interpolation": "exec"}),
        ("pixels", [np.zeros(1 << 20, np.int64)], {"view": "tested", "size": [4096, 4096], "interpolation": "bicubic"}),
        ("reads", [], {"view": "tested", "row": -1, **SORT}),
        ("reads", [], {"view": "tested", "row": "x", **SORT}),
        ("weights", [], {"what": "__class__", "name": "known"}),
        ("bar", [], {"bar": 0, "description": "x", "total": "many"}),
        ("bar", [], {}),
    ],
)
def test_what_makes_no_sense_is_garbled(asked: Asked, kind: str, arrays: list[np.ndarray], body: dict[str, Any]) -> None:
    with pytest.raises(Garbled):
        asked.ask(kind, arrays, **body)


def test_a_row_that_is_not_there_is_refused(asked: Asked) -> None:
    assert "cannot be served" in asked.ask("pixels", [np.array([99])], view="tested", **SORT)[1]


def test_what_is_no_request_is_left_to_others(asked: Asked) -> None:
    assert not asked.services.serve({"kind": "prediction"}, [])
    assert not asked.services.serve({"kind": ["x"]}, [])


def test_weights_by_name(asked: Asked) -> None:
    assert asked.ask("weights", what="path", name="known")[0] == str(Path("weights.pt").absolute())
    assert asked.ask("weights", what="path", name="other")[:2] == (None, "No weights are called 'other'.")
    assert "OSError: the disk is gone" in asked.ask("weights", what="sha256", name="known")[1]


def test_progress_is_shown_and_taken_away(asked: Asked) -> None:
    for message in (
        {"kind": "bar", "bar": 1, "description": "epo\x1b[31mchs", "total": 3},
        {"kind": "bar", "bar": 2, "description": "endless", "total": None},
        {"kind": "advance", "bar": 1, "done": 2},
        {"kind": "end", "bar": 1, "done": 3},
        {"kind": "advance", "bar": 7, "done": 1},
    ):
        assert asked.services.serve(message, [])
    asked.services.close()
    assert asked.shown == ["epo[31mchs 0", "endless None", "epo[31mchs 1", "epo[31mchs 2"]


def test_one_that_is_silent_is_told_of_once_in_a_while(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])
    look = Watch("peak, toy-a", Limits())
    for moment in (300.0, 701.0, 702.0):
        now[0] = moment
        look()
    assert capsys.readouterr().err == "adbench: peak, toy-a: no sign of life for 10 minutes; it goes on.\n"
    look = Watch("peak", Limits(seconds=5))
    now[0] += 6
    with pytest.raises(ContestantDied, match="longer than 5 seconds"):
        look()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this platform tells no memory")
def test_memory_is_that_of_a_process_and_its_children() -> None:
    before = memory_of(os.getpid())
    block = np.ones(50 << 20, np.uint8)
    assert memory_of(os.getpid()) - before > 45 << 20
    del block
    child = os.fork()
    if not child:
        os.read(os.pipe()[0], 1)
    try:
        assert child in descendants(os.getpid())
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    look = Watch("peak", Limits(memory=1))
    look.process = os.getpid()
    with pytest.raises(ContestantDied, match="more than --memory-limit allows"):
        look()
