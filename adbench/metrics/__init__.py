"""Figures of merit and their uncertainty. Numpy only at import; scipy is loaded by the functions that need it."""

from adbench.metrics.ranking import (
    RankingFigures,
    auroc,
    average_precision,
    f1_max,
    fpr_at_tpr,
    ranking_figures,
)
from adbench.metrics.region import Regions, aupro, find_regions

__all__ = [
    "RankingFigures",
    "Regions",
    "aupro",
    "auroc",
    "average_precision",
    "f1_max",
    "find_regions",
    "fpr_at_tpr",
    "ranking_figures",
]
