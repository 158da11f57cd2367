"""The checks by name, and the functions that run them: `check_detector`, `check_dataset`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from adbench.contracts.dataset import DatasetCard
from adbench.contracts.detector import DetectorCard
from adbench.registry.cards import Registry, load_registry
from adbench.registry.parameters import build_parameters
from adbench.testing import dataset_card, dataset_images, detector_card, detector_conduct, detector_scores, detector_supports
from adbench.testing.checks import Check, CheckResult, chosen, demand_known, run_check
from adbench.testing.dataset_bench import DatasetBench
from adbench.testing.detector_bench import DetectorBench
from adbench.testing.registration import plugin_of

DETECTOR_CHECKS: tuple[Check, ...] = (
    *detector_card.CHECKS,
    *detector_scores.CHECKS,
    *detector_supports.CHECKS,
    *detector_conduct.CHECKS,
)
DATASET_CHECKS: tuple[Check, ...] = (*dataset_card.CHECKS, *dataset_images.CHECKS)
Bench = DetectorBench | DatasetBench


def check_detector(
    detector: str | DetectorCard,
    *,
    only: Iterable[str] = (),
    parameters: Mapping[str, Any] | None = None,
    weights: Mapping[str, Path] | None = None,
    preset: str = "demo",
    registry: Registry | None = None,
) -> list[CheckResult]:
    """Check a detector against the contract on small procedural images, on the CPU (and a GPU where there is one).

    Args:
        detector: a name, or a card.
        only: names of checks; empty = all.
        parameters: values that replace those of the preset.
        weights: weights name to file; nothing is downloaded.
        preset: the preset whose parameters to use.
        registry: where to look up names and weights; None = all installed plugins.

    Raises:
        UserError: unknown detector, check or parameter, also in the card's `expected_failed_checks`.
    """
    bench = detector_bench(detector, parameters=parameters, weights=weights, preset=preset, registry=registry)
    return [run_check(check, bench) for check in chosen(DETECTOR_CHECKS, only)]


def check_dataset(
    dataset: str | DatasetCard,
    *,
    only: Iterable[str] = (),
    data_root: Path | str | None = None,
    registry: Registry | None = None,
) -> list[CheckResult]:
    """Check a dataset against the contract. All its images are read once.

    Args:
        dataset: a name, or a card.
        only: names of checks; empty = all.
        data_root: folder that holds the sets, for those on disk.
        registry: where to look up names; None = all installed plugins.

    Raises:
        UserError: unknown dataset or check, also in the card's `expected_failed_checks`.
    """
    bench = dataset_bench(dataset, data_root=data_root, registry=registry)
    return [run_check(check, bench) for check in chosen(DATASET_CHECKS, only)]


def detector_bench(
    detector: str | DetectorCard,
    *,
    parameters: Mapping[str, Any] | None = None,
    weights: Mapping[str, Path] | None = None,
    preset: str = "demo",
    registry: Registry | None = None,
    device: str = "cpu",
    gpu: str | None = "auto",
) -> DetectorBench:
    """A bench for the checks of one detector; arguments as for `check_detector`."""
    registry = registry or load_registry()
    card = registry.detector(detector) if isinstance(detector, str) else detector
    plugin = plugin_of(registry, "adbench_detectors", card.name)
    demand_known(card, DETECTOR_CHECKS)
    files = {name: Path(path) for name, path in (weights or {}).items()}
    if parameters:
        build_parameters(card, preset, parameters)  # the caller's mistake, not the plugin's: raise it here
    return DetectorBench(card, registry, plugin, preset, parameters or {}, files, device, _gpu() if gpu == "auto" else gpu)


def dataset_bench(
    dataset: str | DatasetCard, *, data_root: Path | str | None = None, registry: Registry | None = None
) -> DatasetBench:
    """A bench for the checks of one dataset; arguments as for `check_dataset`."""
    registry = registry or load_registry()
    card = registry.dataset(dataset) if isinstance(dataset, str) else dataset
    demand_known(card, DATASET_CHECKS)
    plugin = plugin_of(registry, "adbench_datasets", card.name)
    return DatasetBench(card, Path(data_root) if data_root else None, plugin)


def _gpu() -> str | None:
    import torch

    return "cuda" if torch.cuda.is_available() else None


def bound_checks(benches: Sequence[Bench], only: Iterable[str] = ()) -> list[tuple[Check, Bench]]:
    """Each bench with the checks that apply to it. Raises `UserError` for a name in `only` that is a check of none."""
    suites = [(DETECTOR_CHECKS if isinstance(bench, DetectorBench) else DATASET_CHECKS, bench) for bench in benches]
    wanted = {check.name for check in chosen([check for checks, _ in suites for check in checks], only)}
    return [(check, bench) for checks, bench in suites for check in checks if check.name in wanted]
