"""Figures that clinics ask for: the card. The function is imported only to measure."""

from __future__ import annotations

import adbench

SENSITIVITY = adbench.MetricCard(
    name="image_sensitivity_at_5_fpr",
    title="Sensitivity at 5 % false alarms",
    kind="image",
    factory="adbench_clinical.sensitivity:sensitivity_at_5_fpr",
    computed=(
        "The largest share of abnormal images found at a threshold that raises a false alarm for at most 5 % of the normal "
        "ones, on raw scores, without interpolation between thresholds. With fewer than 20 normal images no false alarm is "
        "allowed. The threshold is chosen on the test labels: an upper bound on what a fixed threshold reaches."
    ),
    uses_test_labels=True,
)


@adbench.hookimpl
def adbench_metrics() -> list[adbench.MetricCard]:
    """One."""
    return [SENSITIVITY]
