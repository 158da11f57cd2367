"""The figures that a cell records: what each is called, which way is better, and how it is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AUPRO_LIMIT = 0.3
RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Metric:
    """One figure of merit, a fraction in [0, 1].

    Attributes:
        name: its key in a record.
        title: the words to print, without a unit.
        kind: whether images or pixels are ranked; pixel figures need masks and anomaly maps.
        computed: how it is computed, in a few sentences for readers.
        interval: where its 95 % interval comes from; "" if it has none.
        higher_is_better: the direction.
        uses_test_labels: a threshold is chosen on the very labels that are then judged, so the figure is optimistic.
    """

    name: str
    title: str
    kind: Literal["image", "pixel"]
    computed: str
    interval: str = ""
    higher_is_better: bool = True
    uses_test_labels: bool = False


_RESAMPLED = (
    f"Standard error over {RESAMPLES:,} resamples of whole images, or of whole subjects if the dataset knows them, never "
    "of pixels; those with and without abnormal pixels are drawn separately. Symmetric in the logit, with Student's quantile; "
    "the degrees of freedom come from the effective number of images with abnormal pixels. Absent if fewer than two images (or "
    "subjects) have any."
)

METRICS = (
    Metric(
        "image_auroc",
        "Image AUROC",
        "image",
        "The share of pairs of an abnormal and a normal image in which the abnormal one has the higher score, ties counted one "
        "half (Hanley and McNeil 1982). Exact, on raw scores.",
        "A score interval (Newcombe 2006) scaled to DeLong's variance (DeLong et al. 1988), or if the dataset knows subjects, to "
        "their variance (Obuchowski 1997).",
    ),
    Metric(
        "image_ap",
        "Image AP",
        "image",
        "Average precision: the sum over distinct thresholds of the step in recall times the precision, without interpolation. "
        "It depends on the share of abnormal images, so compare it within one dataset only.",
    ),
    Metric(
        "image_f1_max",
        "Image F1-max",
        "image",
        "The largest F1 over all thresholds. The threshold is the best one for the test labels, which is not known in advance: "
        "an upper bound on what a fixed threshold reaches.",
        uses_test_labels=True,
    ),
    Metric(
        "image_fpr95",
        "Image FPR at 95 % TPR",
        "image",
        "The share of normal images that raise a false alarm at the highest threshold that finds at least 95 % of the abnormal "
        "ones. No interpolation between thresholds.",
        higher_is_better=False,
    ),
    Metric(
        "pixel_auroc",
        "Pixel AUROC",
        "pixel",
        "The AUROC over all pixels of all test images, maps resized bilinearly and masks by nearest neighbour to the evaluation "
        "size. Exact, by a sort of the raw maps. Where few pixels are abnormal, easy background lifts it towards 1.",
        _RESAMPLED,
    ),
    Metric(
        "pixel_ap",
        "Pixel AP",
        "pixel",
        "Average precision over all pixels, as for images. It depends on the share of abnormal pixels.",
    ),
    Metric(
        "pixel_aupro",
        "AUPRO",
        "pixel",
        "The area under the per-region overlap curve (Bergmann et al. 2021) up to a false-positive rate of "
        f"{AUPRO_LIMIT:g}, divided by it: at each threshold the mean over abnormal regions (8-connected) of the share of "
        "their pixels found, so that a small lesion counts as much as a large one. Exact, with straight lines between thresholds.",
        _RESAMPLED,
    ),
)
"""Every figure that a cell records, image figures first."""

BY_NAME = {metric.name: metric for metric in METRICS}
