"""Figures computed again from what a run kept, without running a method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from adbench.contracts.metric import Metrics
from adbench.contracts.protocol import EVALUATION_SIZE
from adbench.data.pixelstore import Entry
from adbench.data.server import Decoder
from adbench.errors import UserError
from adbench.metrics.catalogue import AUPRO_LIMIT
from adbench.metrics.figures import Figures, image_figures, pixel_figures
from adbench.registry.cards import Registry
from adbench.results.brought import Brought, brought_figures, known_metrics
from adbench.results.maps import MapTable, read_maps, unreadable_maps
from adbench.results.record import CellRecord, ScoreTable
from adbench.results.reopen import Opened, reopen_dataset
from adbench.results.store import RunFolder

Copies = dict[tuple[str, str], Opened | UserError]


@dataclass(frozen=True)
class Remeasured:
    """A finished cell with its figures computed again.

    Attributes:
        record: what the run recorded.
        image: from the kept scores; None if they cannot be read.
        pixel: from the kept maps, which are float16; None without maps or masks.
        limit: false-positive rate up to which the AUPRO was integrated.
        problem: why `image` is None, or why `pixel` is None although the record has pixel figures; else "".
        cards: of the plugins' metrics among them, as a record keeps them.
        known: cards of all metrics that this cell may have.
    """

    record: CellRecord
    image: Figures | None
    pixel: Figures | None
    limit: float
    problem: str = ""
    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    known: Metrics = field(default_factory=known_metrics)

    def updated(self) -> CellRecord:
        """The record with its missing figures. Its own pixel figures come from the raw maps: they stay.

        Raises:
            UserError: the AUPRO was computed up to another limit than that of the records.
        """
        if self.limit != AUPRO_LIMIT:
            raise UserError(
                f"Records hold the AUPRO up to a false-positive rate of {AUPRO_LIMIT}: leave --fpr-limit out to write."
            )
        image, pixel = (found or Figures({}, {}) for found in (self.image, self.pixel))
        # A plugin's metric that fails here does not remove an earlier figure.
        anew = {name: value for name, value in image.metrics.items() if not (value is None and name in self.cards)}
        metrics = {**pixel.metrics, **image.metrics, **self.record.metrics, **anew}
        intervals = {**pixel.intervals, **self.record.intervals, **image.intervals}
        taken = {name: facts for name, facts in self.cards.items() if name in anew or name not in self.record.metrics}
        return replace(
            self.record,
            metrics=_in_order(metrics, self.known),
            intervals=_in_order(intervals, self.known),
            metric_cards={**self.record.metric_cards, **taken},
        )

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary per figure; `source` is `scores`, `maps` or, if it cannot be computed again, `record`."""
        record = self.record
        names = ("id", "variant", "dataset", "track", "k", "seed", "preset")
        cell = {name: getattr(record, name) for name in names}
        rows = []
        for metric in self.known.values():
            found, source = (self.image, "scores") if metric.kind == "image" else (self.pixel, "maps")
            if found is None or metric.name not in found.metrics:
                found, source = Figures(record.metrics, record.intervals), "record"
                if metric.name == "pixel_aupro" and self.limit != AUPRO_LIMIT:
                    continue
            if metric.name in found.metrics:
                low, high = found.intervals.get(metric.name, (None, None))
                value = found.metrics[metric.name]
                rows.append({**cell, "metric": metric.name, "value": value, "low": low, "high": high, "source": source})
        return rows


def remeasure(
    folder: RunFolder, records: Iterable[CellRecord], registry: Registry, root: Path | None, limit: float = AUPRO_LIMIT
) -> Iterator[Remeasured]:
    """Compute the figures of finished cells again, one cell at a time.

    Args:
        folder: the run.
        records: of its cells; failed ones are skipped.
        registry: finds the datasets.
        root: folder with the sets, for the masks.
        limit: false-positive rate in (0, 1] up to which the AUPRO is integrated.
    """
    if not 0 < limit <= 1:
        raise UserError(f"--fpr-limit must lie above 0 and not above 1, unlike {limit:g}.")
    copies: Copies = {}
    for record in records:
        if record.status == "done":
            yield _one(folder, record, registry, root, limit, copies)


def _one(
    folder: RunFolder, record: CellRecord, registry: Registry, root: Path | None, limit: float, copies: Copies
) -> Remeasured:
    known = known_metrics([record], registry.metrics)
    try:
        table = folder.scores(record.id)
    except UserError as error:
        return Remeasured(record, None, None, limit, str(error), {}, known)
    brought = brought_figures(registry.metrics.brought, "image", table.labels, table.scores)
    image = _with(image_figures(table.labels, table.scores, table.subjects), brought)
    if not any(known[name].kind == "pixel" for name in record.metrics):
        return Remeasured(record, image, None, limit, "", brought.cards, known)
    try:
        maps = read_maps(folder.cells / record.id)
        if maps is None:
            raise UserError("no maps were kept (run with --keep maps)")
        if set(maps.ids) != set(table.ids) or maps.maps.shape[1:] != (EVALUATION_SIZE, EVALUATION_SIZE):
            raise unreadable_maps(folder.cells / record.id)
        masks = _masks(_copy(record, registry, root, copies), maps.ids)
        pixels = brought_figures(registry.metrics.brought, "pixel", masks, maps.maps)
        pixel = _with(pixel_figures(masks, maps.maps, _subjects(table, maps), limit), pixels)
    except UserError as error:
        return Remeasured(record, image, None, limit, str(error), brought.cards, known)
    return Remeasured(record, image, pixel, limit, "", brought.cards | pixels.cards, known)


def _with(figures: Figures, brought: Brought) -> Figures:
    return Figures(figures.metrics | brought.metrics, figures.intervals)


def _copy(record: CellRecord, registry: Registry, root: Path | None, copies: Copies) -> Opened:
    """Open each dataset once: a fingerprint reads every file."""
    key = record.dataset, record.identity.get("fingerprint", "")
    if key not in copies:
        try:
            copies[key] = reopen_dataset(registry, key[0], root, key[1], record.reading)
        except UserError as error:
            copies[key] = error
    found = copies[key]
    if isinstance(found, UserError):
        raise found
    return found


def _masks(opened: Opened, ids: list[str]) -> np.ndarray:
    dataset, items = opened
    try:
        entries = [Entry(dataset, "test", items[name]) for name in ids]
    except KeyError as error:
        raise UserError(f"{dataset.card.name} has no test image {error}") from None
    with Decoder(entries, masks=True) as decoder:
        try:
            return decoder.source().masks(range(len(entries)), (EVALUATION_SIZE, EVALUATION_SIZE))
        except UserError:
            raise UserError(f"a mask cannot be read: {decoder.failures[0]}") from None


def _subjects(table: ScoreTable, maps: MapTable) -> np.ndarray | None:
    """In the order of the maps."""
    if table.subjects is None:
        return None
    rows = {name: row for row, name in enumerate(table.ids)}
    return table.subjects[[rows[name] for name in maps.ids]]


def _in_order(values: dict[str, Any], known: Metrics) -> dict[str, Any]:
    """In the order of the catalogue and the plugins; unknown metrics last."""
    return {name: values[name] for name in dict.fromkeys([*(name for name in known if name in values), *values])}
