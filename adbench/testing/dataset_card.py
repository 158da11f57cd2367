"""Checks of a dataset's card and of what the set reports about itself."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from adbench.contracts.dataset import SPLITS
from adbench.data.splits import counts
from adbench.errors import UserError, did_you_mean
from adbench.registry.factories import load_factory
from adbench.testing.checks import Check, CheckFailed
from adbench.testing.dataset_bench import DatasetBench
from adbench.testing.detector_card import NAME
from adbench.testing.registration import MEND_IMPORT_COST, cheap_to_register

COUNTED = [f"{split}{label}" for split in SPLITS for label in ("", "/normal", "/abnormal")]
SHA256 = re.compile("[0-9a-f]{64}")
TIME_LIMIT = 600
PROGRAM = """
import json, pickle, sys
sys.path[:], card, root = pickle.loads(sys.stdin.buffer.read())
from adbench.registry.factories import load_factory
print(load_factory(card.factory, card.name)(card, root).fingerprint())
"""


def card_complete(bench: DatasetBench) -> None:
    """The card says what the set is, under which licence, and how to get it."""
    card = bench.card
    if not NAME.fullmatch(card.name):
        raise CheckFailed(f"the name {card.name!r} is not lower-case letters, digits, dots and dashes")
    # The plugin cannot know the author and licence of a set that the user points at (`folder:PATH`).
    source = () if card.argument else ("citation", "licence")
    for field in ("title", *source, "how_to_get", "class_name"):
        if not getattr(card, field).strip():
            raise CheckFailed(f"`{field}` is empty")
    for key in card.counts:
        if key not in COUNTED:
            raise CheckFailed(
                f"counts names {key!r}, which is not a split, split/normal or split/abnormal.{did_you_mean(key, COUNTED)}"
            )
    for archive in card.archives:
        if bool(archive.url) == bool(archive.hub):
            raise CheckFailed(f"the archive of {archive.folder!r} needs either `url` or `hub`")
        if not SHA256.fullmatch(archive.sha256):
            raise CheckFailed(f"the sha256 of {archive.source} is {archive.sha256!r}, not 64 hex digits")
        if not archive.folder or Path(archive.folder).is_absolute() or ".." in Path(archive.folder).parts:
            raise CheckFailed(f"the folder {archive.folder!r} of {archive.source} is not below the data root")
    if not bench.dataset.items("test"):
        raise CheckFailed("`test` is empty: there is nothing to score")
    labels = {item.abnormal for item in bench.dataset.items("test")}
    if len(labels) < 2:
        raise CheckFailed(f"`test` has only {'abnormal' if labels.pop() else 'normal'} images: no figure can be computed")


def card_truthful(bench: DatasetBench) -> None:
    """Masks exist where the card says so, and a generated set has the images that the card counts."""
    dataset = bench.dataset
    card = dataset.card  # a set that looks at the disk may have completed it
    abnormal = [place for place in bench.places() if place.item.abnormal]
    given = sum(dataset.mask(*place) is not None for place in abnormal[:50])
    if given and not card.has_masks:
        raise CheckFailed("has_masks is False, but there are masks")
    if card.has_masks and not given:
        raise CheckFailed("has_masks is True, but there are no masks")
    if card.synthetic:
        found = counts(dataset)
        for key, published in card.counts.items():
            if found[key] != published:
                raise CheckFailed(f"counts says {published} images of {key}, but there are {found[key]}")


def absence_explained(bench: DatasetBench) -> None:
    """Where the set is not on disk, `absence` says so in a sentence instead of raising."""
    factory = load_factory(bench.card.factory, f"The dataset {bench.card.name}")
    with tempfile.TemporaryDirectory(prefix="adbench-empty-") as folder:
        for root in (None, Path(folder), Path(folder, "nothing")):
            reason = factory(bench.card, root).absence()
            if reason is not None and not (isinstance(reason, str) and reason.strip()):
                raise CheckFailed(f"absence() returned {reason!r} for a data root without the set: expected a sentence")


def fingerprint_stable(bench: DatasetBench) -> None:
    """The fingerprint is the same for a second instance, in another process, and under another path."""
    first = bench.dataset.fingerprint()
    if not (isinstance(first, str) and len(first) >= 32 and set(first) <= set("0123456789abcdef")):
        raise CheckFailed(f"fingerprint() gave {first!r}: expected a hex digest of at least 32 characters")
    if bench.make().fingerprint() != first:
        raise CheckFailed("a second instance has another fingerprint")
    given = pickle.dumps((sys.path, bench.card, bench.root))
    # A hash seed fixed in the parent would hide a fingerprint that depends on `hash`.
    environment = {**os.environ, "PYTHONHASHSEED": "random"}
    program = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(program, input=given, capture_output=True, timeout=TIME_LIMIT, env=environment)
    if done.returncode:
        raise UserError(f"another process cannot read the set: {done.stderr.decode().strip().splitlines()[-1]}")
    if done.stdout.decode().split()[-1] != first:
        raise CheckFailed("another process gives another fingerprint")
    if bench.root is not None and not bench.card.argument:
        with tempfile.TemporaryDirectory(prefix="adbench-elsewhere-") as folder:
            elsewhere = Path(folder, "root")
            elsewhere.symlink_to(bench.root.resolve(), target_is_directory=True)
            if bench.make(elsewhere).fingerprint() != first:
                raise CheckFailed("the same files under another path have another fingerprint")


CHECKS = (
    Check(
        "card-complete",
        card_complete,
        "Fill in the field of the DatasetCard; a set needs normal and abnormal images in `test`.",
    ),
    Check(
        "card-truthful",
        card_truthful,
        "Correct `has_masks` or `counts` on the card, or make `mask` and `items` do what they say.",
    ),
    Check(
        "import-cost",
        cheap_to_register,
        MEND_IMPORT_COST,
    ),
    Check(
        "absence-explained",
        absence_explained,
        "Look for the files in absence(), not in __init__, and return one sentence with card.how_to_get if they are missing.",
    ),
    Check(
        "fingerprint-stable",
        fingerprint_stable,
        "Hash sorted ids, labels and contents (adbench.fingerprint_files does); no paths, times, `hash()` or unsorted folders.",
    ),
)
