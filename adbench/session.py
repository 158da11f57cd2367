"""What the cells of a run share, what tells one cell from another under it, and the records of cells."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import torch

from adbench.dataset import Dataset
from adbench.errors import UserError
from adbench.parameters import as_json
from adbench.plan import Cell, auxiliary_sets
from adbench.protocol import EVALUATION_SIZE
from adbench.results import CellRecord, cell_id

if TYPE_CHECKING:
    from adbench.weights import Weights


@dataclass(frozen=True)
class Session:
    """What the cells of a run share."""

    datasets: dict[str, Dataset]
    weights: Weights
    device: str
    precision: Any
    batch_size: int
    keep: tuple[str, ...]
    environment: dict[str, Any]


def identity(cell: Cell, session: Session) -> dict[str, Any]:
    """Everything that decides the scores of a cell. Raises `UserError` where weights or data cannot be had."""
    known = conditions(cell, session)
    parameters = known["parameters"]
    named = [parameters[name] for name in cell.detector.weight_parameters if parameters[name]]
    if cell.detector.own_weights:
        named += cell.detector.own_weights(cell.detector, cell.parameters, session.weights)
    return {
        **known,
        "version": cell.detector.version,
        "weights": {name: session.weights.sha256(name) for name in named},
        "fingerprint": session.datasets[cell.dataset.name].fingerprint(),
        "auxiliary": {other.card.name: other.fingerprint() for other in auxiliary_sets(cell, session.datasets)},
    }


def conditions(cell: Cell, session: Session) -> dict[str, Any]:
    """What is known of a cell whose weights or data cannot be had: its identity without what would be read from them."""
    return {
        **_names(cell),
        "parameters": as_json(cell.parameters),
        "protocol": {**cell.protocol.identity(), "evaluation_size": EVALUATION_SIZE},
        "precision": session.precision,
    }


def record_of(cell: Cell, session: Session, known: dict[str, Any], started: str, **measured: Any) -> CellRecord:
    """The record of a cell that began at `started` and whose identity is `known`, as far as it is; with what was measured."""
    return CellRecord(
        id=cell_id(known),
        identity=known,
        **_names(cell),
        variant=cell.variant,
        title=cell.detector.title,
        synthetic=cell.dataset.synthetic,
        selection=cell.detector.checkpoint(cell.parameters),
        transductive=cell.detector.is_transductive(cell.parameters),
        random_weights=cell.detector.has_random_weights(cell.parameters),
        started=started,
        environment=session.environment,
        **measured,
    )


def failure(cell: Cell, session: Session, known: dict[str, Any], error: Exception, started: str) -> CellRecord:
    """The record of a cell that failed with `error`."""
    details = {
        "type": type(error).__name__,
        "message": explain(error),
        "traceback": "".join(traceback.format_exception(error)),
    }
    return record_of(cell, session, known, started, status="failed", error=details)


def now() -> str:
    """In ISO 8601 with the time zone."""
    return datetime.now(UTC).isoformat()


def explain(error: Exception) -> str:
    """One sentence, with the way out where there is a known one."""
    out_of_memory = isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "can't allocate memory" in str(error)
    if out_of_memory:
        return "Out of memory: lower --batch-size, or the method's own batch_size or image_size with --set."
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, UserError) else f"{type(error).__name__}: {text}"


def _names(cell: Cell) -> dict[str, Any]:
    return {
        "method": cell.detector.name,
        "dataset": cell.dataset.name,
        "track": cell.track,
        "k": cell.k,
        "seed": cell.seed,
        "preset": cell.preset,
    }
