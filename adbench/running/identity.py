"""What tells one cell from another: everything that decides its scores."""

from __future__ import annotations

from typing import Any

from adbench.contracts.protocol import EVALUATION_SIZE
from adbench.planning.cell import Cell
from adbench.registry.parameters import as_json
from adbench.running.environment import package_versions
from adbench.running.session import Session


def identity(cell: Cell, session: Session) -> dict[str, Any]:
    """Everything that decides the scores of a cell. Raises `UserError` if weights or data are not available."""
    known = partial_identity(cell, session)
    parameters = known["parameters"]
    named = [parameters[name] for name in cell.detector.weight_parameters if parameters[name]]
    if cell.detector.own_weights:
        named += cell.detector.own_weights(cell.detector, cell.parameters, session.weights)
    return {
        **known,
        "version": cell.detector.version,
        "packages": package_versions(cell.detector.packages),
        "weights": {name: session.weights.sha256(name) for name in named},
        "fingerprint": session.datasets[cell.dataset.name].fingerprint(),
        "auxiliary": {name: session.datasets[name].fingerprint() for name in cell.auxiliary},
    }


def partial_identity(cell: Cell, session: Session) -> dict[str, Any]:
    """The identity of a cell without what must be read from its weights or data, for when those are not available."""
    return {
        **cell_names(cell),
        "parameters": as_json(cell.parameters),
        "protocol": {**cell.protocol.identity(), "evaluation_size": EVALUATION_SIZE},
        "precision": session.precision,
    }


def cell_names(cell: Cell) -> dict[str, Any]:
    """What tells cells apart for a reader; the same keys as in a record."""
    return {
        "method": cell.detector.name,
        "dataset": cell.dataset.name,
        "track": cell.track,
        "k": cell.k,
        "seed": cell.seed,
        "preset": cell.preset,
    }
