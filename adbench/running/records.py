"""Records of finished and failed cells, and the messages of failures."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from typing import Any

import torch

from adbench.errors import UserError
from adbench.planning.cell import Cell
from adbench.results.record import CellRecord, cell_id
from adbench.running.environment import package_versions
from adbench.running.failures import ContestantDied, ContestantFailed, name_of
from adbench.running.identity import cell_names
from adbench.running.places import without_places
from adbench.running.session import Session


def record_of(cell: Cell, session: Session, known: dict[str, Any], started: str, **measured: Any) -> CellRecord:
    """The record of a cell that began at `started`; `known` is its identity, or as much as is known of it."""
    return CellRecord(
        id=cell_id(known),
        identity=known,
        **cell_names(cell),
        variant=cell.variant,
        title=cell.detector.title,
        synthetic=cell.dataset.synthetic,
        has_masks=cell.dataset.has_masks,
        reading=cell.dataset.reading.changed(),
        selection=cell.detector.checkpoint(cell.parameters),
        transductive=cell.detector.is_transductive(cell.parameters),
        random_weights=cell.detector.has_random_weights(cell.parameters),
        started=started,
        environment=_environment(cell, session),
        **measured,
    )


def _environment(cell: Cell, session: Session) -> dict[str, Any]:
    """The session's, and the versions of what decides the scores of this method."""
    packages = {**session.environment.get("packages", {}), **package_versions(cell.detector.packages)}
    return {**session.environment, "packages": packages}


def failure(
    cell: Cell, session: Session, known: dict[str, Any], error: Exception, started: str, is_kept: bool = True
) -> CellRecord:
    """The record of a cell that failed with `error`.

    Args:
        is_kept: it may leave this machine, and so names no folder of it.
    """
    told = error.details if isinstance(error, ContestantFailed | ContestantDied) else "".join(traceback.format_exception(error))
    details = {
        "type": name_of(error),
        "message": explain(error),
        "traceback": told,
    }
    if is_kept:
        details = {name: without_places(text, cell, session) for name, text in details.items()}
    return record_of(cell, session, known, started, status="failed", error=details)


def now() -> str:
    """In ISO 8601 with the time zone."""
    return datetime.now(UTC).isoformat()


def explain(error: Exception) -> str:
    """One sentence, with a remedy if one is known."""
    out_of_memory = isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "can't allocate memory" in str(error)
    if out_of_memory or (isinstance(error, ContestantFailed) and error.is_out_of_memory):
        return "Out of memory: lower --batch-size, or the method's own batch_size or image_size with --set."
    text = " ".join(str(error).split()) or "no message"
    plain = isinstance(error, UserError | ContestantDied) or (isinstance(error, ContestantFailed) and error.is_user_error)
    return text if plain else f"{name_of(error)}: {text}"
