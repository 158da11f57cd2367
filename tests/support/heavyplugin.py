"""A detector plugin that is expensive to register."""

from __future__ import annotations

import faultydetectors
import torch  # noqa: F401

import adbench


@adbench.hookimpl
def adbench_detectors() -> list[adbench.DetectorCard]:
    """The correct one."""
    return [faultydetectors.card()]
