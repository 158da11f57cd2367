"""The public names of each module, for the page that documents them."""

from __future__ import annotations

from types import ModuleType

import adbench
import adbench.metrics
import adbench.testing
import adbench_nets
from adbench.registry.cards import Registry


def adbench_names(registry: Registry) -> str:
    """All that plugins and scripts import."""
    return _directives(adbench)


def metrics_names(registry: Registry) -> str:
    """Figures and their uncertainty."""
    return _directives(adbench.metrics)


def nets_names(registry: Registry) -> str:
    """What detectors share."""
    return _directives(adbench_nets)


def testing_names(registry: Registry) -> str:
    """The conformance kit."""
    return _directives(adbench.testing)


def _directives(module: ModuleType) -> str:
    return "\n".join(f"::: {module.__name__}.{name}\n" for name in module.__all__)
