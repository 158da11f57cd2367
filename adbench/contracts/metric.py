"""The metric contract: a card, and a function that makes one figure of a finished cell's scores or maps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

SHARE = (0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class MetricCard:
    """What is known of a figure of merit. A plugin makes one without heavy imports.

    Attributes:
        name: its key in a record and after `--metric`: lower-case letters, digits and underscores, unique.
        title: the words to print, without a unit.
        kind: whether images or pixels are judged; pixel figures need masks and anomaly maps, and are absent without.
        factory: `package.module:function`, imported only to measure. Of kind `image` it is called as `f(labels, scores)` with
            labels (N,) bool, True = abnormal, and scores (N,) float64, raw, any range, higher = more anomalous; of kind
            `pixel` as `f(masks, maps)` with masks (N, H, W) bool and maps (N, H, W) float, raw. The arrays are read-only. It
            returns a float in `range`, or None where the sample gives none (one class only). What raises, is NaN or lies
            outside makes the figure a missing one with the reason kept, and costs nothing else. "" = adbench computes it.
        computed: how it is computed, in a few sentences for readers.
        higher_is_better: the direction.
        range: least and largest value that it can take; `math.inf` where there is no end. Figures in (0, 1) are printed in
            percent, others as they are.
        interval: where its 95 % interval comes from; "" where it has none, as all that plugins bring.
        uses_test_labels: a threshold is chosen on the very labels that are then judged, so the figure is optimistic.

    Raises:
        ValueError: `kind` or `range` is none.
    """

    name: str
    title: str
    kind: Literal["image", "pixel"]
    factory: str
    computed: str = ""
    higher_is_better: bool = True
    range: tuple[float, float] = SHARE
    interval: str = ""
    uses_test_labels: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("image", "pixel"):
            raise ValueError(f"the metric {self.name!r} has kind = {self.kind!r}: image or pixel is wanted")
        low, high = self.range
        if not low < high:
            raise ValueError(f"the metric {self.name!r} has range = {self.range!r}: the lower end first")

    @property
    def in_percent(self) -> bool:
        """Whether it is a share, which tables print in percent."""
        return tuple(self.range) == SHARE


class Metrics(dict[str, MetricCard]):
    """Name to card. A name that nobody described gets a card that claims nothing but that higher is better."""

    def __missing__(self, name: str) -> MetricCard:
        """Made anew each time, and not kept: `name in metrics` says whether it was described."""
        kind: Literal["image", "pixel"] = "pixel" if name.startswith("pixel_") else "image"
        return MetricCard(name=name, title=name.replace("_", " "), kind=kind, factory="", range=(-math.inf, math.inf))

    @property
    def brought(self) -> list[MetricCard]:
        """Those that a plugin brings, and adbench does not compute by itself."""
        return [card for card in self.values() if card.factory]
