"""What holds for every method in each of its tracks: repeatable, restorable, and clear about what it cannot use.

That one seed gives the same scores in a method's usual track is a check of the kit, which tests/adbench/testing runs on all.
"""

from __future__ import annotations

import ast
import dataclasses
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, packages_distributions
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from toyplugin import entry_point

import adbench_nets
from adbench import DetectorCard, UserError, api
from adbench.contracts.protocol import TRACKS, TRACKS_WITH_K
from adbench.planning.options import RunOptions
from adbench.registry.cards import Registry, load_registry
from adbench.registry.loading import load_plugins
from adbench.running.evaluate import Predictions, collect
from adbench.testing.detector_bench import DetectorBench, Fitted
from adbench.testing.suite import detector_bench

REPOSITORY = Path(__file__).resolve().parents[1]
ANOMALIB = "adbench_anomalib"
SMALL_MVFA: dict[str, Any] = {"image_size": 56, "epochs": 1, "augment": False}
# Over the preset demo: the least that still runs every part of a method.
SMALL: dict[str, dict[str, Any]] = {
    "anomalib:Padim": {"image_size": 64, "arguments": '{"n_features": 20}'},
    "april-gan": {"image_size": 56, "epochs": 1},
    "bgad": {"image_size": 64, "epochs": 2, "sub_epochs": 1, "blocks": 2},
    "cflow": {"image_size": 64, "meta_epochs": 1, "sub_epochs": 1, "blocks": 2},
    "clip": {"image_size": 56},
    "dra": {"image_size": 64, "epochs": 1, "steps": 2, "batch_size": 6},
    "medclip": {},
    "mkd": {"image_size": 32, "epochs": 1},
    "mvfa": SMALL_MVFA,
    "mvfa-official": SMALL_MVFA,
    "patchcore": {"image_size": 64},
    "rd4ad": {"image_size": 64, "epochs": 1},
    "winclip": {"image_size": 56},
}


@cache
def registry() -> Registry:
    """What pyproject.toml declares, installed or not, and the toy sets."""
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["entry-points"]["adbench"]
    points = [EntryPoint(name, value, "adbench") for name, value in declared.items()]
    return load_registry(load_plugins([*points, entry_point()]))


def cards() -> list[DetectorCard]:
    """Every first-party method; of those that want an argument, one."""
    ours = [card for card in registry().detectors.values() if not card.factory.startswith("toyplugin:")]
    plain = [card for card in ours if not card.name.endswith(":")]
    return [*plain, registry().detector("anomalib:Padim")]


def each(*tracks: str, usual: bool = True) -> list[Any]:
    """Parameters (name, track) of every method in these tracks, perhaps without its usual one; marked where anomalib is imported."""
    return [
        pytest.param(card.name, track, marks=[pytest.mark.anomalib] if card.factory.startswith(ANOMALIB) else [])
        for card in cards()
        for track in card.tracks[0 if usual else 1 :]
        if track in tracks
    ]


@cache
def bench(name: str) -> DetectorBench:
    return detector_bench(name, parameters=SMALL[name], registry=registry())


@cache
def first(name: str, track: str) -> tuple[Fitted, Predictions]:
    """A fitted detector and its scores of the test images; made once."""
    fitted = bench(name).fit(bench(name).support(track))
    return fitted, predicted(name, fitted)


def predicted(name: str, fitted: Fitted) -> Predictions:
    """Of the test images, by what the detector has learned in the end, also where a run would choose among checkpoints."""
    batches = bench(name).batches()
    with torch.no_grad():
        return collect(bench(name).card, True, batches, list(fitted.detector.predict_all(iter(batches))))


def demand_identical(found: Predictions, wanted: Predictions) -> None:
    np.testing.assert_array_equal(found.scores, wanted.scores)
    assert (found.maps is None) == (wanted.maps is None)
    if wanted.maps is not None:
        np.testing.assert_array_equal(found.maps, wanted.maps)


def test_every_method_is_here() -> None:
    assert set(SMALL) == {card.name for card in cards()}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "track"), each(*TRACKS, usual=False))
def test_the_same_seed_gives_the_same_scores(name: str, track: str) -> None:
    _, wanted = first(name, track)
    demand_identical(predicted(name, bench(name).fit(bench(name).support(track))), wanted)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "track"), each("full-normal", "few-shot"))
def test_another_seed_trains_to_other_scores(name: str, track: str) -> None:
    _, usual = first(name, track)
    context = dataclasses.replace(bench(name).context(), seed=4)
    other = predicted(name, bench(name).fit(bench(name).support(track), context))
    assert not np.array_equal(other.scores, usual.scores)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "track"), each(*TRACKS))
def test_saved_and_loaded_it_predicts_the_same(name: str, track: str, tmp_path: Path) -> None:
    fitted, wanted = first(name, track)
    save_file({key: value.cpu().contiguous() for key, value in fitted.detector.state_dict().items()}, tmp_path / "state")
    loaded, context = bench(name).make(), bench(name).context()
    loaded.load_state_dict(load_file(tmp_path / "state"), context)
    demand_identical(predicted(name, Fitted(loaded, fitted.support, context)), wanted)


@pytest.mark.parametrize(("name", "track"), each(*TRACKS_WITH_K))
def test_a_k_that_the_set_cannot_give_is_said(name: str, track: str, tmp_path: Path) -> None:
    run = small_run(name, "toy-a", tmp_path, track=(track,), shots=(6,))
    assert run.records[0].error is not None
    assert run.records[0].error["type"] == "UserError"
    assert "which has 5 normal and 5 abnormal: choose a smaller --shots." in run.records[0].error["message"]


@pytest.mark.parametrize(("name", "track"), each("few-shot"))
def test_without_masks_it_learns_or_says_why_not(name: str, track: str) -> None:
    if registry().detector(name).needs_masks:
        with pytest.raises(UserError, match="learns from masks, and Plain has none"):
            api.plan(options(name, "toy-plain", track=(track,)), registry())
        with pytest.raises(UserError, match="masks, and this set has none"):
            bench(name).fit(bench(name).support(track, masks=False))
        return
    fitted = bench(name).fit(bench(name).support(track, masks=False))
    assert np.isfinite(predicted(name, fitted).scores).all()


@pytest.mark.parametrize("kind", ["other tensors", "no tensors"])
@pytest.mark.parametrize(("name", "track"), each(*TRACKS))
def test_wrong_weights_are_refused_in_a_sentence(name: str, track: str, kind: str, tmp_path: Path) -> None:
    card, file = registry().detector(name), tmp_path / "wrong.safetensors"
    if kind == "other tensors":
        save_file({"something.weight": torch.ones(3, 3)}, file)
    else:
        file.write_bytes(b"not a file of weights")
    parameter = card.weight_parameters[0]
    named = getattr(bench(name).parameters, parameter)
    run = small_run(name, "toy-a", tmp_path / "run", weights={named: file}, track=(track,), shots=(2,))
    error = run.records[0].error
    assert error is not None
    assert error["type"] == "UserError", error["message"]
    assert "weights" in error["message"].lower()


def options(name: str, dataset: str, **more: Any) -> RunOptions:
    return RunOptions(methods=(name,), datasets=(dataset,), preset="demo", parameters={name: SMALL[name]}, device="cpu", **more)


def small_run(name: str, dataset: str, out: Path, **more: Any) -> api.Run:
    asked = options(name, dataset, out=out, offline=True, **more)
    return api.execute_plan(api.plan(asked, registry()), asked, registry())


def third_party(module: str, seen: set[str]) -> set[str]:
    """Everything outside the harness and the standard library that a module of a plugin imports, through plugins' modules."""
    file = next((path for path in sources(module) if path.exists()), None)
    if module in seen or file is None:
        return set()
    seen.add(module)
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            top = name.partition(".")[0]
            if top == "adbench_nets":
                found |= third_party(home(name), seen)
            elif top.startswith("adbench_"):
                found |= third_party(name, seen)
            elif top not in {*sys.stdlib_module_names, "adbench"}:
                found.add(top)
    return found


def home(name: str) -> str:
    """The module of `adbench_nets` that defines a name of it: the package itself imports all of them, when asked."""
    last = name.rpartition(".")[2]
    return f"adbench_nets.{adbench_nets._HOMES.get(last, 'none')}"


@cache
def distributions() -> Mapping[str, list[str]]:
    """Top-level name to the distributions that hold it; asking takes half a second."""
    return packages_distributions()


def sources(module: str) -> list[Path]:
    """Where the source of a module may lie."""
    place = REPOSITORY.joinpath("plugins", *module.split("."))
    return [place.with_suffix(".py"), place / "__init__.py"]


# What every cell's figures depend on, or what decides no score.
EVERYWHERE = {"torch", "numpy", "pillow", "annotated-types"}
# Imported, but only for lists of words.
UNUSED = {"medclip": {"open_clip_torch"}}


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.name)
def test_a_card_names_the_packages_that_its_method_imports(card: DetectorCard) -> None:
    installed = distributions()
    imported = third_party(card.factory.partition(":")[0], set())
    assert imported
    wanted = {distribution.lower() for name in imported for distribution in installed.get(name, [name])}
    assert wanted - EVERYWHERE - UNUSED.get(card.name, set()) <= set(card.packages)
