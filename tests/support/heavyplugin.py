"""A plugin of a detector that is not cheap to register."""

from __future__ import annotations

import faultydetectors
import torch  # noqa: F401

import adbench


@adbench.hookimpl
def adbench_detectors() -> list[adbench.DetectorCard]:
    """The right one."""
    return [faultydetectors.card()]
