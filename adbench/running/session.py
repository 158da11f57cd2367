"""The session: what all cells of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adbench.contracts.dataset import Dataset
from adbench.contracts.metric import MetricCard
from adbench.errors import UserError
from adbench.planning.options import RunOptions
from adbench.planning.plan import Plan
from adbench.registry.cards import Registry
from adbench.running import environment
from adbench.weights.resolver import WeightsResolver


@dataclass(frozen=True)
class Session:
    """What the cells of a run share; `metrics` are those of plugins."""

    datasets: dict[str, Dataset]
    weights: WeightsResolver
    device: str
    precision: Any
    batch_size: int
    keep: tuple[str, ...]
    environment: dict[str, Any]
    metrics: list[MetricCard] = field(default_factory=list)
    data_root: Path | None = None


def open_session(registry: Registry, options: RunOptions, plan: Plan) -> Session:
    """Check the device and build what cells share. Raises `UserError` if the device is not available."""
    device = environment.choose_device(options.device)
    if device == "cpu" and options.precision == "fp16":
        raise UserError("--precision fp16 needs a GPU: use fp32 or bf16 on a CPU.")
    return Session(
        datasets=plan.datasets,
        weights=WeightsResolver(registry.weights, given=options.weights, offline=options.offline),
        device=device,
        precision=options.precision,
        batch_size=options.batch_size,
        keep=options.keep,
        environment=environment.describe(device),
        metrics=registry.metrics.brought,
        data_root=options.data_root,
    )
