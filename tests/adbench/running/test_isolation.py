"""A detector that tries to learn test labels from what it was given learns none."""

from __future__ import annotations

import gc
import hashlib
import types
from pathlib import Path
from typing import Any

import numpy as np
import toyplugin
from toyrun import toy_run

import adbench
from adbench.planning.draws import shuffled_test

WORDS = ("Ungood", "good/", "abnormal", "toy-a/", "/data/")


def reachable(root: Any) -> list[Any]:
    """Everything that attributes, items, closures and the collector's references lead to, short of modules and classes."""
    seen: dict[int, Any] = {}
    todo = [root]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, (types.ModuleType, type)):
            continue
        seen[id(thing)] = thing
        if isinstance(thing, types.FunctionType):
            todo += [cell.cell_contents for cell in thing.__closure__ or ()]
            continue
        todo += gc.get_referents(thing)
        todo += list(getattr(thing, "__dict__", {}).values())
        todo += [getattr(thing, slot) for slot in getattr(type(thing), "__slots__", ()) if hasattr(thing, slot)]
    return list(seen.values())


class Spy(toyplugin.Peak):
    """Looks at everything that it gets in `predict`."""

    found: list[str] = []
    ids: list[str] = []
    opened: list[bytes] = []

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        """Look, then score honestly."""
        prediction = super().predict(batch)
        Spy.ids += batch.ids
        for thing in reachable(batch):
            if isinstance(thing, (str, Path)) and any(word in str(thing) for word in WORDS):
                Spy.found.append(str(thing))
            if isinstance(thing, (adbench.Dataset, adbench.Item, adbench.LabelledImages)):
                Spy.found.append(repr(thing))
            if isinstance(thing, np.ndarray) and thing.dtype == bool:
                Spy.found.append("a boolean array")
        return prediction


def test_a_spy_learns_no_label(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(toyplugin, "Peak", Spy)
    for kept in (Spy.found, Spy.ids):
        kept.clear()
    run = toy_run(tmp_path / "run", datasets="toy-a", batch_size=4)
    assert run.failed == []
    assert Spy.found == []
    assert Spy.ids[:16] == [f"{position:06d}" for position in range(16)]


def test_the_spy_would_see_a_label_if_there_were_one() -> None:
    leaky = adbench.Item("Ungood/1", True)
    holder = types.SimpleNamespace(inner=[lambda: leaky])
    assert any(thing is leaky for thing in reachable(holder))


def test_masks_of_test_images_are_not_served(tmp_path: Path, monkeypatch) -> None:
    def predict(self, batch):
        return adbench.Prediction(batch._source.masks(range(len(batch)), (8, 8)).mean(axis=(1, 2)))

    monkeypatch.setattr(toyplugin.Peak, "predict", predict)
    assert "not granted" in toy_run(tmp_path / "run", datasets="toy-a").failed[0].error["message"]


def test_the_files_of_the_store_tell_nothing(tmp_path: Path, cache: Path) -> None:
    """Names hold no label, and the rows of the store are not in the order of the labels."""
    toy_run(tmp_path / "run", datasets="toy-a")
    names = [str(path.relative_to(cache)) for path in cache.rglob("*")]
    assert not [name for name in names if "good" in name.lower() or "abnormal" in name]
    dataset = toyplugin.ToySet(toyplugin.toy_registry().dataset("toy-a"), None)
    stored = np.fromfile(next(cache.glob("decoded/*/*/test/pixels-16x16-bicubic/rows.u8")), np.uint8).reshape(-1, 3, 16, 16)
    from adbench.contracts.images import resize_image

    names = {}
    for entry in shuffled_test(dataset):
        names[resize_image(dataset.image("test", entry.item), (16, 16), "bicubic").tobytes()] = entry.item.id
    by_hash = sorted(names.values(), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    assert [names[row.tobytes()] for row in stored] == by_hash
    labels = [name.startswith("Ungood") for name in by_hash]
    assert labels not in (sorted(labels), sorted(labels, reverse=True))


def test_scratch_is_not_beside_results(tmp_path: Path, monkeypatch) -> None:
    seen = []

    def fit(self, support, ctx):
        self.mean = 0.0
        seen.append((ctx.scratch, list(ctx.scratch.iterdir()), (tmp_path / "run") in ctx.scratch.parents))

    monkeypatch.setattr(toyplugin.Peak, "fit", fit)
    toy_run(tmp_path / "run", datasets="toy-a")
    folder, content, inside = seen[0]
    assert (content, inside) == ([], False)
    assert not folder.exists()
