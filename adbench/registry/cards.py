"""Names to cards: everything that the loaded plugins provide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from adbench.contracts.dataset import DatasetCard
from adbench.contracts.detector import DetectorCard
from adbench.contracts.executor import ExecutorCard
from adbench.contracts.metric import MetricCard, Metrics
from adbench.contracts.suites import PublishedCard, SuiteCard
from adbench.contracts.weights import WeightsCard
from adbench.errors import UserError, did_you_mean
from adbench.registry.core import CORE, core_executors, core_metrics
from adbench.registry.flaws import same_weights
from adbench.registry.loading import LoadedPlugin, Plugins, load_plugins

Card = TypeVar("Card", DetectorCard, DatasetCard, WeightsCard, SuiteCard, PublishedCard, MetricCard, ExecutorCard)
Served = TypeVar("Served", DetectorCard, DatasetCard)
ALL = "all"


@dataclass(frozen=True)
class Registry:
    """All cards by name, and the distribution that each comes from: `origins["method mvfa"]`."""

    plugins: Plugins
    detectors: dict[str, DetectorCard] = field(default_factory=dict)
    datasets: dict[str, DatasetCard] = field(default_factory=dict)
    weights: dict[str, WeightsCard] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    suites: dict[str, SuiteCard] = field(default_factory=dict)
    published: dict[str, PublishedCard] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=core_metrics)
    executors: dict[str, ExecutorCard] = field(default_factory=core_executors)

    def detector(self, name: str) -> DetectorCard:
        """The card of a method; `anomalib:Padim` gives the card `anomalib:` with its argument filled in."""
        return _lookup(name, self.detectors, "method", "adbench methods")

    def dataset(self, name: str) -> DatasetCard:
        """The card of a dataset; `folder:PATH` gives the card `folder:` with its argument filled in."""
        return _lookup(name, self.datasets, "dataset", "adbench datasets", self.groups())

    def executor(self, name: str) -> ExecutorCard:
        """The card of an executor."""
        if name not in self.executors:
            raise UserError(f"Unknown executor {name!r}.{did_you_mean(name, self.executors)}")
        return self.executors[name]

    def groups(self) -> dict[str, list[DatasetCard]]:
        """Group name to the cards of its sets, in the plugin's order."""
        groups: dict[str, list[DatasetCard]] = {}
        for card in self.datasets.values():
            for group in card.groups:
                groups.setdefault(group, []).append(card)
        return groups


def load_registry(plugins: Plugins | None = None) -> Registry:
    """Load all plugins and collect their cards.

    Two cards with the same name raise `UserError`, which names both distributions; equal weights cards count as one.
    """
    plugins = plugins or load_plugins()
    registry = Registry(plugins)
    origins = registry.origins
    origins.update({f"metric {name}": CORE for name in registry.metrics})
    origins.update({f"executor {name}": CORE for name in registry.executors})
    _collect(plugins.results("adbench_detectors"), "method", registry.detectors, origins)
    _collect(plugins.results("adbench_datasets"), "dataset", registry.datasets, origins)
    _collect(plugins.results("adbench_weights"), "weights", registry.weights, origins)
    _collect(plugins.results("adbench_suites"), "suite", registry.suites, origins)
    _collect(plugins.results("adbench_published"), "published", registry.published, origins)
    _collect(plugins.results("adbench_metrics"), "metric", registry.metrics, origins)
    _collect(plugins.results("adbench_executors"), "executor", registry.executors, origins)
    for name in (ALL, *registry.groups()):
        if name in registry.datasets:
            origin = origins[f"dataset {name}"]
            raise UserError(f"The dataset {name!r} of {origin} has the name of a group: rename it.")
    return registry


def _collect(
    results: Iterable[tuple[LoadedPlugin, list[Card]]], noun: str, cards: dict[str, Card], origins: dict[str, str]
) -> None:
    for plugin, brought in results:
        for card in brought:
            key = f"{noun} {card.name}"
            if card.name in cards and not same_weights(card, cards[card.name]):
                raise UserError(
                    f"Two {noun} cards are called {card.name!r}: one from {origins[key]}, one from {plugin.distribution}. "
                    "Uninstall one, or limit what is loaded with ADBENCH_PLUGINS."
                )
            cards.setdefault(card.name, card)
            origins.setdefault(key, plugin.distribution)


def _lookup(name: str, cards: dict[str, Served], noun: str, command: str, groups: Iterable[str] = ()) -> Served:
    if name in cards and not name.endswith(":"):
        return cards[name]
    prefix, colon, argument = name.partition(":")
    if colon and argument and f"{prefix}:" in cards:
        return replace(cards[f"{prefix}:"], name=name, argument=argument)
    if f"{prefix}:" in cards:
        raise UserError(f"The {noun} {prefix}: needs something after the colon; see `{command}`.")
    raise UserError(f"Unknown {noun} {name!r}.{did_you_mean(name, [*cards, *groups, ALL])} See `{command}`.")
