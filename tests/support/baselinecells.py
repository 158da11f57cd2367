"""Cells of a baseline with known scores, and worse ones."""

from __future__ import annotations

import dataclasses

import numpy as np
from sklearn.metrics import roc_auc_score

from adbench.metrics import auroc
from adbench.regression.baseline import BaselineCell

KEY = {"variant": "m", "dataset": "d", "track": "few-shot", "k": 4, "seed": 0, "preset": "demo"}


def cell(dataset: str = "d", count: int = 120, separation: float = 1.5, seed: int = 0, **conditions) -> BaselineCell:
    labels = np.arange(count) % 2
    scores = np.random.default_rng([seed, *dataset.encode()]).normal(size=count) + separation * labels
    return BaselineCell(
        key={**KEY, "dataset": dataset, "seed": seed},
        conditions={"fingerprint": "f", "auxiliary": {}, "protocol": {}, **conditions},
        started="2026-01-05",
        metrics={"image_auroc": float(roc_auc_score(labels, scores))},
        intervals={},
        images=f"{dataset}{count}",
        labels="".join(map(str, labels)),
        groups=None,
        scores=scores.tolist(),
    )


def with_scores(original: BaselineCell, scores: np.ndarray) -> BaselineCell:
    area = float(roc_auc_score(original.table.labels, scores))
    return dataclasses.replace(original, scores=scores.tolist(), metrics={**original.metrics, "image_auroc": area})


def degraded(original: BaselineCell, drop: float) -> BaselineCell:
    """The cell with enough noise on its scores to lower its AUROC by `drop`."""
    noise = np.random.default_rng(7).normal(size=len(original.scores))
    for scale in np.geomspace(0.01, 20, 400):
        scores = np.asarray(original.scores) + scale * noise
        if original.metrics["image_auroc"] - auroc(original.table.labels, scores) >= drop:
            return with_scores(original, scores)
    raise AssertionError("the noise never lowered the AUROC so far")
