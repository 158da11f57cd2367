"""Words and numbers that all formats share."""

from __future__ import annotations

from adbench.metrics.catalogue import BY_NAME

MISSING = "–"


def heading(metric: str) -> str:
    """`Image AUROC (%)`; of a metric that the catalogue lacks, its name in words."""
    return f"{BY_NAME[metric].title} (%)" if metric in BY_NAME else metric.replace("_", " ")


def percent(value: float | None) -> str:
    """`87.3` for 0.873, a dash for what was not measured."""
    return MISSING if value is None else f"{100 * value:.1f}"


def interval_words(interval: tuple[float, float] | None) -> str:
    """`80.1 to 92.3` percent; nothing where it is not known."""
    return f"{percent(interval[0])} to {percent(interval[1])}" if interval else ""


def short_names(datasets: list[str]) -> list[str]:
    """Dataset names without the prefix that all of them share: `bmad-brain, bmad-his` to `brain, his`."""
    prefixes = {name.partition("-")[0] for name in datasets if "-" in name}
    if len(prefixes) == 1 and all("-" in name for name in datasets):
        return [name.partition("-")[2] for name in datasets]
    return datasets
