"""The result schema: one JSON record and one score table a cell, versioned, readable without torch."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from adbench.contracts.detector import Selection
from adbench.contracts.protocol import TRACKS, cell_words
from adbench.errors import UserError
from adbench.results.typed import Misfit, checked, demand_schema, fields_of, from_json, mapping

if TYPE_CHECKING:
    import numpy as np
    from pydantic import TypeAdapter

SCHEMA = 1
MEND = "delete that folder to measure the cell again"


@dataclass(frozen=True, kw_only=True)
class CellRecord:
    """What `cell.json` holds.

    Attributes:
        id: folder name; ends in a digest of `identity`.
        status: `done` or `failed`.
        identity: everything that decides the scores; equal identities are the same cell.
        method, variant, title, dataset, track, k, seed, preset: what ran; `variant` names changed parameters.
        synthetic: the dataset is made by a program.
        metrics: `image_auroc`, `image_ap`, `image_f1_max`, `image_fpr95`, and with masks `pixel_auroc`, `pixel_ap`,
            `pixel_aupro`: in [0, 1], or None where it could not be measured; and what plugins measure.
        intervals: metric to the ends of its 95 % interval, for `image_auroc`, `pixel_auroc` and `pixel_aupro`; a metric
            whose sample is too small to give one is absent.
        metric_cards: each metric that a plugin brought to the fields of its `MetricCard`, so that it can be read without the
            plugin, and to a `problem`: why its figure is None, or "".
        counts: images and pixels by label.
        selection, transductive: marks of the protocol.
        random_weights: the network was never trained, see `DetectorCard.random_weights`.
        contradiction: what was seen where scores depend on other images although the card says that they do not; or "".
        seconds: of `fit` and `predict`.
        peak_memory_mb: most memory of the process while the cell ran, in MB; None where the platform does not tell.
        cost: `images_per_second`, `gpu_memory_mb`, `trainable_parameters`, `gflop_per_image`, see `adbench.running.costs`; what
            was not measured is absent.
        kept: of `maps` and `state`, what was asked to be kept beside the scores, and is where the method gives it.
        started: when, in ISO 8601 with the time zone.
        environment: versions, platform, device and commit that it ran with.
        error: `{"type", "message", "traceback"}` of a failed cell.
    """

    id: str
    status: Literal["done", "failed"]
    identity: dict[str, Any]
    method: str
    variant: str
    title: str
    dataset: str
    track: str
    k: int
    seed: int
    preset: str
    synthetic: bool = False
    metrics: dict[str, float | None] = field(default_factory=dict)
    intervals: dict[str, list[float]] = field(default_factory=dict)
    metric_cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    selection: str = "last"
    transductive: bool = False
    random_weights: bool = False
    contradiction: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float | None = None
    cost: dict[str, float] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    started: str = ""
    environment: dict[str, Any] = field(default_factory=dict)
    error: dict[str, str] | None = None

    @property
    def label(self) -> str:
        """For people, as a planned cell's: `mvfa, few-shot k=4, phantom-brain, seed 0`."""
        return cell_words(self.variant, self.track, self.k, self.dataset, self.seed)

    def to_json(self) -> str:
        """JSON with the schema version; a figure that is not a number becomes null."""
        metrics = {name: _measured(value) for name, value in self.metrics.items()}
        return json.dumps({"schema": SCHEMA, **asdict(self), "metrics": metrics}, indent=1, allow_nan=False) + "\n"


def read_record(file: Path) -> CellRecord:
    """Read a `cell.json`. Raises `UserError` where it cannot be read, is of a newer schema, or has a field that does not fit."""
    try:
        values, finite = from_json(file.read_bytes())
        demand_schema(values, SCHEMA, str(file), "update adbench, or use another --out")
        record = CellRecord(**checked(_fields(), values))
        if not finite:
            raise Misfit("`identity` or `environment`: a number is NaN or infinite")
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}.") from error
    except ValueError:
        raise UserError(f"{file} is not a result of adbench: {MEND}.") from None
    except Misfit as misfit:
        raise UserError(f"{file} is broken ({misfit}): {MEND}.") from None
    return record


@cache
def _fields() -> TypeAdapter[dict[str, Any]]:
    """What readers rely on, in `identity` and `error` too."""
    from annotated_types import Len

    texts = dict[str, str]
    known = {"protocol": dict[str, Any], "parameters": dict[str, Any], "weights": texts, "auxiliary": texts, "packages": texts}
    return fields_of(
        CellRecord,
        track=Literal[TRACKS],
        selection=Selection,
        identity=mapping({}, **known, fingerprint=str, precision=str, version=str),
        intervals=dict[str, Annotated[list[float], Len(2, 2)]],
        environment=mapping({}, packages=texts),
        error=mapping({"message": str}, type=str, traceback=str) | None,
    )


def cell_id(identity: dict[str, Any]) -> str:
    """A readable folder name that is unique to this identity."""
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]
    track = identity["track"] + (f"-{identity['k']}" if identity["k"] else "")
    words = (identity["method"], identity["dataset"], track, f"seed{identity['seed']}", digest)
    return "--".join(re.sub(r"[^A-Za-z0-9_.-]+", "_", str(word))[-60:] for word in words)


@dataclass(frozen=True)
class ScoreTable:
    """What `scores.parquet` holds: one row an image of the test set, in the dataset's order.

    Attributes:
        ids: (N,) names of the images in the dataset.
        scores: (N,) float64, raw, higher = more anomalous.
        labels: (N,) bool, True = abnormal.
        groups: (N,) subject, or None where unknown.
    """

    ids: list[str]
    scores: np.ndarray
    labels: np.ndarray
    groups: list[str | None]

    @property
    def subjects(self) -> np.ndarray | None:
        """(N,) str, the units that an interval resamples; None where some are unknown: then images are."""
        return known_subjects(self.groups)


def known_subjects(groups: Sequence[str | None]) -> np.ndarray | None:
    """(N,) str where every image's subject is known, else None."""
    import numpy as np

    return None if any(group is None for group in groups) else np.asarray(groups, str)


def _measured(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
