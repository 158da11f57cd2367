"""Words and numbers that all formats share."""

from __future__ import annotations

from adbench.leaderboard import Table

HEADINGS = {"image_auroc": "Image AUROC (%)", "pixel_auroc": "Pixel AUROC (%)"}
MISSING = "–"


def percent(value: float | None) -> str:
    """`87.3` for 0.873, a dash for what was not measured."""
    return MISSING if value is None else f"{100 * value:.1f}"


def short_names(datasets: list[str]) -> list[str]:
    """Dataset names without the prefix that all of them share: `bmad-brain, bmad-his` to `brain, his`."""
    prefixes = {name.partition("-")[0] for name in datasets if "-" in name}
    if len(prefixes) == 1 and all("-" in name for name in datasets):
        return [name.partition("-")[2] for name in datasets]
    return datasets


def footnotes(table: Table) -> list[str]:
    """What a reader has to know of this table."""
    notes = []
    seeds = {len(figure.seeds) for row in table.rows for figure in row.figures.values()}
    if seeds:
        notes.append(
            f"Mean{' ± standard deviation' if max(seeds) > 1 else ''} over {_range(seeds)} seed{'s' if max(seeds) > 1 else ''}."
        )
    if table.synthetic:
        notes.append("Phantoms: images made by a program. These figures say nothing about medical images.")
    elif table.preset == "demo":
        notes.append("Preset demo: tiny weights. These figures say nothing about the methods as published.")
    incomplete = [row.variant for row in table.rows if table.mean(row, "image_auroc") is None]
    if incomplete:
        notes.append(f"No mean where a dataset is missing: {', '.join(incomplete)}.")
    marks = {mark for row in table.rows for mark in row.mark.split()}
    if "test-oracle" in marks:
        notes.append(
            "test-oracle: the checkpoint was chosen on the test set, to reproduce published figures; not ranked with the others."
        )
    if "transductive" in marks:
        notes.append("transductive: scores depend on the rest of the test set; not ranked with the others.")
    if "random-weights" in marks:
        notes.append(
            "random-weights: the network was never trained and has seen no image; its figures mean nothing, nor are they ranked."
        )
    return notes


def _range(values: set[int]) -> str:
    return str(min(values)) if len(values) == 1 else f"{min(values)} to {max(values)}"
