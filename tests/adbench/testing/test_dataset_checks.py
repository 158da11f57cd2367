"""The kit lets a right dataset through, and every check catches a dataset that is wrong in its way."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from faultydatasets import card

from adbench import DatasetArchive, DatasetCard, UserError
from adbench.registry.cards import Registry, load_registry
from adbench.registry.loading import load_plugins
from adbench.testing import check_dataset
from adbench.testing.checks import run_check
from adbench.testing.suite import DATASET_CHECKS, dataset_bench


def faulty(name: str, **changes: Any) -> DatasetCard:
    return card(factory=f"faultydatasets:{name}", **changes)


ARCHIVE = DatasetArchive(url="https://example.org/set.zip", sha256="0" * 64, folder="set")
# (check, what is seen, card)
FAULTS = [
    ("card-complete", "`how_to_get` is empty", card(how_to_get="")),
    ("card-complete", "the name 'My Set' is not", card(name="My Set")),
    ("card-complete", "'test/bad', which is not a split", card(counts={"test/bad": 9})),
    ("card-complete", "is 'abc', not 64 hex digits", card(archives=(replace(ARCHIVE, sha256="abc"),))),
    ("card-complete", "needs either `url` or `hub`", card(archives=(replace(ARCHIVE, url=""),))),
    ("card-complete", "needs either `url` or `hub`", card(archives=(replace(ARCHIVE, hub="datasets/a/b:c"),))),
    ("card-complete", "the folder '../up' of", card(archives=(replace(ARCHIVE, folder="../up"),))),
    ("card-complete", "has only normal images", faulty("Normals")),
    ("card-truthful", "has_masks is True, but there are no masks", faulty("NoMasks")),
    ("card-truthful", "has_masks is False, but there are masks", faulty("SmallMask", has_masks=False)),
    ("card-truthful", "counts says 7 images of train/normal, but there are 6", card(counts={"train/normal": 7})),
    ("absence-explained", "FileNotFoundError", faulty("Fussy")),
    ("fingerprint-stable", "a second instance", faulty("Drifting")),
    ("fingerprint-stable", "another process", faulty("Salted")),
    ("fingerprint-stable", "under another path", faulty("Rooted")),
    ("ids-unique", "the id 'good/05' occurs twice in train", faulty("TwiceTheSame")),
    ("ids-unique", "not sorted", faulty("Unsorted")),
    ("ids-unique", "a path of this machine", faulty("Paths")),
    ("ids-stable", "differ between two instances", faulty("Renaming")),
    ("train-normal", "1 images of train are abnormal, first Ungood/00", faulty("SickTrain")),
    ("splits-disjoint", "train/good/00 and valid/good/00 and test/good/00 have the same pixels (1 such case)", faulty("Copied")),
    ("groups-disjoint", "show one subject", faulty("SharedSubjects")),
    ("labels-differ", "different labels", faulty("Doubtful")),
    ("images-stable", "differs when read again", faulty("Flickering")),
    ("images-stable", "changes with the array", faulty("Keeping")),
    ("images-stable", "is uint8 (24, 24), not (H, W, 3) uint8", faulty("Grey")),
    ("masks-match", "the abnormal image valid/Ungood/01 has no mask", faulty("NoMask")),
    ("masks-match", "is (12, 12), its image (24, 24)", faulty("SmallMask")),
    ("masks-match", "not an array of bool", faulty("GreyMask")),
    ("masks-match", "marks no pixel", faulty("EmptyMask")),
    ("names-hide-labels", "'lesion' reveals a label", card(class_name="brain with lesions")),
    ("names-hide-labels", "a path", card(class_name="test/brain")),
    ("pixels-hide-labels", "the pixel in row 0, column 0 alone", faulty("Burnt")),
    ("pixels-hide-labels", "differ in size: 24 x 24 and 22 x 24", faulty("Cropped")),
]


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Only the plugin whose registration imports scipy."""
    return load_registry(load_plugins([EntryPoint("heavy", "heavysets", "adbench")]))


def test_the_right_one_passes_everything(registry: Registry, tmp_path: Path) -> None:
    names = [check.name for check in DATASET_CHECKS if check.name != "import-cost"]
    results = check_dataset(card(), registry=registry, data_root=tmp_path, only=names)
    assert [(result.check, result.reason) for result in results if result.status != "passed"] == []


def test_without_masks_and_subjects_their_checks_are_skipped(registry: Registry) -> None:
    results = check_dataset(card(has_masks=False), registry=registry, only=["masks-match", "card-truthful"])
    assert [(result.check, result.status) for result in results] == [("card-truthful", "passed"), ("masks-match", "skipped")]


@pytest.mark.parametrize(("check", "seen", "fault"), FAULTS)
def test_a_faulty_one_is_caught(registry: Registry, check: str, seen: str, fault: DatasetCard, tmp_path: Path) -> None:
    bench = dataset_bench(fault, data_root=tmp_path if "path" in seen else None, registry=registry)
    result = run_check(next(known for known in DATASET_CHECKS if known.name == check), bench)
    assert result.status == "failed"
    assert seen in result.reason
    assert result.mend
    assert result.what.endswith(".")


def test_subjects_in_two_splits_may_be_declared(registry: Registry) -> None:
    (result,) = check_dataset(faulty("Honest"), registry=registry, only=["groups-disjoint"])
    assert (result.status, result.reason) == ("skipped", "the set warns: 3 subjects are in train and test.")


@pytest.mark.slow
def test_heavy_imports_at_registration_are_caught(registry: Registry) -> None:
    (result,) = check_dataset("fair-set", only=["import-cost"], registry=registry)
    assert (result.status, result.reason) == ("failed", "importing heavysets imports scipy")


def test_every_check_has_a_fault() -> None:
    assert {check for check, _, _ in FAULTS} | {"import-cost"} == {check.name for check in DATASET_CHECKS}


def test_a_set_that_is_not_there_says_so(registry: Registry) -> None:
    results = check_dataset(faulty("Absent"), registry=registry, only=["ids-unique"])
    assert (results[0].status, results[0].reason) == ("failed", "fair-set is missing: Fetch it from the shelf.")


def test_an_unknown_check_is_a_user_error(registry: Registry) -> None:
    with pytest.raises(UserError, match="Did you mean 'ids-unique'"):
        check_dataset(card(), only=["id-unique"], registry=registry)
