"""A plugin of a dataset that is not cheap to register."""

from __future__ import annotations

import faultydatasets
import scipy  # noqa: F401

import adbench


@adbench.hookimpl
def adbench_datasets() -> list[adbench.DatasetCard]:
    """The right one."""
    return [faultydatasets.card()]
