"""Does the score of an image depend on other images? Tested on every cell, whatever the method's card says."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from adbench.contracts.images import ImageBatch
from adbench.running.evaluate import Predictions

SAMPLED = 8
SAMPLE_SEED = 0


class Tolerance(NamedTuple):
    """How far two computations of the same values may differ: the order of a sum depends on the size of the batch.

    Attributes:
        spread: share of the spread of the values. Distances magnify rounding (PatchCore's by 0.1 % of the spread); what is
            normalised over a batch or a test set moves by far more.
        size: share of the largest value, which sets the rounding if all values are alike.
    """

    spread: float
    size: float = 1e-5


FULL = Tolerance(1e-2)
GPU = Tolerance(2e-2, 1e-4)  # convolutions may run in TensorFloat-32, which has 11 significant bits
HALF = Tolerance(5e-2, 4e-3)  # bfloat16 has 8


def sample(images: int) -> list[int]:
    """Positions to score again, in a fixed random order."""
    return np.random.default_rng(SAMPLE_SEED).permutation(images)[:SAMPLED].tolist()


def tolerance_for(device: str, precision: str) -> Tolerance:
    """The rounding to allow for on this device."""
    if precision != "fp32":
        return HALF
    return GPU if device.startswith("cuda") else FULL


def allowed_difference(values: np.ndarray, tolerance: Tolerance) -> float:
    """How far values like these may differ."""
    return tolerance.spread * float(np.ptp(values)) + tolerance.size * float(np.abs(values).max())


def contradiction(
    whole: Predictions, rows: list[int], alone: Callable[[ImageBatch], Predictions], again: ImageBatch, tolerance: Tolerance
) -> str:
    """Score some test images again, each by itself, and compare with their predictions within the test set.

    What is normalised over a batch or the test set, or carried from one batch to the next, shows up here.

    Args:
        whole: the predictions of the test set.
        rows: positions in it of the images of `again`.
        alone: checked predictions of one batch as if it were a test set.
        again: the same images under other ids, shuffled.
        tolerance: see `tolerance_for`.

    Returns:
        One sentence on what differed, or "".
    """
    try:
        singles = [alone(image) for image in again.batches(1)]
    except Exception as error:  # whatever the method raises: it cannot score an image by itself
        text = " ".join(str(error).split()) or "no message"
        return f"Scoring an image by itself fails ({type(error).__name__}: {text})."
    found = {"score": np.concatenate([single.scores for single in singles])}
    wanted = {"score": whole.scores[rows]}
    allowed = {"score": allowed_difference(whole.scores, tolerance)}
    if whole.maps is not None:
        if any(single.maps is None for single in singles):
            return "An image scored by itself gets no map, unlike within the test set."
        found["map"] = np.concatenate([single.maps for single in singles if single.maps is not None])
        wanted["map"] = whole.maps[rows]
        allowed["map"] = allowed_difference(wanted["map"], tolerance)
    for what in found:
        apart = np.abs(found[what] - wanted[what]).reshape(len(rows), -1).max(axis=1)
        changed = int((apart > allowed[what]).sum())
        if changed:
            spread = float(np.ptp(whole.scores if what == "score" else wanted["map"]))
            share = f", by up to {100 * float(apart.max()) / spread:.2g} % of the spread" if spread else ""
            return f"Scored by themselves, {changed} of {len(rows)} test images get a different {what}{share}."
    return ""
