"""The smallest loss that a check would find: noise is added to the scores until they would be called worse."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from adbench.metrics.comparison import contrast, mean_contrast
from adbench.metrics.delong import group_codes, placements
from adbench.metrics.interval import student_quantile
from adbench.results.record import ScoreTable

DRAWS = 8
STEPS = 8
LARGEST_NOISE = 30.0  # in standard deviations of the scores: it drowns them
NORMAL_80 = 0.8416212335729143  # 80 % of a normal distribution lie below it


def detectable_loss(tables: Sequence[ScoreTable], tolerance: float, level: float = 0.95) -> float | None:
    """The smallest loss of AUROC that a check finds four times out of five.

    The loss is made by adding normal noise to every score, which is what a method that got worse looks like when
    nothing is known about how; a loss that leaves most scores unchanged is found earlier.

    Args:
        tables: scores on one dataset, or on each of several whose mean is checked; both labels present.
        tolerance: loss of AUROC that is allowed.
        level: confidence level of the check's intervals.

    Returns:
        A loss in (0, 1]; None if even pure noise would pass.
    """
    drawn = [
        [np.random.default_rng([draw, place]).standard_normal(table.scores.size) for place, table in enumerate(tables)]
        for draw in range(DRAWS)
    ]
    codes = [group_codes(table.subjects, table.labels.shape) for table in tables]
    before = [placements(table.labels, table.scores) for table in tables]

    def tried(noise: float) -> tuple[float, float]:
        """Mean loss at this noise, and how far it falls short of being found."""
        losses, shortfalls = [], []
        for draw in drawn:
            changes = [
                contrast(placements(table.labels, table.scores + noise * table.scores.std() * z), old, table.labels, code)
                for table, z, old, code in zip(tables, draw, before, codes, strict=True)
            ]
            found = mean_contrast(changes)
            needed = student_quantile(level, found.freedom) + NORMAL_80
            losses.append(-found.value)
            shortfalls.append(tolerance + needed * math.sqrt(found.variance) + found.value)
        return float(np.mean(losses)), float(np.mean(shortfalls))

    low, high = LARGEST_NOISE / 4**STEPS, LARGEST_NOISE
    loss, shortfall = tried(high)
    if not shortfall < 0:  # NaN if a class is too small for a variance
        return None
    for _ in range(STEPS):
        middle = math.sqrt(low * high)
        smaller, shortfall = tried(middle)
        if shortfall < 0:
            high, loss = middle, smaller
        else:
            low = middle
    return loss
