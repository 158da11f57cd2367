"""Figures of merit and their uncertainty. Numpy only at import; scipy is loaded by the functions that need it."""

from adbench.metrics.bootstrap import (
    PixelDifferences,
    PixelFigures,
    pixel_differences,
    pixel_intervals,
    pixel_values,
)
from adbench.metrics.catalogue import METRICS, Metric
from adbench.metrics.comparison import Contrast, Difference, contrast, holm, mean_contrast, paired_difference
from adbench.metrics.delong import auroc_interval
from adbench.metrics.figures import Figures, image_figures, pixel_figures
from adbench.metrics.histograms import Histograms, pixel_histograms
from adbench.metrics.interval import Interval
from adbench.metrics.ranking import (
    RankingFigures,
    auroc,
    average_precision,
    f1_max,
    fpr_at_tpr,
    ranking_figures,
)
from adbench.metrics.ranks import RankComparison, compare_ranks
from adbench.metrics.region import Regions, aupro, find_regions

__all__ = [
    "METRICS",
    "Contrast",
    "Difference",
    "Figures",
    "Histograms",
    "Interval",
    "Metric",
    "PixelDifferences",
    "PixelFigures",
    "RankComparison",
    "RankingFigures",
    "Regions",
    "aupro",
    "auroc",
    "auroc_interval",
    "average_precision",
    "compare_ranks",
    "contrast",
    "f1_max",
    "find_regions",
    "fpr_at_tpr",
    "holm",
    "image_figures",
    "mean_contrast",
    "paired_difference",
    "pixel_differences",
    "pixel_figures",
    "pixel_histograms",
    "pixel_intervals",
    "pixel_values",
    "ranking_figures",
]
