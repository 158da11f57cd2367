"""A dataset plugin that is expensive to register."""

from __future__ import annotations

import faultydatasets
import scipy  # noqa: F401

import adbench


@adbench.hookimpl
def adbench_datasets() -> list[adbench.DatasetCard]:
    """The correct one."""
    return [faultydatasets.card()]
