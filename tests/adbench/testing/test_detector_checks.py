"""The kit lets a right detector through, and every check catches a detector that is wrong in its way."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from faultydetectors import card

from adbench import DetectorCard, UserError
from adbench.registry.cards import Registry, load_registry
from adbench.registry.loading import load_plugins
from adbench.testing import check_detector
from adbench.testing.checks import run_check
from adbench.testing.suite import DETECTOR_CHECKS, detector_bench


@dataclass
class NotFrozen:
    """Parameters that can be changed, and without help."""

    sharpness: float = 1.0


@dataclass(frozen=True)
class NoHelp:
    """A parameter without help."""

    sharpness: float = 1.0


def faulty(name: str, **changes: Any) -> DetectorCard:
    return card(factory=f"faultydetectors:{name}", **changes)


WITHOUT_IMPORT = [check for check in DETECTOR_CHECKS if check.name != "import-cost"]
NORMAL_ONLY = {"tracks": ("full-normal",)}
# (check, what is seen, card)
FAULTS = [
    ("card-complete", "`licence` is empty", card(licence=" ")),
    ("card-complete", "`citation` is empty", card(citation="")),
    ("card-complete", "the name 'Fair!' is not", card(name="Fair!")),
    ("card-complete", "'some-shot' is not a track. Did you mean", card(tracks=("some-shot",))),
    ("card-complete", "not frozen", card(parameters=NotFrozen, weight_parameters=())),
    ("card-complete", "'sharpness' has no help", card(parameters=NoHelp, weight_parameters=())),
    ("card-complete", "'wieghts', which is not a parameter. Did you mean 'weights'?", card(weight_parameters=("wieghts",))),
    ("card-complete", "the preset 'demo' sets 'epochs'", card(presets={"demo": {"epochs": 1}})),
    ("card-complete", "`packages` names 'tim', which is not an installed distribution", card(packages=("torch", "tim"))),
    ("card-complete", "'best' is not a way to choose a checkpoint", card(selection="best")),
    ("card-complete", "cannot be loaded from", card(factory="faultydetectors:Nobody")),
    ("card-truthful", "gives_maps is True, but 0 of 3", faulty("Silent")),
    ("card-truthful", "gives_maps is False, but 3 of 3", card(gives_maps=False)),
    ("card-truthful", "the card names the track zero-shot", faulty("Crashing")),
    ("scores-well-formed", "NaN or infinite", faulty("NotFinite")),
    ("scores-well-formed", "scores of shape (7,) for 8 images, not (8,)", faulty("TooFew")),
    ("scores-well-formed", "maps of shape (8, 1024) for 8 images, not (8, h, w)", faulty("FlatMaps")),
    ("scores-well-formed", "not floating point", faulty("Integers")),
    ("scores-well-formed", "predict returned ndarray, not an adbench.Prediction", faulty("BareArrays")),
    ("scores-well-formed", "2 predictions for 3 batches", faulty("LosesBatches")),
    ("higher-is-more-anomalous", "the sign looks wrong", faulty("UpsideDown")),
    ("higher-is-more-anomalous", "the pixels of obvious anomalies", faulty("MapUpsideDown")),
    (
        "higher-is-more-anomalous",
        "the sign looks wrong",
        faulty("UpsideDown", tracks=("zero-shot", "few-normal"), random_weights=True),
    ),
    ("deterministic", "between two runs with the same seed", faulty("Unseeded")),
    ("independent-of-batch-size", "in batches of 1", faulty("BatchNormaliser")),
    ("independent-of-order", "in another order", faulty("IdReader")),
    ("independent-of-order", "in another order", faulty("Running")),
    ("independent-of-neighbours", "when other images are in the batch", faulty("TestSetNormaliser")),
    ("inputs-unchanged", "the pixels of a test batch", faulty("PixelMutator")),
    ("inputs-unchanged", "the labels of support.normal", faulty("LabelMutator")),
    ("inputs-unchanged", "the masks of support.abnormal were changed in place", faulty("SupportMutator")),
    ("devices-agree", "between cpu and cpu:0", faulty("OtherOnGpu")),
    ("one-normal-image", "NaN or infinite", faulty("NeedsTwo")),
    ("one-pixel-anomalies", "NaN or infinite", faulty("NeedsPixels")),
    ("constant-images", "NaN or infinite", faulty("NeedsContrast")),
    ("odd-sizes", "ValueError: all input arrays must have the same shape (faultydetectors.py, line", faulty("NeedsSquare")),
    ("too-little-support", "ends in IndexError", faulty("Crashing", **NORMAL_ONLY)),
    ("too-little-support", "is not refused", faulty("Careless", **NORMAL_ONLY)),
    ("no-label-access", "predict reads labels of a batch", faulty("LabelReader")),
    ("no-label-access", "when the labels of the test images change", faulty("Oracle")),
    ("no-label-access", "looks into the user's data", faulty("DiskOracle")),
    ("fits-only-what-is-granted", "with and without images for validation", faulty("Greedy")),
    ("fits-only-what-is-granted", "fit or predict looks into the user's data", faulty("DiskOracle")),
    ("state-saved-and-loaded", "after saving and loading", faulty("Forgetful")),
    ("state-saved-and-loaded", "is empty after fit", faulty("Stateless")),
    ("no-files-outside", "features.npy is written", faulty("Littering")),
    ("no-files-outside", "<working folder>", faulty("LitteringTemp")),
    ("no-network", "weights.invalid", faulty("Calling")),
]


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Only the plugin whose registration imports torch."""
    return load_registry(load_plugins([EntryPoint("heavy", "heavyplugin", "adbench")]))


def named(check: str) -> Any:
    return next(known for known in DETECTOR_CHECKS if known.name == check)


def test_the_right_one_passes_everything(registry: Registry) -> None:
    bench = detector_bench(card(), registry=registry, gpu="cpu:0")
    results = [run_check(check, bench) for check in WITHOUT_IMPORT]
    assert [(result.check, result.reason) for result in results if result.status != "passed"] == []


@pytest.mark.slow
@pytest.mark.parametrize("track", ["full-normal", "few-normal", "zero-shot"])
def test_the_right_one_passes_in_every_track(registry: Registry, track: str) -> None:
    results = check_detector(card(tracks=(track,)), registry=registry, only=[check.name for check in WITHOUT_IMPORT])
    assert {result.check for result in results if result.status != "passed"} <= {"devices-agree"}


@pytest.mark.parametrize(("check", "seen", "fault"), FAULTS, ids=lambda value: getattr(value, "factory", None))
def test_a_faulty_one_is_caught(registry: Registry, check: str, seen: str, fault: DetectorCard) -> None:
    result = run_check(named(check), detector_bench(fault, registry=registry, gpu="cpu:0"))
    assert result.status == "failed"
    assert seen in result.reason
    assert result.mend
    assert result.what.endswith(".")


ALONE = "PixelMutator LabelMutator OtherOnGpu NeedsTwo NeedsContrast NeedsPixels LabelReader Greedy Littering Calling"


@pytest.mark.slow
@pytest.mark.parametrize("name", ALONE.split())
def test_a_fault_is_blamed_by_its_own_check_alone(registry: Registry, name: str) -> None:
    bench = detector_bench(faulty(name, tracks=("few-shot",)), registry=registry, gpu="cpu:0")
    failed = {check.name for check in WITHOUT_IMPORT if run_check(check, bench).status == "failed"}
    assert failed == {check for check, _, fault in FAULTS if fault.factory == f"faultydetectors:{name}"}


@pytest.mark.slow
def test_heavy_imports_at_registration_are_caught(registry: Registry) -> None:
    (result,) = check_detector("fair", only=["import-cost"], registry=registry)
    assert (result.status, result.reason) == ("failed", "importing heavyplugin imports torch")


def test_every_check_has_a_fault() -> None:
    assert {check for check, _, _ in FAULTS} | {"import-cost"} == {check.name for check in DETECTOR_CHECKS}


def test_declared_transductive_is_let_off(registry: Registry) -> None:
    results = check_detector(
        faulty("TestSetNormaliser", transductive=True), registry=registry, only=["independent-of-neighbours"]
    )
    assert [(result.status, result.reason) for result in results] == [("skipped", "the card declares it transductive")]


def test_declared_random_weights_are_judged_where_they_learn(registry: Registry) -> None:
    check = "higher-is-more-anomalous"
    (result,) = check_detector(faulty("UpsideDown", tracks=("zero-shot",), random_weights=True), registry=registry, only=[check])
    assert (result.status, result.reason) == ("skipped", "the card declares its weights random, and it learns from no images")
    (result,) = check_detector(faulty("UpsideDown", tracks=("zero-shot",)), registry=registry, only=[check])
    assert result.status == "failed"


def test_declared_choice_on_valid_is_let_off(registry: Registry) -> None:
    (result,) = check_detector(faulty("Greedy", selection="valid"), registry=registry, only=["fits-only-what-is-granted"])
    assert result.status == "passed"


def test_unknown_names_are_user_errors(registry: Registry) -> None:
    with pytest.raises(UserError, match="Did you mean 'deterministic'"):
        check_detector(card(), only=["determinstic"], registry=registry)
    with pytest.raises(UserError, match="Unknown method"):
        check_detector("nobody", registry=registry)
