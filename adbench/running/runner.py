"""One cell: the only caller of `fit` and `predict`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from adbench.contracts.detector import Context, Detector
from adbench.contracts.images import ImageBatch
from adbench.errors import UserError
from adbench.planning.cell import Cell
from adbench.registry.factories import load_factory
from adbench.results.maps import MapTable, as_half
from adbench.results.record import CellRecord, ScoreTable
from adbench.running import environment
from adbench.running.costs import Meter, gflop_per_image
from adbench.running.evaluate import Predictions, Truth, collect, figures, figures_of_plugins, oracle_score
from adbench.running.grants import Grants, choose_images, counts_of, score_table
from adbench.running.independence import contradiction, tolerance_for
from adbench.running.records import failure, now, record_of
from adbench.running.session import Session

Progress = Callable[[Iterable[Any], str], Iterator[Any]]


@dataclass(frozen=True)
class Outcome:
    """What is kept of a cell."""

    record: CellRecord
    scores: ScoreTable | None = None
    state: dict[str, torch.Tensor] | None = None
    maps: MapTable | None = None


def run_cell(cell: Cell, session: Session, known: dict[str, Any], progress: Progress) -> Outcome:
    """Draw the support, fit, predict and score. An exception becomes a failed record; only interrupts pass through."""
    started = now()
    try:
        measured, kept = _measure(cell, session, progress)
    except Exception as error:
        return Outcome(failure(cell, session, known, error, started))
    return Outcome(record_of(cell, session, known, started, status="done", **measured), **kept)


@dataclass(frozen=True)
class _Fitted:
    """A detector that has scored the test set, with what its record needs of that."""

    detector: Detector
    truth: Truth
    predictions: Predictions
    state: dict[str, torch.Tensor] | None
    peak_memory_mb: float | None


def _measure(cell: Cell, session: Session, progress: Progress) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields of the record, and of the outcome."""
    images = choose_images(cell, session.datasets)
    environment.seed_everything(cell.seed)
    with TemporaryDirectory(prefix="adbench-") as scratch, Grants(images) as grants, Meter(session.device) as meter:
        context = Context(session.device, cell.seed, session.weights, Path(scratch), session.precision, progress)
        with grants.true_cause():
            fitted = _fit_and_predict(cell, session, context, grants, meter)
        probed = _probe(cell, session, fitted, grants, meter)
    found = figures(fitted.predictions, fitted.truth)
    brought = figures_of_plugins(session.metrics, fitted.predictions, fitted.truth)
    measured = {
        "metrics": found.metrics | brought.metrics,
        "intervals": found.intervals,
        "metric_cards": brought.cards,
        "counts": counts_of(fitted.truth),
        "seconds": meter.seconds,
        "peak_memory_mb": fitted.peak_memory_mb,
        "kept": sorted(set(session.keep)),
        **probed,
    }
    maps = None
    if "maps" in session.keep and fitted.predictions.maps is not None:
        maps = as_half([entry.item.id for entry in images.test], fitted.predictions.maps)
    return measured, {"scores": score_table(images.test, fitted.predictions), "state": fitted.state, "maps": maps}


def _fit_and_predict(cell: Cell, session: Session, context: Context, grants: Grants, meter: Meter) -> _Fitted:
    detector: Detector = load_factory(cell.detector.factory, cell.detector.title)(cell.detector, cell.parameters)
    meter.timed("fit", detector.fit, grants.support(cell), context)
    truth = grants.truth(session.datasets[cell.dataset.name])
    predictions = meter.timed("predict", _predict, cell, session, detector, grants.test(), truth, context.progress)
    peak = environment.peak_memory_mb()
    state = _copied(detector.state_dict()) if "state" in session.keep else None
    return _Fitted(detector, truth, predictions, state, peak)


def _probe(cell: Cell, session: Session, fitted: _Fitted, grants: Grants, meter: Meter) -> dict[str, Any]:
    """Score some test images again: does a score depend on other images, and what does one cost?"""
    again, twice, oracle = grants.again(), grants.images.twice, _is_oracle(cell)

    def score_again(batch: ImageBatch) -> Predictions:
        return _scored(cell, fitted.detector, [batch], fitted.predictions.maps is not None)

    # A `test-oracle` row cannot be tested: its chosen checkpoint is gone. It is never ranked with others anyway.
    claims = not cell.detector.is_transductive(cell.parameters) and not oracle
    tolerance = tolerance_for(session.device, session.precision)
    contradicted = contradiction(fitted.predictions, twice, score_again, again, tolerance) if claims else ""
    cost = meter.cost(None if oracle else len(grants.images.test))
    gflop = gflop_per_image(score_again, again)
    return {"contradiction": contradicted, "cost": cost if gflop is None else {**cost, "gflop_per_image": gflop}}


def _predict(
    cell: Cell, session: Session, detector: Detector, images: ImageBatch, truth: Truth, progress: Progress
) -> Predictions:
    parts = list(images.batches(session.batch_size))
    wants_maps = truth.masks is not None or "maps" in session.keep
    if not _is_oracle(cell):
        return _scored(cell, detector, parts, wants_maps, progress)
    # Choosing on the test set exists to reproduce published figures. Even so, the detector gets no labels.
    best, best_score = None, -1.0
    for predictions in detector.predict_checkpoints(lambda: iter(parts)):
        candidate = collect(cell.detector, wants_maps, parts, predictions)
        score = oracle_score(candidate, truth)
        if best is None or score > best_score:
            best, best_score = candidate, score
    if best is None:
        raise UserError(f"{cell.detector.name} gave no checkpoint to choose from.")
    return best


def _scored(
    cell: Cell, detector: Detector, parts: list[ImageBatch], wants_maps: bool, progress: Progress = lambda parts, _: iter(parts)
) -> Predictions:
    with torch.no_grad():
        return collect(cell.detector, wants_maps, parts, detector.predict_all(progress(parts, "predict")))


def _is_oracle(cell: Cell) -> bool:
    return cell.detector.checkpoint(cell.parameters) == "test-oracle"


def _copied(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state as it is now: what is scored afterwards must not change it."""
    return {name: tensor.detach().clone() for name, tensor in state.items()}
