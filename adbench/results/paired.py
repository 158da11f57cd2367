"""The kept scores of one row on one dataset, ready for paired tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adbench.metrics.comparison import Contrast
    from adbench.metrics.delong import Placements
    from adbench.results.record import ScoreTable


@dataclass(frozen=True)
class Placed:
    """The test images of one dataset as one row ranks them, averaged over its seeds. `copy`: fingerprint of their content."""

    copy: str
    ids: list[str]
    positive: Any  # (N,) bool
    codes: Any  # (N,) group of every image
    placed: Placements

    def contrast(self, other: Placed) -> Contrast | None:
        """Difference of the mean AUROCs, self minus other; None if the two were not measured on the same images."""
        from adbench.metrics.comparison import contrast

        if (self.copy, self.ids) != (other.copy, other.ids) or (self.positive != other.positive).any():
            return None
        return contrast(self.placed, other.placed, self.positive, self.codes)


def place(seeds: Sequence[ScoreTable], copy: str = "") -> Placed | None:
    """Average the placements over seeds; None if a class is missing, or the seeds have different images.

    Args:
        seeds: the scores under each seed.
        copy: fingerprint of the dataset's content.
    """
    import numpy as np

    from adbench.metrics.delong import Placements, group_codes, placements

    first = seeds[0]
    same = all(table.ids == first.ids and (table.labels == first.labels).all() for table in seeds)
    if not same or first.labels.all() or not first.labels.any():
        return None
    each = [placements(first.labels, table.scores) for table in seeds]
    mean = Placements(*(np.mean([getattr(one, name) for one in each], axis=0) for name in Placements._fields))
    return Placed(copy, first.ids, first.labels, group_codes(first.subjects, first.labels.shape), mean)
