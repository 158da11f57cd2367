"""Words and numbers that all formats share."""

from __future__ import annotations

from collections.abc import Sequence

from adbench.contracts.metric import MetricCard

MISSING = "–"
DIGITS = 4  # significant digits of figures that are not shares
WHOLE = 1000  # from here on, a figure is printed without decimals


def heading(metric: MetricCard) -> str:
    """`Image AUROC (%)`; without a unit where the metric is not a share."""
    return f"{metric.title} (%)" if metric.in_percent else metric.title


def figure_words(metric: MetricCard, value: float | None) -> str:
    """`87.3` (percent) for a share, `1.250` for any other figure, a dash for what was not measured."""
    if value is None or metric.in_percent:
        return percent(value)
    return f"{value:.0f}" if abs(value) >= WHOLE else f"{value:#.{DIGITS}g}"


def percent(value: float | None) -> str:
    """`87.3` for 0.873, a dash for what was not measured."""
    return MISSING if value is None else f"{100 * value:.1f}"


def difference_words(metric: MetricCard, difference: float) -> str:
    """`-1.2` (percentage points) for a share, `+0.2500` for anything else."""
    return f"{100 * difference:+.1f}" if metric.in_percent else f"{difference:+#.{DIGITS}g}"


def interval_words(metric: MetricCard, interval: Sequence[float] | None, to: str = " to ") -> str:
    """`80.1 to 92.3` (percent) for a share; empty where unknown."""
    return to.join(figure_words(metric, end) for end in interval) if interval else ""


def spread_words(metric: MetricCard, spread: float | None) -> str:
    """`± 1.2`: a standard deviation; empty where unknown."""
    return f"± {figure_words(metric, spread)}" if spread is not None else ""


def short_names(datasets: list[str]) -> list[str]:
    """Dataset names without the prefix they all share: `bmad-brain, bmad-his` become `brain, his`."""
    prefixes = {name.partition("-")[0] for name in datasets if "-" in name}
    if len(prefixes) == 1 and all("-" in name for name in datasets):
        return [name.partition("-")[2] for name in datasets]
    return datasets
