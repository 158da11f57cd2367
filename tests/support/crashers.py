"""A test plugin whose detectors end their process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import toyplugin

import adbench


class Segfault(toyplugin.Peak):
    """As C code may do."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        """Killed by the system."""
        os.kill(os.getpid(), signal.SIGSEGV)
        return super().predict(batch)


class Leaves(toyplugin.Peak):
    """Exits silently."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        """Left."""
        os._exit(0)


class Exits(toyplugin.Peak):
    """With SystemExit."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        """Left."""
        print("goodbye")
        sys.exit(3)


def _card(name: str, kind: type, **rest) -> adbench.DetectorCard:
    factory = f"crashers:{kind.__name__}"
    return adbench.DetectorCard(name=name, title=name, factory=factory, tracks=("few-normal",), **rest)


@adbench.hookimpl
def adbench_detectors() -> list[adbench.DetectorCard]:
    """All of them, and one whose card cannot be pickled."""
    unpicklable: Callable[..., list[str]] = lambda *_: []  # noqa: E731
    return [
        _card("segfault", Segfault),
        _card("leaves", Leaves),
        _card("exits", Exits),
        _card("stays", Exits, own_weights=unpicklable),
    ]
