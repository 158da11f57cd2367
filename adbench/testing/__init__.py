"""Tools for authors of plugins to test them."""

from adbench.testing.memory import memory_images

__all__ = ["memory_images"]
