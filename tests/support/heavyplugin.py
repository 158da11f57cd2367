"""A plugin that is not cheap to register."""

from __future__ import annotations

import faultydatasets
import faultydetectors
import torch  # noqa: F401

import adbench


@adbench.hookimpl
def adbench_detectors() -> list[adbench.DetectorCard]:
    """The right one."""
    return [faultydetectors.card()]


@adbench.hookimpl
def adbench_datasets() -> list[adbench.DatasetCard]:
    """The right one."""
    return [faultydatasets.card()]
