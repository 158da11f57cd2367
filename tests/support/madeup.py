"""Runs with made-up figures: any names, any number of cells, quickly."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from adbench.contracts.dataset import Dataset
from adbench.contracts.protocol import EVALUATION_SIZE, Protocol
from adbench.metrics.ranking import auroc
from adbench.results.record import CellRecord, ScoreTable, cell_id
from adbench.results.store import RunFolder

HOSTILE_NAME = "<img src=x onerror=alert(1)>"
ENVIRONMENT = {"python": "3.11.9", "packages": {"adbench-vision": "0.1.0", "torch": "2.5.0"}, "device": "x86_64", "commit": None}


def made_up_cell(
    folder: RunFolder,
    method: str,
    dataset: str,
    *,
    items: list[tuple[str, bool]] | None = None,
    shift: float = 1.5,
    seed: int = 0,
    fingerprint: str = "",
    protocol: dict[str, Any] | None = None,
    **record: Any,
) -> CellRecord:
    """A finished cell: normal scores, abnormal ones higher by `shift`; figures measured on them."""
    items = items or [(f"{'Ungood' if number % 2 else 'good'}/{number:03d}", bool(number % 2)) for number in range(40)]
    labels = np.array([abnormal for _, abnormal in items])
    rng = np.random.default_rng([seed, *f"{method}{dataset}{record.get('track')}{record.get('k')}".encode()])
    scores = rng.standard_normal(len(items)) + shift * labels
    table = ScoreTable([name for name, _ in items], scores, labels, [None] * len(items))
    known = _known(method, dataset, seed, fingerprint, protocol, record)
    counts = {"normal": int((~labels).sum()), "abnormal": int(labels.sum())}
    figures = {"image_auroc": float(auroc(labels, scores)), **record.pop("metrics", {})}
    made = _record(known, status="done", metrics=figures, counts=counts, **record)
    folder.write(made, table)
    return made


def failed_cell(folder: RunFolder, method: str, dataset: str, message: str, *, seed: int = 0, **record: Any) -> CellRecord:
    """A cell that failed."""
    known = _known(method, dataset, seed, "", None, record)
    error = {"type": "ValueError", "message": message, "traceback": f"Traceback\nValueError: {message}"}
    made = _record(known, status="failed", error=error, **record)
    folder.write(made)
    return made


def keep_maps(folder: RunFolder, record: CellRecord, dataset: Dataset, noise: float, side: int = 32) -> None:
    """`maps.npz`: the masks, blurred and noisy."""
    rng = np.random.default_rng(len(record.id))
    table = folder.scores(record.id)
    items = {item.id: item for item in dataset.items("test")}
    maps = np.empty((len(table.ids), side, side), np.float16)
    for row, name in enumerate(table.ids):
        mask = dataset.mask("test", items[name]) if items[name].abnormal and dataset.card.has_masks else None
        maps[row] = noise * rng.random((side, side)) + (0 if mask is None else _shrunk(mask, side))
    sink = io.BytesIO()
    np.savez_compressed(sink, ids=np.array(table.ids), maps=maps)
    (folder.cells / record.id / "maps.npz").write_bytes(sink.getvalue())


def _shrunk(mask: np.ndarray, side: int) -> np.ndarray:
    rows = np.arange(side) * mask.shape[0] // side
    columns = np.arange(side) * mask.shape[1] // side
    return mask[rows][:, columns].astype(float)


def _known(
    method: str, dataset: str, seed: int, fingerprint: str, protocol: dict[str, Any] | None, record: dict[str, Any]
) -> dict[str, Any]:
    usual = {**Protocol().__dict__, "evaluation_size": EVALUATION_SIZE}
    return {
        "method": method,
        "dataset": dataset,
        "track": record.setdefault("track", "few-shot"),
        "k": record.setdefault("k", 4),
        "seed": seed,
        "preset": record.setdefault("preset", "demo"),
        "version": "1",
        "parameters": {"size": 240, "layers": [1, 2]},
        "weights": {"tiny": "5f" * 32},
        "fingerprint": fingerprint or "ab" * 32,
        "protocol": {**usual, **(protocol or {})},
        "precision": "fp32",
    }


def _record(known: dict[str, Any], **values: Any) -> CellRecord:
    shared = {name: known[name] for name in ("method", "dataset", "seed", "track", "k", "preset")}
    values.setdefault("variant", known["method"])
    values.setdefault("title", known["method"].title())
    values.setdefault("seconds", {"fit": 1.5, "predict": 0.5})
    values.setdefault("started", "2026-01-05T10:00:00+00:00")
    return CellRecord(id=cell_id(known), identity=known, environment=ENVIRONMENT, peak_memory_mb=512.0, **(shared | values))
