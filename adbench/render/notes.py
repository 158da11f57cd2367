"""Footnotes: what a table's figures, signs and gaps mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from adbench.leaderboard.standings import SIGNIFICANCE, count_tests
from adbench.leaderboard.tables import METRICS, TESTED, Table
from adbench.render.words import heading
from adbench.words import counted

FEW_DATASETS = 10  # with fewer, rank tests see only large and consistent differences


class Emphasis(NamedTuple):
    """How a format shows the best figure of a column, and those that are not significantly different from it."""

    best: str
    tied: str


def footnotes(
    table: Table, metrics: Sequence[str] = METRICS, emphasis: Emphasis | None = None, intervals: bool = False
) -> list[str]:
    """Sentences to put under a table.

    Args:
        table: the table.
        metrics: the metrics that are shown.
        emphasis: how the format shows the best, if it does.
        intervals: whether intervals are shown.
    """
    shown = [metric for metric in metrics if table.datasets_with(metric)]
    ranked = [row for row in table.rows if table.ranks(row) and row.figures]
    return [
        *_over_seeds(table, shown),
        *(_intervals() if intervals else ()),
        *(_emphasis(table, shown, emphasis) if emphasis and len(ranked) > 1 else ()),
        *_over_datasets(table, shown),
        *_kind(table),
        *_copies(table),
        *_versions(table),
        *_gaps(table, shown),
        *_failures(table),
        *_marks(table),
    ]


def _over_seeds(table: Table, metrics: Sequence[str]) -> Iterator[str]:
    counts = {len(figure.seeds) for row in table.rows for (_, metric), figure in row.figures.items() if metric in metrics}
    if not counts:
        return
    if max(counts) == 1:
        yield "One seed: how much a figure would change with another draw of the support and another training is unknown."
        return
    number = str(max(counts)) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    yield f"Mean ± standard deviation over {number} seeds: the effect of another draw of the support and another training."


def _intervals() -> Iterator[str]:
    yield (
        "Intervals (95 %): what another sample of test images, or of subjects, could give with the same trained "
        "detectors; they leave out the spread over seeds."
    )


def _emphasis(table: Table, metrics: Sequence[str], emphasis: Emphasis) -> Iterator[str]:
    tests = count_tests(table.p_values.values())
    if TESTED in metrics and tests:
        yield (
            f"{emphasis.best.capitalize()}: best. {emphasis.tied.capitalize()}, and ranks with =: not significantly different "
            f"from it, or from the first of that rank, on the same images (paired DeLong test, by subject where all are known; "
            f"{100 * SIGNIFICANCE:.0f} % level, Holm correction over {counted(tests, 'test')}). That does not prove them equal."
        )
    untested = [heading(table.metrics[metric]) for metric in metrics if metric != TESTED or not tests]
    if untested:
        yield f"{emphasis.best.capitalize()}: best; its lead was not tested in {', '.join(untested)}: ranks there rest on the figures only."


def _over_datasets(table: Table, metrics: Sequence[str]) -> Iterator[str]:
    for metric in metrics:
        found = table.mean_ranks(metric)
        if found is None:
            continue
        rows, comparison = found
        ordered = sorted((rank, row.variant) for rank, row in zip(comparison.mean_ranks, rows, strict=True))
        ranks = ", ".join(f"{variant} {rank:.2f}" for rank, variant in ordered)
        datasets = len(table.datasets_with(metric))
        few = " Few datasets: only large and consistent differences can show." if datasets < FEW_DATASETS else ""
        yield (
            f"Mean ranks in {heading(table.metrics[metric])} over {datasets} datasets: {ranks}. Friedman test: p = {comparison.friedman_p:.2g}; "
            f"Nemenyi: those less than {comparison.critical_difference:.2f} apart are not significantly different (5 % level).{few}"
        )


def _kind(table: Table) -> Iterator[str]:
    if table.synthetic:
        yield "Phantoms: images made by a program. These figures say nothing about medical images."
    elif table.preset == "demo":
        yield "Preset demo: tiny weights. These figures say nothing about the methods as published."


def _copies(table: Table) -> Iterator[str]:
    if table.copies:
        several = f"Cells saw different copies of {', '.join(table.copies)}"
        yield f"{several}: their figures cannot be compared, and were not tested against each other."


def _versions(table: Table) -> Iterator[str]:
    mixed = [f"{v.variant} with {v.package} {' and '.join(v.measured)}" for v in table.versions if len(v.measured) > 1]
    if mixed:
        yield (
            f"Measured with several versions of a package that decides the scores: {'; '.join(mixed)}. "
            "Figures may differ for that reason alone; the same command measures the older cells again."
        )
    again = [
        f"{v.variant} with {v.package} {' and '.join(v.measured)}, before with {' and '.join(v.superseded)}"
        for v in table.versions
        if v.superseded
    ]
    if again:
        yield f"Measured again with another version of a package that decides the scores: {'; '.join(again)}. Only the newer cells count."


def _gaps(table: Table, metrics: Sequence[str]) -> Iterator[str]:
    gaps: dict[str, list[str]] = {}
    for metric in metrics:
        for row in table.ordered(metric):
            if missing := table.missing(row, metric):
                gap = f"{row.variant} (missing: {', '.join(missing)})"
                gaps.setdefault(gap, []).append(heading(table.metrics[metric]))
    if gaps:
        several = len(set(metrics)) > 1
        named = [f"{gap} in {', '.join(headings)}" if several else gap for gap, headings in gaps.items()]
        yield f"No mean where a dataset is missing, and so no rank: {'; '.join(named)}."


def _failures(table: Table) -> Iterator[str]:
    """Failed seeds beside others that have a figure; the table itself does not show them."""
    measured = {(row.variant, dataset) for row in table.rows for dataset, _ in row.figures}
    failed = [
        f"{row.variant} on {dataset} ({counted(count, 'seed')})"
        for row in table.rows
        for dataset, count in sorted(row.failed.items())
        if (row.variant, dataset) in measured
    ]
    if failed:
        yield f"Failed, so not in their figures: {', '.join(failed)}."


def _marks(table: Table) -> Iterator[str]:
    marks = {mark for row in table.rows for mark in row.mark.split()}
    ranked = "ranked with the others as asked" if table.rank_marked else "not ranked with the others"
    if "test-oracle" in marks:
        yield f"test-oracle: the checkpoint was chosen on the test set, to reproduce published figures; {ranked}."
    if "transductive" in marks:
        yield f"transductive: scores depend on the rest of the test set; {ranked}."
    if "random-weights" in marks:
        yield "random-weights: the network was never trained and has seen no image; its figures mean nothing and are not ranked."
