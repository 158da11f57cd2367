"""The leaderboard for programs: CSV and JSON, at full precision."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adbench.leaderboard.averages import Figure
from adbench.leaderboard.standings import Column, Standing
from adbench.leaderboard.tables import METRICS, Row, Table
from adbench.words import printable

FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # and as wide signs, which are read alike


def as_rows(tables: Iterable[Table], metrics: Sequence[str] = METRICS) -> list[dict[str, Any]]:
    """One dictionary per row, metric and dataset of every table.

    Returns:
        `method, variant, track, k, preset, condition, dataset, metric`; `value, low, high` with the 95 % interval, `std`
        over `n_seeds` seeds, `n_failed` cells; `standing`: `best`, or `tied` with it (no significant difference), and
        `p_best` of no difference from the best, corrected over the table; `mean, mean_low, mean_high` over all datasets
        of the table; `rank` by that mean, e.g. `1=`; `mark`. What was not measured or tested is None, or "".
    """
    rows = []
    for table in tables:
        for metric in metrics:
            standings = table.all_standings(metric)
            for row in table.ordered(metric):
                rows += [_row(table, row, metric, dataset, standings) for dataset in table.datasets_with(metric)]
    return rows


def to_csv(tables: Iterable[Table], metrics: Sequence[str] = METRICS) -> str:
    """The rows of `as_rows`."""
    return csv_text(as_rows(tables, metrics), "method")


def csv_text(rows: Sequence[Mapping[str, Any]], first: str) -> str:
    """Rows as CSV. A text that a spreadsheet would compute as a formula gets an apostrophe before it; numbers stay numbers.

    Args:
        rows: with the same keys each.
        first: the only column where there is no row.
    """
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(rows[0] if rows else [first])
    writer.writerows(map(_inert, row.values()) for row in rows)
    return sink.getvalue()


def to_json(tables: Iterable[Table], metrics: Sequence[str] = METRICS) -> str:
    """The rows of `as_rows`."""
    return json.dumps(as_rows(tables, metrics), indent=1, allow_nan=False) + "\n"


def _inert(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def _row(table: Table, row: Row, metric: str, dataset: str, standings: dict[Column, dict[str, Standing]]) -> dict[str, Any]:
    figure, mean = table.figure(row, metric, dataset), table.figure(row, metric, None)
    standing = standings[dataset].get(row.variant)
    rank = standings[None].get(row.variant)
    low, high = _ends(figure)
    mean_low, mean_high = _ends(mean)
    return {
        "method": row.method,
        "variant": row.variant,
        "track": table.track,
        "k": table.k,
        "preset": table.preset,
        "condition": table.condition,
        "dataset": dataset,
        "metric": metric,
        "value": figure.value if figure else None,
        "low": low,
        "high": high,
        "std": figure.std if figure else None,
        "n_seeds": len(figure.seeds) if figure else 0,
        "n_failed": row.failed.get(dataset, 0),
        "standing": standing.emphasis if standing else "",
        "p_best": standing.p if standing else None,
        "mean": mean.value if mean else None,
        "mean_low": mean_low,
        "mean_high": mean_high,
        "rank": str(rank) if rank else "",
        "mark": row.mark,
    }


def _ends(figure: Figure | None) -> tuple[float | None, float | None]:
    return figure.interval if figure and figure.interval else (None, None)
