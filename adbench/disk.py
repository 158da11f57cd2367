"""Moved: `from adbench import DiskDataset`. This name stays for plugins written against 0.1."""

from adbench.data.disk import DiskDataset

__all__ = ["DiskDataset"]
