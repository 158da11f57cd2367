"""Tools for plugin authors: the conformance kit, and images in memory."""

from adbench.testing.checks import CheckFailed, CheckResult
from adbench.testing.memory import memory_images
from adbench.testing.parametrize import parametrize_with_checks
from adbench.testing.suite import check_dataset, check_detector

__all__ = ["CheckFailed", "CheckResult", "check_dataset", "check_detector", "memory_images", "parametrize_with_checks"]
