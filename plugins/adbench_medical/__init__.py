"""More medical sets, read from the user's copy: the seven of MedIAnomaly, the brain set of Kaggle, and BUSI."""

from __future__ import annotations

from adbench import DatasetCard, hookimpl
from adbench_medical.cards import BUSI, KAGGLE_BRAIN, MEDIANOMALY


@hookimpl
def adbench_datasets() -> tuple[DatasetCard, ...]:
    """The nine cards."""
    return (*MEDIANOMALY, KAGGLE_BRAIN, BUSI)
