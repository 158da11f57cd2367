"""Resolve a name from the user to what is checked: a detector, a dataset, a group, or everything in a plugin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from adbench.contracts.dataset import DatasetCard
from adbench.contracts.detector import DetectorCard
from adbench.errors import UserError, did_you_mean
from adbench.registry.cards import Registry
from adbench.registry.factories import load_factory
from adbench.testing.suite import Bench, dataset_bench, detector_bench


def benches(
    name: str,
    registry: Registry,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    weights: Mapping[str, Path] | None = None,
    data_root: Path | None = None,
) -> list[Bench]:
    """The benches of everything a name stands for.

    Args:
        name: a detector, a dataset, a group of datasets, a plugin (its entry point) or its distribution. All that share
        the name are checked; for a plugin, cards whose name needs an argument are left out.
        parameters: method to parameter to value.
        weights, data_root: as for `check_detector` and `check_dataset`.

    Raises:
        UserError: nothing has this name, or the plugin with this name could not be loaded.
    """
    detectors, datasets = _names(name, registry)
    given = parameters or {}
    for method in given:
        if method not in detectors:
            raise UserError(f"Parameters are given for {method!r}, which is not checked.{did_you_mean(method, detectors)}")
    for method in detectors:
        _demand_factory(registry.detector(method))
    for dataset in datasets:
        _demand_factory(registry.dataset(dataset))
    found: list[Bench] = [
        detector_bench(card, parameters=given.get(card), weights=weights, registry=registry) for card in detectors
    ]
    found += [dataset_bench(card, data_root=data_root, registry=registry) for card in datasets]
    return found


def _demand_factory(card: DetectorCard | DatasetCard) -> None:
    """Fail early: with a factory that cannot be loaded every check would fail, and none would say how to fix it."""
    for field in ("factory", "expand"):
        if not (named := getattr(card, field, "")):
            continue
        try:
            load_factory(named, card.name)
        except UserError as error:
            raise UserError(f"{error}. Correct `{field}` on the card, or install what it needs.") from error


def _names(name: str, registry: Registry) -> tuple[list[str], list[str]]:
    detectors = [card for card in registry.detectors if card == name]
    datasets = [card for card in registry.datasets if card == name]
    datasets += [card.name for card in registry.groups().get(name, [])]
    for plugin in registry.plugins.loaded:
        if name not in (plugin.name, plugin.distribution):
            continue
        if plugin.error:
            raise UserError(f"The plugin {plugin.name!r} of {plugin.distribution} could not be loaded: {plugin.error}")
        brought = registry.plugins.brought[plugin.name]
        detectors += _plain_names(brought.get("adbench_detectors", ()))
        datasets += _plain_names(brought.get("adbench_datasets", ()))
    if not detectors and not datasets and ":" in name:
        prefix = f"{name.partition(':')[0]}:"
        detectors += [name] if prefix in registry.detectors else []
        datasets += [name] if prefix in registry.datasets else []
    if not detectors and not datasets and any(name in (plugin.name, plugin.distribution) for plugin in registry.plugins.loaded):
        raise UserError(f"The plugin {name!r} brings no method or dataset that can be checked on its own; see `adbench plugins`.")
    if not detectors and not datasets:
        plugins = [plugin.name for plugin in registry.plugins.loaded]
        known = [*registry.detectors, *registry.datasets, *registry.groups(), *plugins]
        failed = [f"{plugin.name!r}, which could not be loaded: {plugin.error}" for plugin in registry.plugins.failed()]
        where = f"Is it in the plugin {failed[0]}?" if failed else "Is it installed? `adbench plugins` lists what is."
        raise UserError(f"No method, dataset or plugin to check is called {name!r}.{did_you_mean(name, known)} {where}")
    return list(dict.fromkeys(detectors)), list(dict.fromkeys(datasets))


def _plain_names(cards: Iterable[DetectorCard | DatasetCard]) -> list[str]:
    """Names of all cards except those whose names need an argument."""
    return [card.name for card in cards if not card.name.endswith(":")]
