"""One cell: has its contestant fit and predict, checks what comes of it, and measures."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

import torch

from adbench.contestant.contestant import Contest, without_gradients
from adbench.errors import UserError
from adbench.planning.cell import Cell
from adbench.results.maps import MapTable, as_half
from adbench.results.record import CellRecord, ScoreTable
from adbench.running.arenas import Arena
from adbench.running.costs import Stopwatch
from adbench.running.evaluate import Predictions, Truth, collect, figures, figures_of_plugins, oracle_score
from adbench.running.failures import ContestantDied
from adbench.running.grants import Grants, choose_images, counts_of, score_table
from adbench.running.independence import contradiction, tolerance_for
from adbench.running.records import failure, now, record_of
from adbench.running.services import Progress
from adbench.running.session import Session

# What plugins print goes to stderr, which is set for the whole process: one cell at a time.
_PLUGINS = threading.Lock()


@dataclass(frozen=True)
class Outcome:
    """What is kept of a cell."""

    record: CellRecord
    scores: ScoreTable | None = None
    state: dict[str, torch.Tensor] | None = None
    maps: MapTable | None = None


def run_cell(cell: Cell, session: Session, known: dict[str, Any], progress: Progress, arena: Arena) -> Outcome:
    """Draw the support, have the contestant fit and predict, and score. An exception becomes a failed record.

    Only interrupts pass through. A cell whose contestant dies is run again as often as the session allows.
    """
    started = now()
    for left in range(session.conduct.retries, -1, -1):
        try:
            held = {**session.environment, "sandbox": arena.sandbox, "computed_on": session.device}
            session = replace(session, environment=held)
            measured, kept = _measure(cell, session, progress, arena)
        except Exception as error:
            if isinstance(error, ContestantDied) and left:
                continue
            return Outcome(failure(cell, session, known, error, started))
        return Outcome(record_of(cell, session, known, started, status="done", **measured), **kept)
    raise AssertionError("a cell ends in the last of its turns")


@dataclass(frozen=True)
class _Fitted:
    """What the test set came out as, with what its record needs of that."""

    truth: Truth
    predictions: Predictions
    state: dict[str, torch.Tensor] | None
    peak_memory_mb: float | None


def _measure(cell: Cell, session: Session, progress: Progress, arena: Arena) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields of the record, and of the outcome."""
    images = choose_images(cell, session.datasets)
    grants, clock = Grants(images, session.masks), Stopwatch()
    with arena.contest(cell, session, grants, progress) as contestant:
        with grants.true_cause():
            fitted = _fit_and_predict(cell, session, contestant, grants, clock)
        probed = _probe(cell, session, fitted, contestant, grants, clock)
    found = figures(fitted.predictions, fitted.truth)
    with _PLUGINS:
        brought = figures_of_plugins(session.metrics, fitted.predictions, fitted.truth)
    measured = {
        "metrics": found.metrics | brought.metrics,
        "intervals": found.intervals,
        "metric_cards": brought.cards,
        "counts": counts_of(fitted.truth),
        "seconds": clock.seconds,
        "peak_memory_mb": fitted.peak_memory_mb,
        "kept": sorted(set(session.keep)),
        **probed,
    }
    maps = None
    if "maps" in session.keep and fitted.predictions.maps is not None:
        maps = as_half([entry.item.id for entry in images.test], fitted.predictions.maps)
    return measured, {"scores": score_table(images.test, fitted.predictions), "state": fitted.state, "maps": maps}


def _fit_and_predict(cell: Cell, session: Session, contestant: Contest, grants: Grants, clock: Stopwatch) -> _Fitted:
    clock.timed("fit", contestant.fit)
    truth = grants.truth(session.datasets[cell.dataset.name])
    predictions = clock.timed("predict", _predict, cell, session, contestant, len(grants.images.test), truth)
    peak = contestant.peak_memory_mb()
    state = contestant.state() if "state" in session.keep else None
    return _Fitted(truth, predictions, state, peak)


def _probe(
    cell: Cell, session: Session, fitted: _Fitted, contestant: Contest, grants: Grants, clock: Stopwatch
) -> dict[str, Any]:
    """Score some test images again: does a score depend on other images, and what does one cost?"""
    twice, oracle = grants.images.twice, _is_oracle(cell)
    # A `test-oracle` row cannot be tested: its chosen checkpoint is gone. It is never ranked with others anyway.
    claims = not cell.detector.is_transductive(cell.parameters) and not oracle
    tolerance = tolerance_for(session.device, session.precision)
    with_maps = fitted.predictions.maps is not None
    contradicted = ""
    if claims:
        with without_gradients("again"):
            alone = (collect(cell.detector, with_maps, [range(1)], one) for one in contestant.again())
            contradicted = contradiction(fitted.predictions, twice, alone, tolerance)
    cost = {**contestant.costs(), **clock.rate(None if oracle else len(grants.images.test))}
    gflop = contestant.gflop_per_image()
    return {"contradiction": contradicted, "cost": cost if gflop is None else {**cost, "gflop_per_image": gflop}}


def _predict(cell: Cell, session: Session, contestant: Contest, images: int, truth: Truth) -> Predictions:
    parts = [range(start, min(start + session.batch_size, images)) for start in range(0, images, session.batch_size)]
    wants_maps = truth.masks is not None or "maps" in session.keep
    if not _is_oracle(cell):
        with without_gradients("predict"):
            return collect(cell.detector, wants_maps, parts, contestant.predict())
    # Choosing on the test set exists to reproduce published figures. Even so, the detector gets no labels.
    best, best_score = None, -1.0
    for predictions in contestant.checkpoints():
        candidate = collect(cell.detector, wants_maps, parts, predictions)
        score = oracle_score(candidate, truth)
        if best is None or score > best_score:
            best, best_score = candidate, score
    if best is None:
        raise UserError(f"{cell.detector.name} gave no checkpoint to choose from.")
    return best


def _is_oracle(cell: Cell) -> bool:
    return cell.detector.checkpoint(cell.parameters) == "test-oracle"
