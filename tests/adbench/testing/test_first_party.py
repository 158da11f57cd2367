"""Every first-party plugin passes every check: no exemption."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from firstparty import first_party

from adbench import api
from adbench.planning.options import RunOptions
from adbench.testing import CheckResult, check_dataset, check_detector

# Detectors whose package imports anomalib.
ANOMALIB = "adbench_anomalib"
WITHOUT_TRAINING = ("patchcore", "winclip", "clip", "medclip")
# Sizes and lengths at which every check still holds, where the demo preset's take minutes.
SMALLER: dict[str, dict[str, int]] = {
    "mvfa": {"image_size": 112},
    "mvfa-official": {"image_size": 112, "epochs": 3},
    "bgad": {"image_size": 128},
    "dra": {"batch_size": 6},
    "rd4ad": {"epochs": 12},
}
# Sets of which a few real images are at hand.
ON_DISK = ("bmad-brain", "bmad-chest", "bmad-his")


REGISTRY = first_party()


def detectors() -> Iterator[object]:
    """All but those that want an argument."""
    for name, card in REGISTRY.detectors.items():
        if not name.endswith(":"):
            marks = [pytest.mark.slow] + ([pytest.mark.anomalib] if card.factory.startswith(ANOMALIB) else [])
            yield pytest.param(name, marks=marks)


def demand_all(results: list[CheckResult]) -> None:
    """No check failed; which one and why otherwise."""
    assert [f"{result.check}: {result.reason}" for result in results if result.status == "failed"] == []
    assert any(result.status == "passed" for result in results)


def test_all_plugins_load() -> None:
    assert REGISTRY.plugins.failed() == []


@pytest.mark.parametrize("name", list(detectors()))
def test_detector(name: str) -> None:
    demand_all(check_detector(name, parameters=SMALLER.get(name), registry=REGISTRY))


@pytest.mark.parametrize("name", list(detectors()))
def test_a_run_contradicts_no_card_and_sees_what_it_costs(name: str, tmp_path: Path) -> None:
    options = RunOptions(methods=(name,), datasets=("phantom-liver",), out=tmp_path / "run", device="cpu", limit=6)
    (record,) = api.execute_plan(api.plan(options, REGISTRY), options, REGISTRY).records
    assert (record.status, record.contradiction) == ("done", "")
    assert record.cost["gflop_per_image"] > 0
    assert (record.cost["trainable_parameters"] == 0) == (name in WITHOUT_TRAINING)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, card in REGISTRY.datasets.items() if card.synthetic])
def test_synthetic_dataset(name: str) -> None:
    demand_all(check_dataset(name, registry=REGISTRY))


@pytest.mark.parametrize("name", sorted(name for name in REGISTRY.datasets if not name.endswith(":")))
def test_dataset_card(name: str) -> None:
    """What can be checked of a set that is not there."""
    results = check_dataset(name, registry=REGISTRY, only=["absence-explained"])
    demand_all(results)


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_DISK)
def test_dataset_on_disk(name: str, shared: Path) -> None:
    demand_all(check_dataset(name, registry=REGISTRY, data_root=shared / "data"))


@pytest.mark.slow
def test_folder(tmp_path: Path) -> None:
    """`folder:PATH`, with images of the kit's own."""
    from PIL import Image

    from adbench.testing.pictures import abnormal_pictures, normal_pictures

    for split, normal, abnormal in (("train", 6, 0), ("test", 8, 8)):
        pictures = normal_pictures(normal, seed=len(split)) + abnormal_pictures(abnormal, seed=len(split))
        for number, (image, mask, label) in enumerate(zip(pictures.images, pictures.masks, pictures.labels, strict=True)):
            place = tmp_path / split / ("spot" if label else "good") / f"{number:03d}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place)
            if label:
                drawn = tmp_path / "ground_truth" / "spot" / f"{number:03d}_mask.png"
                drawn.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(mask).save(drawn)
    demand_all(check_dataset(f"folder:{tmp_path}", registry=REGISTRY))
