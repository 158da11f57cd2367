"""What every metric requires of its input. A violation is a programming mistake, hence `ValueError`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def check_labels(labels: ArrayLike) -> NDArray[np.bool_]:
    """Return labels as bool, True = positive (abnormal); raise `ValueError` if they hold anything but 0 and 1."""
    given = np.asarray(labels)
    if given.dtype == np.bool_:
        return given
    positive: NDArray[np.bool_] = given == 1
    if given.size and np.count_nonzero(positive) + np.count_nonzero(given == 0) != given.size:
        raise ValueError("labels must be 0 (normal) or 1 (abnormal)")
    return positive


def check_scores(scores: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return scores in a type that sorts fast and compares as given; raise `ValueError` unless of this shape."""
    given = np.asarray(scores)
    if given.shape != shape:
        raise ValueError(f"scores of shape {given.shape} do not fit labels of shape {shape}")
    if given.dtype.kind not in "fiub":
        raise ValueError(f"scores must be real numbers, not {given.dtype}")
    if given.dtype == np.float16:
        return given.astype(np.float32)
    return given.astype(np.uint8) if given.dtype == np.bool_ else given
