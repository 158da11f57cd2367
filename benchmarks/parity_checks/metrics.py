"""`metrics/`: ranking and region figures of golden scores and maps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adbench.metrics.ranking import ranking_figures
from adbench.metrics.region import aupro, find_regions
from parity_checks.april_aupro import april_aupro
from parity_checks.report import Report

ARRAYS = "metrics/metrics.npz"
FIGURES = "metrics/expected.json"
KINDS = ("anomalib", "plain_conn8", "plain_conn4")
LIMIT = re.compile(rf".*/aupro_([\d.]+)_(?:{'|'.join(KINDS)})")
EXACT = 1e-9
ANOMALIB = 1e-5  # computed in float32
APRIL = 2e-3  # thresholds in float32; the tolerance of `april/e2e`


def check(folder: Path, report: Report) -> None:
    """Compare every figure; `folder` is the report's own."""
    for name in report.demand(f"{ARRAYS}:img_*_labels"):
        case = name.removeprefix(f"{ARRAYS}:img_").removesuffix("_labels")
        _check_ranking(report, f"image/{case}", report.load(name), report.load(f"{ARRAYS}:img_{case}_scores"))
    limits = sorted({match[1] for name in report.demand(f"{FIGURES}:pixel/*/aupro_*") if (match := LIMIT.fullmatch(name))})
    for name in report.demand(f"{ARRAYS}:px_*_masks"):
        case = name.removeprefix(f"{ARRAYS}:px_").removesuffix("_masks")
        masks, maps = report.load(name), report.load(f"{ARRAYS}:px_{case}_maps")
        _check_ranking(report, f"pixel/{case}", masks, maps)
        _check_regions(report, f"pixel/{case}", masks, maps, limits)


def _check_ranking(report: Report, case: str, labels: np.ndarray, scores: np.ndarray) -> None:
    figures = ranking_figures(labels, scores)
    for key, value in zip(("auroc", "ap", "f1max"), figures[:3], strict=True):
        report.compare(f"{FIGURES}:{case}/{key}", value, atol=EXACT)


def _check_regions(report: Report, case: str, masks: np.ndarray, maps: np.ndarray, limits: Sequence[str]) -> None:
    """Counts of regions, and all kinds of AUPRO at every limit of any case: none may be missing."""
    for connectivity in (8, 4):
        counted = find_regions(masks, connectivity).sizes.size
        report.exact(f"{FIGURES}:{case}/regions_{connectivity}", counted)
    for limit in limits:
        for kind in KINDS:
            value = aupro(masks, maps, float(limit), connectivity=4 if kind == "plain_conn4" else 8)
            report.compare(f"{FIGURES}:{case}/aupro_{limit}_{kind}", value, atol=ANOMALIB if kind == "anomalib" else EXACT)
    _check_april(report, case, masks, maps)


def _check_april(report: Report, case: str, masks: np.ndarray, maps: np.ndarray) -> None:
    """APRIL-GAN's own figure; null where its code fails (with the error next to it) or gives NaN."""
    name = f"{FIGURES}:{case}/aupro_0.3_april_200step"
    found = april_aupro(masks > 0, maps)
    if found is None or not report.has(name) or report.expected(name) is None:
        report.exact(name, found)
    else:
        report.compare(name, found, atol=APRIL)
    if report.has(f"{FIGURES}:{case}/april_error"):
        report.load(f"{FIGURES}:{case}/april_error")
