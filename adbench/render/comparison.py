"""Comparisons of two runs in a terminal, as Markdown, JSON and JUnit XML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from xml.etree import ElementTree

from adbench.regression import Comparison
from adbench.render.words import MISSING, percent

COLUMNS = ("cell", "before", "after", "difference", "95 % interval", "verdict")


def cells_of(comparison: Comparison) -> tuple[str, ...]:
    """One row of text; figures in percent."""
    difference, interval = MISSING, MISSING
    if comparison.difference is not None:
        difference = f"{100 * comparison.difference:+.1f}"
    if comparison.low is not None and comparison.high is not None:
        interval = f"{100 * comparison.low:+.1f} to {100 * comparison.high:+.1f}"
    outcome = f"{comparison.verdict}: {comparison.reason}" if comparison.reason else comparison.verdict
    return (comparison.label, percent(comparison.before), percent(comparison.after), difference, interval, outcome)


def summary(compared: Sequence[Comparison]) -> str:
    """`2 worse, 10 same`."""
    counts = Counter(comparison.verdict for comparison in compared)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("worse", "incomparable", "better", "same") if counts[verdict])


def to_markdown(compared: Sequence[Comparison]) -> str:
    """A table fit for a comment on a pull request: what is not `same` first."""
    ordered = sorted(compared, key=lambda comparison: comparison.verdict == "same")
    lines = [f"**Image AUROC (%) against the baseline: {summary(compared) or 'nothing was compared'}**", ""]
    lines += ["| " + " | ".join(COLUMNS) + " |", "|---|---:|---:|---:|---:|---|"]
    for comparison in ordered:
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells_of(comparison)) + " |")
    return "\n".join(lines) + "\n"


def to_json(compared: Sequence[Comparison]) -> str:
    """A list of rows; full precision."""
    return json.dumps([{**asdict(row), "difference": row.difference} for row in compared], indent=1) + "\n"


def to_junit(compared: Sequence[Comparison]) -> str:
    """One test case a cell: worse is a failure, incomparable an error."""
    failures = sum(row.verdict == "worse" for row in compared)
    errors = sum(row.verdict == "incomparable" for row in compared)
    suite = ElementTree.Element(
        "testsuite", name="adbench check", tests=str(len(compared)), failures=str(failures), errors=str(errors)
    )
    for row in compared:
        case = ElementTree.SubElement(suite, "testcase", classname="adbench.image_auroc", name=row.label)
        tag = {"worse": "failure", "incomparable": "error"}.get(row.verdict)
        if tag:
            ElementTree.SubElement(case, tag, message=", ".join(cells_of(row)[1:]))
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


FORMATS: dict[str, Callable[[Sequence[Comparison]], str]] = {"md": to_markdown, "json": to_json, "junit": to_junit}
