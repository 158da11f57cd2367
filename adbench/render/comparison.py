"""Comparisons of two runs in a terminal, as Markdown, JSON and JUnit XML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from xml.etree import ElementTree

from adbench.regression.verdicts import Comparison, Verdict
from adbench.render.markdown import escaped
from adbench.render.words import MISSING, percent
from adbench.results.brought import known_metrics
from adbench.words import printable

COLUMNS = ("cell", "figure", "before", "after", "difference", "95 % interval", "finds", "verdict")
ORDER: tuple[Verdict, ...] = ("worse", "incomparable", "better", "new", "same")
LEGEND = (
    "Interval: what the difference could be on another sample of test images.  "
    "Finds: the smallest loss that this comparison finds four times out of five; a smaller one can pass as the same."
)


def cells_of(comparison: Comparison) -> tuple[str, ...]:
    """One row of text; figures in percent."""
    difference, interval = MISSING, MISSING
    if comparison.difference is not None:
        difference = f"{100 * comparison.difference:+.1f}"
    if comparison.low is not None and comparison.high is not None:
        interval = f"{100 * comparison.low:+.1f} to {100 * comparison.high:+.1f}"
    outcome = f"{comparison.verdict}: {comparison.reason}" if comparison.reason else comparison.verdict
    return (
        comparison.label,
        known_metrics()[comparison.metric].title,
        percent(comparison.before),
        percent(comparison.after),
        difference,
        interval,
        percent(comparison.visible),
        outcome,
    )


def sentence(comparison: Comparison) -> str:
    """`mvfa, few-shot k=4, phantom-brain, seed 0 (demo): worse, Image AUROC 83.8 -> 79.1`."""
    label, figure, before, after, _, interval, _, outcome = cells_of(comparison)
    measured = f", {figure} {before} -> {after} (difference {interval})" if comparison.after is not None else ""
    return f"{label}: {outcome}{measured}"


def summary(compared: Sequence[Comparison]) -> str:
    """`2 worse, 10 same`."""
    counts = Counter(comparison.verdict for comparison in compared)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in ORDER if counts[verdict]) or "nothing was compared"


def to_markdown(compared: Sequence[Comparison]) -> str:
    """For a comment on a pull request: what is not `same` first, the rest folded away."""
    changed = sorted((row for row in compared if row.verdict != "same"), key=lambda row: ORDER.index(row.verdict))
    same = [row for row in compared if row.verdict == "same"]
    lines = [f"**AUROC (%): {summary(compared)}**", ""]
    lines += [*_table(changed), ""] if changed else []
    if same:
        lines += ["<details>", f"<summary>{len(same)} same</summary>", "", *_table(same), "", "</details>", ""]
    return "\n".join([*lines, LEGEND, ""])


def to_json(compared: Sequence[Comparison]) -> str:
    """A list of rows; full precision."""
    rows = [{**asdict(row), "difference": row.difference} for row in compared]
    return json.dumps(rows, indent=1, allow_nan=False) + "\n"


def to_junit(compared: Sequence[Comparison]) -> str:
    """One test case per row: worse is a failure, incomparable an error, new is skipped. Nothing compared is an error."""
    counts = Counter(row.verdict for row in compared)
    suite = ElementTree.Element("testsuite", name="adbench check", tests=str(max(len(compared), 1)))
    nothing = not any(row.verdict != "new" for row in compared)
    suite.set("failures", str(counts["worse"]))
    suite.set("errors", str(counts["incomparable"] + nothing))
    suite.set("skipped", str(counts["new"]))
    for row in compared:
        case = ElementTree.SubElement(suite, "testcase", classname=f"adbench.{row.metric}", name=printable(row.label))
        tag = {"worse": "failure", "incomparable": "error", "new": "skipped"}.get(row.verdict)
        if tag:
            ElementTree.SubElement(case, tag, message=printable(sentence(row)))
    if nothing:
        case = ElementTree.SubElement(suite, "testcase", classname="adbench", name="anything to compare")
        ElementTree.SubElement(case, "error", message="nothing was compared")
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


FORMATS: dict[str, Callable[[Sequence[Comparison]], str]] = {"md": to_markdown, "json": to_json, "junit": to_junit}


def _table(rows: Sequence[Comparison]) -> list[str]:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---|---:|---:|---:|---:|---:|---|"]
    return lines + ["| " + " | ".join(map(escaped, cells_of(row))) + " |" for row in rows]
