"""`metrics/`: ranking and region figures of golden scores and maps."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from adbench.metrics.ranking import ranking_figures
from adbench.metrics.region import aupro, find_regions
from parity_checks.april_aupro import april_aupro
from parity_checks.report import Report

ARRAYS = "metrics/metrics.npz"
FIGURES = "metrics/expected.json"
EXACT = 1e-9
ANOMALIB = 1e-5  # computed in float32
APRIL = 2e-3  # thresholds in float32; the tolerance of `april/e2e`


def check(folder: Path, report: Report) -> None:
    """Compare every figure; `folder` is the report's own."""
    for name in report.names(f"{ARRAYS}:img_*_labels"):
        case = name.removeprefix(f"{ARRAYS}:img_").removesuffix("_labels")
        _check_ranking(report, f"image/{case}", report.load(name), report.load(f"{ARRAYS}:img_{case}_scores"))
    for name in report.names(f"{ARRAYS}:px_*_masks"):
        case = name.removeprefix(f"{ARRAYS}:px_").removesuffix("_masks")
        masks, maps = report.load(name), report.load(f"{ARRAYS}:px_{case}_maps")
        _check_ranking(report, f"pixel/{case}", masks, maps)
        _check_regions(report, f"pixel/{case}", masks, maps)


def _check_ranking(report: Report, case: str, labels: np.ndarray, scores: np.ndarray) -> None:
    figures = ranking_figures(labels, scores)
    for key, value in zip(("auroc", "ap", "f1max"), figures[:3], strict=True):
        report.compare(f"{FIGURES}:{case}/{key}", value, atol=EXACT)


def _check_regions(report: Report, case: str, masks: np.ndarray, maps: np.ndarray) -> None:
    for connectivity in (8, 4):
        counted = find_regions(masks, connectivity).sizes.size
        report.exact(f"{FIGURES}:{case}/regions_{connectivity}", counted)
    for name in report.names(f"{FIGURES}:{case}/aupro_*"):
        variant = re.fullmatch(r".*/aupro_([\d.]+)_(anomalib|plain_conn8|plain_conn4)", name)
        if variant:
            limit, kind = float(variant[1]), variant[2]
            value = aupro(masks, maps, limit, connectivity=4 if kind == "plain_conn4" else 8)
            report.compare(name, value, atol=ANOMALIB if kind == "anomalib" else EXACT)
    _check_april(report, case, masks, maps)


def _check_april(report: Report, case: str, masks: np.ndarray, maps: np.ndarray) -> None:
    """APRIL-GAN's own figure; null where its code fails, with the error beside it, or gives NaN."""
    name = f"{FIGURES}:{case}/aupro_0.3_april_200step"
    if not report.has(name):
        return
    found = april_aupro(masks > 0, maps)
    if report.expected(name) is None or found is None:
        report.exact(name, found)
    else:
        report.compare(name, found, atol=APRIL)
    if report.has(f"{FIGURES}:{case}/april_error"):
        report.load(f"{FIGURES}:{case}/april_error")
