"""Does the score of an image depend on other images? Tried on every cell, whatever the method's card says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from adbench.evaluate import Predictions
from adbench.images import ImageBatch

SAMPLED = 8
SAMPLE_SEED = 0

# Which share of the spread rounding may take: the order of a sum depends on the size of the batch. On a GPU, products
# are taken in TensorFloat-32 where torch allows it (10 bits), under autocast in 8 bits (bfloat16).
EXACT, GPU, HALF = 1e-4, 1e-2, 5e-2


def sample(images: int) -> list[int]:
    """Positions to score again, in an order of their own, the same for everybody."""
    return np.random.default_rng(SAMPLE_SEED).permutation(images)[:SAMPLED].tolist()


def tolerance_for(device: str, precision: str) -> float:
    """Share of the spread that two computations of the same score may differ by."""
    if precision != "fp32":
        return HALF
    return GPU if device.startswith("cuda") else EXACT


def allowed_difference(values: np.ndarray, tolerance: float) -> float:
    """How far values may lie apart: a share of their spread, and a tenth of it of their size, which rounding goes by."""
    return tolerance * (float(np.ptp(values)) + 0.1 * float(np.abs(values).max()))


def contradiction(
    whole: Predictions, rows: list[int], alone: Callable[[ImageBatch], Predictions], again: ImageBatch, tolerance: float
) -> str:
    """Score some test images again, each by itself, and compare with what they got amid the test set.

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
        return f"An image that is scored by itself fails ({type(error).__name__}: {text})."
    found = {"score": np.concatenate([single.scores for single in singles])}
    wanted = {"score": whole.scores[rows]}
    allowed = {"score": allowed_difference(whole.scores, tolerance)}
    if whole.maps is not None:
        if any(single.maps is None for single in singles):
            return "An image that is scored by itself gets no map, unlike amid the test set."
        found["map"] = np.concatenate([single.maps for single in singles if single.maps is not None])
        wanted["map"] = whole.maps[rows]
        allowed["map"] = allowed_difference(wanted["map"], tolerance)
    for what in found:
        apart = np.abs(found[what] - wanted[what]).reshape(len(rows), -1).max(axis=1)
        changed = int((apart > allowed[what]).sum())
        if changed:
            spread = float(np.ptp(whole.scores if what == "score" else wanted["map"]))
            share = f", by up to {100 * float(apart.max()) / spread:.2g} % of the spread" if spread else ""
            return f"Scored by themselves, {changed} of {len(rows)} test images get another {what}{share}."
    return ""
