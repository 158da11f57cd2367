"""One cell: the only caller of `fit` and `predict`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from adbench.contracts.detector import Context, Detector
from adbench.contracts.images import ImageBatch
from adbench.contracts.protocol import POOLS
from adbench.data.server import Decoder
from adbench.errors import UserError
from adbench.planning.cell import Cell, auxiliary_sets
from adbench.planning.draws import draw_support, limited, shuffled_test
from adbench.registry.factories import load_factory
from adbench.results.maps import MapTable, as_half
from adbench.results.record import CellRecord, ScoreTable
from adbench.running import environment
from adbench.running.costs import Meter, gflop_per_image
from adbench.running.evaluate import Predictions, Truth, collect, figures, figures_of_plugins, oracle_score
from adbench.running.grants import counts_of, groups, reraise_first, score_table, support_of, truth_of
from adbench.running.independence import contradiction, sample, tolerance_for
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


def run_cell(cell: Cell, session: Session, known: dict[str, Any], track: Progress) -> Outcome:
    """Draw the support, fit, predict and score. An exception makes a failed record; only interrupts pass."""
    started = now()
    try:
        measured, kept = _measure(cell, session, track)
    except Exception as error:
        return Outcome(failure(cell, session, known, error, started))
    return Outcome(record_of(cell, session, known, started, status="done", **measured), **kept)


def _measure(cell: Cell, session: Session, track: Progress) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields of the record, and of the outcome."""
    dataset = session.datasets[cell.dataset.name]
    others = auxiliary_sets(cell, session.datasets)
    draw = draw_support(dataset, cell.track, cell.k, cell.seed, others, POOLS[cell.protocol.pool], cell.protocol.support_list)
    draw = limited(draw, cell.protocol.limit)
    test = shuffled_test(dataset, cell.protocol.limit)
    twice = sample(len(test))
    environment.seed_everything(cell.seed)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="adbench-")))
        granted = stack.enter_context(Decoder([e for group in groups(draw) for e in group], masks=True))
        # Images that are scored a second time get new ids: a detector may have kept something under the first.
        unlabelled = stack.enter_context(Decoder([*test, *(test[row] for row in twice)], masks=False))
        referee = stack.enter_context(Decoder(test, masks=True))
        meter = stack.enter_context(Meter(session.device))
        decoders = (granted, unlabelled, referee)
        try:
            detector: Detector = load_factory(cell.detector.factory, cell.detector.title)(cell.detector, cell.parameters)
            context = Context(session.device, cell.seed, session.weights, scratch, session.precision, track)
            meter.timed("fit", detector.fit, support_of(cell, draw, granted), context)
            truth = truth_of(dataset, test, referee)
            images = ImageBatch(unlabelled.source(), range(len(test)))
            predictions = meter.timed("predict", _predict, cell, session, detector, images, truth, track)
            peak = environment.peak_memory_mb()
            state = _copied(detector.state_dict()) if "state" in session.keep else None
        except Exception:
            reraise_first(decoders)
            raise
        # A detector may have swallowed the error and gone on with other images.
        reraise_first(decoders)
        again = ImageBatch(unlabelled.source(), range(len(test), len(test) + len(twice)))

        def anew(batch: ImageBatch) -> Predictions:
            return _scored(cell, detector, [batch], predictions.maps is not None)

        # A `test-oracle` row cannot be tried: the checkpoint that was kept is gone. It is never ranked with others anyway.
        claims = not cell.detector.is_transductive(cell.parameters) and not _is_oracle(cell)
        tolerance = tolerance_for(session.device, session.precision)
        contradicted = contradiction(predictions, twice, anew, again, tolerance) if claims else ""
        cost = meter.cost(None if _is_oracle(cell) else len(test))
        gflop = gflop_per_image(anew, again)
    found = figures(predictions, truth)
    brought = figures_of_plugins(session.metrics, predictions, truth)
    measured = {
        "metrics": found.metrics | brought.metrics,
        "intervals": found.intervals,
        "metric_cards": brought.cards,
        "counts": counts_of(truth),
        "contradiction": contradicted,
        "seconds": meter.seconds,
        "peak_memory_mb": peak,
        "cost": cost if gflop is None else {**cost, "gflop_per_image": gflop},
        "kept": sorted(set(session.keep)),
    }
    maps = None
    if "maps" in session.keep and predictions.maps is not None:
        maps = as_half([entry.item.id for entry in test], predictions.maps)
    return measured, {"scores": score_table(test, predictions), "state": state, "maps": maps}


def _predict(cell: Cell, session: Session, detector: Detector, images: ImageBatch, truth: Truth, track: Progress) -> Predictions:
    parts = list(images.batches(session.batch_size))
    wants_maps = truth.masks is not None or "maps" in session.keep
    if not _is_oracle(cell):
        return _scored(cell, detector, parts, wants_maps, track)
    # Choosing on the test set exists to reproduce published figures. The labels stay on this side all the same.
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
    cell: Cell, detector: Detector, parts: list[ImageBatch], wants_maps: bool, track: Progress = lambda parts, _: iter(parts)
) -> Predictions:
    with torch.no_grad():
        return collect(cell.detector, wants_maps, parts, detector.predict_all(track(parts, "predict")))


def _is_oracle(cell: Cell) -> bool:
    return cell.detector.checkpoint(cell.parameters) == "test-oracle"


def _copied(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state as it is now: what is scored afterwards must not change it."""
    return {name: tensor.detach().clone() for name, tensor in state.items()}
