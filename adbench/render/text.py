"""The leaderboard as Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable

from adbench.leaderboard import METRICS, Table, as_rows
from adbench.render.words import HEADINGS, footnotes, percent


def to_markdown(tables: Iterable[Table]) -> str:
    """One table a preset, track and metric."""
    lines: list[str] = []
    for table in tables:
        for metric in METRICS:
            datasets = table.datasets_with(metric)
            if not datasets:
                continue
            header = ["method", *datasets, "mean"]
            lines += [f"**{HEADINGS[metric]}: {table.title}**", "", _line(header), _line(["---"] + ["---:"] * (len(header) - 1))]
            for row in table.rows:
                figures = [row.figures.get((name, metric)) for name in datasets]
                cells = [percent(figure.value if figure else None) for figure in figures]
                label = f"{row.variant} ({row.mark})" if row.mark else row.variant
                lines.append(_line([label, *cells, percent(table.mean(row, metric))]))
            lines.append("")
        lines += [*footnotes(table), ""]
    return "\n".join(lines)


def to_csv(tables: Iterable[Table]) -> str:
    """The rows of `adbench.leaderboard.as_rows`."""
    rows = as_rows(tables)
    sink = io.StringIO()
    writer = csv.DictWriter(sink, fieldnames=list(rows[0]) if rows else ["method"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return sink.getvalue()


def to_json(tables: Iterable[Table]) -> str:
    """The rows of `adbench.leaderboard.as_rows`; full precision."""
    return json.dumps(as_rows(tables), indent=1, allow_nan=False) + "\n"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


FORMATS: dict[str, Callable[[Iterable[Table]], str]] = {"md": to_markdown, "csv": to_csv, "json": to_json}
