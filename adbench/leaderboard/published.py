"""Published figures, each with its source and how far it was confirmed, to put beside ours."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

from adbench.contracts.metric import Metrics
from adbench.contracts.suites import PublishedCard
from adbench.errors import UserError
from adbench.files.untrusted import read_text
from adbench.leaderboard.tables import METRICS, Row, Table
from adbench.registry.cards import Registry, load_registry

LARGEST = 64 << 20  # bytes


@dataclass(frozen=True)
class PublishedFigure:
    """One figure of a paper or repository.

    Attributes:
        value: as in records: a share is in [0, 1].
        source, table: where it comes from.
        evidence: how far it was confirmed.
    """

    method: str
    track: str
    k: int
    dataset: str
    metric: str
    value: float
    source: str
    table: str
    evidence: str


def published_figures(registry: Registry | None = None) -> list[PublishedFigure]:
    """The figures of all plugins' sources. None: of all installed plugins. Raises `UserError` like `read_published`."""
    registry = registry or load_registry()
    return [figure for card in registry.published.values() for figure in read_published(card, registry.metrics)]


def read_published(card: PublishedCard, metrics: Metrics) -> list[PublishedFigure]:
    """The figures of a source. Raises `UserError` that names the file and line if it cannot be read.

    Args:
        card: names the file.
        metrics: the known metrics; the file holds figures in percent, but as they are for metrics that are not shares.
    """
    line = 1
    found = []
    try:
        rows = csv.DictReader(read_text(card.file, LARGEST).splitlines(), strict=True)
        for line, row in enumerate(rows, start=2):  # noqa: B007 (named where a row is wrong)
            share = row["metric"] not in metrics or metrics[row["metric"]].in_percent
            value = float(row["value"]) / (100 if share else 1)
            if not math.isfinite(value):
                raise ValueError(f"{row['value']} is no figure")
            changed: dict[str, Any] = {**row, "k": int(row["k"] or 0), "value": value}
            found.append(PublishedFigure(**changed))
    except OSError as error:
        raise UserError(f"The published figures {card.file} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        columns = ", ".join(field.name for field in fields(PublishedFigure))
        raise UserError(
            f"The published figures {card.file}, line {line}, are not a table of {columns} ({type(error).__name__}: {error})."
        ) from error
    return found


def beside_ours(
    tables: Iterable[Table], figures: Iterable[PublishedFigure], names: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Our figures that have published ones: same method with its own parameters, track, k, dataset, metric, preset `paper`.

    Figures under another protocol than the default (a limit, say) have no published counterpart.

    Args:
        tables: the leaderboard.
        figures: of papers and repositories.
        names: method to its name in published tables, if different; see `published_names`.

    Returns:
        Rows `method, track, k, dataset, metric, ours, published, difference, source, table, evidence`; figures as in records.
    """
    known: dict[tuple, list[PublishedFigure]] = {}
    for figure in figures:
        known.setdefault((_plain(figure.method), figure.track, figure.k, figure.dataset, figure.metric), []).append(figure)
    rows = []
    for table in tables:
        if table.preset != "paper" or table.condition:
            continue
        for row in table.rows:
            if row.variant != row.method:  # with changed parameters it is not what was published
                continue
            name = _plain((names or {}).get(row.method, row.method))
            for metric in dict.fromkeys([*METRICS, *(metric for _, metric in row.figures)]):
                for dataset in table.datasets_with(metric):
                    matches = known.get((name, table.track, table.k, dataset, metric), [])
                    ours = row.figures.get((dataset, metric))
                    rows += [_pair(row, table, ours.value, match) for match in matches if ours]
    return rows


def published_names(tables: Iterable[Table], registry: Registry) -> dict[str, str]:
    """Method to its name in published tables, from its card; methods of absent plugins are left out."""
    names = {}
    for method in {row.method for table in tables for row in table.rows}:
        with suppress(UserError):
            names[method] = registry.detector(method).published_name
    return names


def _plain(method: str) -> str:
    """Tables differ in case and dashes: Csflow, cs-flow."""
    return method.lower().replace("-", "")


def _pair(row: Row, table: Table, ours: float, match: PublishedFigure) -> dict[str, Any]:
    return {
        "method": row.method,
        "track": table.track,
        "k": table.k,
        "dataset": match.dataset,
        "metric": match.metric,
        "ours": ours,
        "published": match.value,
        "difference": ours - match.value,
        "source": match.source,
        "table": match.table,
        "evidence": match.evidence,
    }
