"""The generated parts of the pages, by name, each made of the registry of first-party cards; and the pictures, by file."""

from __future__ import annotations

from collections.abc import Callable

from adbench.registry.cards import Registry
from parts import cards, commands, contracts, reference, rooms

PARTS: dict[str, Callable[[Registry], str]] = {
    "commands": commands.commands,
    "methods": cards.methods,
    "datasets": cards.datasets,
    "weights": cards.weights,
    "suites": cards.suites,
    "cell-fields": contracts.cell_fields,
    "baseline-fields": contracts.baseline_fields,
    "detector-checks": contracts.detector_checks,
    "dataset-checks": contracts.dataset_checks,
    "figures": contracts.figures,
    "hooks": contracts.hooks,
    "rooms": rooms.rooms,
    "api-adbench": reference.adbench_names,
    "api-metrics": reference.metrics_names,
    "api-nets": reference.nets_names,
    "api-testing": reference.testing_names,
}

PICTURES: dict[str, Callable[[], str]] = {
    "architecture.svg": rooms.picture,
}
