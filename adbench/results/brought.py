"""Figures from plugins: measured along with the core's, and described in the record so that it can be read without the plugin."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from annotated_types import Len

from adbench.contracts.metric import MetricCard, Metrics
from adbench.errors import UserError
from adbench.registry.core import core_metrics
from adbench.registry.factories import load_factory
from adbench.results.record import CellRecord
from adbench.results.typed import Figure, Misfit, Name, checked, fields_of

if TYPE_CHECKING:
    import numpy as np
    from pydantic import TypeAdapter


class Brought(NamedTuple):
    """Figures of plugins.

    Attributes:
        metrics: name to value; None where it could not be measured.
        cards: name to the part of the card that a record keeps, and under `problem` why the value is None.
    """

    metrics: dict[str, float | None]
    cards: dict[str, dict[str, Any]]


def brought_figures(cards: Iterable[MetricCard], kind: str, truth: np.ndarray, values: np.ndarray) -> Brought:
    """The figures of these cards that are of this kind. A metric that fails stops neither the others nor the cell.

    Args:
        cards: from plugins.
        kind: `image` or `pixel`.
        truth: labels (N,) or masks (N, H, W), bool.
        values: scores (N,) or maps (N, H, W), raw.
    """
    found = Brought({}, {})
    for card in cards:
        if card.kind == kind:
            value, problem = _measured(card, truth, values)
            found.metrics[card.name] = value
            found.cards[card.name] = {**described(card), "problem": problem}
    return found


def described(card: MetricCard) -> dict[str, Any]:
    """A card as JSON values, without its name; an unbounded end of the range is None."""
    facts = dataclasses.asdict(card)
    del facts["name"]
    return {**facts, "range": [float(end) if math.isfinite(end) else None for end in card.range]}


def known_metrics(records: Iterable[CellRecord] = (), metrics: Metrics | None = None) -> Metrics:
    """All known metrics of some records.

    Args:
        records: each describes its metrics from plugins; the last description of a name counts.
        metrics: from the registry, which take precedence over any record; None = the core's.
    """
    known = Metrics(metrics or core_metrics())
    found = {name: facts for record in records for name, facts in record.metric_cards.items()}
    for name, facts in sorted(found.items()):
        if name not in known and (card := _card(name, facts)):
            known[name] = card
    return known


def _card(name: str, facts: Any) -> MetricCard | None:
    """The card that a record describes; None if the description is invalid."""
    try:
        known = checked(_card_fields(), {**facts, "name": name})
        low, high = known["range"]
        ends = (-math.inf if low is None else low, math.inf if high is None else high)
        return MetricCard(**{**known, "range": ends})
    except (Misfit, TypeError, ValueError, KeyError):
        return None


@cache
def _card_fields() -> TypeAdapter[dict[str, Any]]:
    return fields_of(
        MetricCard, name=Name, title=Name, computed=Name, interval=Name, range=Annotated[list[Figure | None], Len(2, 2)]
    )


def _measured(card: MetricCard, truth: np.ndarray, values: np.ndarray) -> tuple[float | None, str]:
    """(value, why it is None)."""
    try:
        function = load_factory(card.factory, f"The metric {card.name}")
        with redirect_stdout(sys.stderr):
            returned = function(_frozen(truth), _frozen(values))
        value = None if returned is None else float(returned)
    except UserError as error:
        return None, str(error)
    except (Exception, SystemExit) as error:
        return None, f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"
    if value is None:
        return None, ""
    low, high = card.range
    if not low <= value <= high:  # NaN is in no range
        return None, f"it gave {value:g}, which is not in {low:g} to {high:g}"
    return value, ""


def _frozen(array: np.ndarray) -> np.ndarray:
    """A read-only view: the scores are stored afterwards, so a metric must not change them."""
    view = array.view()
    view.flags.writeable = False
    return view
