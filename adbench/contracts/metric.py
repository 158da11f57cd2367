"""The metric contract: a card, and a function that computes one figure from a finished cell's scores or maps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

SHARE = (0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class MetricCard:
    """What is known about a figure of merit. Plugins build it without heavy imports.

    Attributes:
        name: its key in a record and after `--metric`: lower-case letters, digits and underscores, unique.
        title: the words to print, without a unit.
        kind: whether images or pixels are judged; pixel figures need masks and anomaly maps, and are missing without them.
        factory: `package.module:function`, imported only to measure. For kind `image` it is called as `f(labels, scores)`
            with labels (N,) bool, True = abnormal, and scores (N,) float64, raw, any range, higher = more anomalous; for kind
            `pixel` as `f(masks, maps)` with masks (N, H, W) bool and maps (N, H, W) float, raw. The arrays are read-only. It
            returns a float in `range`, or None if the sample does not allow one (one class only). An exception, NaN or a
            value outside `range` makes the figure missing, with the reason kept, and affects nothing else. "" = adbench
            computes it.
        computed: how it is computed, in a few sentences for readers.
        higher_is_better: the direction.
        range: smallest and largest possible value; `math.inf` for no bound. Figures in (0, 1) are printed in percent,
            others as they are.
        interval: where its 95 % interval comes from; "" if it has none, like all metrics from plugins.
        uses_test_labels: a threshold is chosen on the very labels that are then judged, so the figure is optimistic.

    Raises:
        ValueError: `kind` or `range` is invalid.
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
            raise ValueError(f"the metric {self.name!r} has kind = {self.kind!r}: it must be image or pixel")
        low, high = self.range
        if not low < high:
            raise ValueError(f"the metric {self.name!r} has range = {self.range!r}: the lower end must come first")

    @property
    def in_percent(self) -> bool:
        """Whether it is a share, which tables print in percent."""
        return tuple(self.range) == SHARE


class Metrics(dict[str, MetricCard]):
    """Name to card. A name without a card gets one that claims only that higher is better."""

    def __missing__(self, name: str) -> MetricCard:
        """Built on each call and not kept, so `name in metrics` tells whether there is a card."""
        kind: Literal["image", "pixel"] = "pixel" if name.startswith("pixel_") else "image"
        return MetricCard(name=name, title=name.replace("_", " "), kind=kind, factory="", range=(-math.inf, math.inf))

    @property
    def brought(self) -> list[MetricCard]:
        """The metrics from plugins, which adbench does not compute itself."""
        return [card for card in self.values() if card.factory]
