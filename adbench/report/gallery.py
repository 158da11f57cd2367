"""Galleries: the images that methods find easiest, middling and hardest, with mask and anomaly maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adbench.contracts.protocol import track_words
from adbench.errors import UserError
from adbench.leaderboard.material import BoardCell, Material
from adbench.leaderboard.tables import Table
from adbench.metrics.delong import placements
from adbench.registry.cards import Registry
from adbench.report.maps import NOT_KEPT, KeptMaps, read_maps
from adbench.report.pictures import Picture, image_picture, map_picture, mask_picture
from adbench.results.record import CellRecord
from adbench.results.reopen import Opened, reopen_dataset

KEEP = " The same command with --keep maps adds them."
BUDGET = 2_000_000  # characters of all pictures together; keeps the page small enough to send


@dataclass(frozen=True)
class Shown:
    """One method's result on one image: score, share of the other label's images on the right side of it, map."""

    score: float
    placement: float
    map: Picture | None


@dataclass(frozen=True)
class Case:
    """One image. `placement` is the mean over methods."""

    kind: str
    id: str
    abnormal: bool
    placement: float
    image: Picture | None
    mask: Picture | None
    methods: tuple[Shown, ...]


@dataclass
class Gallery:
    """Cases of one dataset. Columns are (method, track and seed, mark); `notes` say what is missing."""

    title: str
    columns: list[tuple[str, str, str]]
    cases: list[Case]
    has_masks: bool
    notes: list[str] = field(default_factory=list)


class ImageSource:
    """The datasets of a report, opened once each; counts the space that pictures take."""

    def __init__(self, registry: Registry | None, root: Path | None) -> None:
        self._registry = registry
        self._root = root
        self._opened: dict[tuple[str, str], Opened | str] = {}
        self.left = BUDGET

    def open(self, record: CellRecord) -> Opened | str:
        """The dataset and its test items by id, if it is the copy that was measured; else why it cannot be shown."""
        if self.left <= 0:
            return "the page is full"
        key = record.dataset, str(record.identity.get("fingerprint", ""))
        if key not in self._opened:
            self._opened[key] = self._open(*key, record.reading)
        return self._opened[key]

    def _open(self, name: str, fingerprint: str, reading: Mapping[str, Any]) -> Opened | str:
        if self._registry is None:
            return "images were not asked for"
        try:
            return reopen_dataset(self._registry, name, self._root, fingerprint, reading)
        except UserError as error:
            return str(error)


def galleries(material: Material, source: ImageSource) -> list[Gallery]:
    """One per dataset, preset and condition measured with both labels; over all tracks."""
    found = []
    grouped: dict[tuple[str, str], list[Table]] = {}
    for table in material.tables:
        grouped.setdefault((table.preset, table.condition), []).append(table)
    for (preset, condition), tables in grouped.items():
        for dataset in material.datasets:
            firsts = _first_seeds(material, tables, dataset)
            if firsts:
                title = f"{dataset} ({', '.join(filter(None, (f'preset {preset}', condition)))})"
                seen = [_images(cell) for cell in firsts]
                fits = [images == Counter(seen).most_common(1)[0][0] for images in seen]
                same = list(compress(firsts, fits))
                gallery = _gallery(title, dataset, same, source)
                others = [
                    f"{cell.record.variant}, {_detail(cell.record)}" for cell, fit in zip(firsts, fits, strict=True) if not fit
                ]
                gallery.notes += [f"Left out because they saw other images: {'; '.join(others)}."] if others else []
                found.append(gallery)
    return found


def choose_cases(labels: NDArray[np.bool_], quality: NDArray[np.float64]) -> list[tuple[str, int]]:
    """(kind, position) of the best, median and worst abnormal image and of the worst normal one, all different.

    Args:
        labels: (N,) True = abnormal; both present.
        quality: (N,) how well an image is placed, in [0, 1].
    """
    abnormal = np.flatnonzero(labels)[np.argsort(-quality[labels], kind="stable")]
    normal = np.flatnonzero(~labels)[np.argsort(quality[~labels], kind="stable")]
    chosen = [
        ("best abnormal", int(abnormal[0])),
        ("median abnormal", int(abnormal[len(abnormal) // 2])),
        ("worst abnormal", int(abnormal[-1])),
        ("worst normal", int(normal[0])),
    ]
    unique = {position: kind for kind, position in reversed(chosen)}
    return [(kind, position) for kind, position in chosen if unique[position] == kind]


def _first_seeds(material: Material, tables: list[Table], dataset: str) -> list[BoardCell]:
    """One cell per method, track and k."""
    behind = [material.of(table, row, dataset) for table in tables for row in table.rows]
    firsts = [next((cell for cell in cells if cell.ranked), None) for cells in behind]
    return [cell for cell in firsts if cell is not None]


def _detail(record: CellRecord) -> str:
    return f"{track_words(record.track, record.k)}, seed {record.seed}"


def _images(cell: BoardCell) -> tuple[str, ...]:
    return (str(cell.record.identity.get("fingerprint", "")), *(cell.scores.ids if cell.scores else ()))


def _gallery(title: str, name: str, cells: list[BoardCell], source: ImageSource) -> Gallery:
    tables = [cell.scores for cell in cells if cell.scores]
    labels, ids = tables[0].labels, tables[0].ids
    placed = np.empty((len(tables), len(labels)))
    for row, scores in zip(placed, tables, strict=True):
        row[labels], row[~labels] = placements(labels, scores.scores)
    chosen = choose_cases(labels, placed.mean(axis=0))
    gallery = Gallery(title, [(cell.record.variant, _detail(cell.record), cell.mark) for cell in cells], [], has_masks=False)
    opened = source.open(cells[0].record)
    kept: list[KeptMaps | str] = ["not shown"] * len(cells)
    if isinstance(opened, str):
        gallery.notes.append(f"No images: {opened}.")
    else:
        kept = [read_maps(cell.folder, [ids[position] for _, position in chosen]) for cell in cells]
        gallery.notes += _without_maps(cells, kept)
    for kind, position in chosen:
        image, mask = (None, None) if isinstance(opened, str) else _load(opened, ids[position], gallery.notes)
        shown = [
            Shown(float(scores.scores[position]), float(placement), _map(cell, maps, ids[position], image, mask))
            for cell, scores, placement, maps in zip(cells, tables, placed[:, position], kept, strict=True)
        ]
        case = _case(kind, ids[position], bool(labels[position]), float(placed[:, position].mean()), image, mask, shown)
        source.left -= sum(picture.size for picture in (case.image, case.mask, *(one.map for one in shown)) if picture)
        gallery.cases.append(case)
        gallery.has_masks |= case.mask is not None
    return gallery


def _without_maps(cells: list[BoardCell], kept: list[KeptMaps | str]) -> list[str]:
    notes = []
    for why in dict.fromkeys(maps for maps in kept if isinstance(maps, str)):
        mapless = [
            f"{cell.record.variant}, {_detail(cell.record)}" for cell, maps in zip(cells, kept, strict=True) if maps == why
        ]
        whose = "" if len(mapless) == len(cells) else f" of {'; '.join(mapless)}"
        notes.append(f"No maps{whose}: {why}.{KEEP if why == NOT_KEPT else ''}")
    return notes


def _load(opened: Opened, name: str, notes: list[str]) -> tuple[NDArray | None, NDArray | None]:
    dataset, items = opened
    try:
        item = items[name]
        mask = dataset.mask("test", item) if item.abnormal and dataset.card.has_masks else None
        return dataset.image("test", item), mask
    except Exception as error:  # an unreadable image loses its picture, not the report
        notes.append(f"{name} cannot be shown: {type(error).__name__}: {error}")
        return None, None


def _case(
    kind: str, name: str, abnormal: bool, placement: float, image: NDArray | None, mask: NDArray | None, shown: list[Shown]
) -> Case:
    label = "abnormal" if abnormal else "normal"
    return Case(
        kind,
        name,
        abnormal,
        placement,
        None if image is None else image_picture(image, f"Image {name}, {label}"),
        None if mask is None else mask_picture(mask, f"Mask of {name}: {100 * mask.mean():.1f} % of the pixels are anomalous"),
        tuple(shown),
    )


def _map(cell: BoardCell, maps: KeptMaps | str, name: str, image: NDArray | None, mask: NDArray | None) -> Picture | None:
    if isinstance(maps, str) or name not in maps.values or image is None:
        return None
    values = maps.values[name]
    alt = f"Anomaly map of {cell.record.variant}, {_detail(cell.record)}, for {name}"
    if mask is not None:
        row, column = np.unravel_index(int(np.argmax(values)), values.shape)
        inside = mask[row * mask.shape[0] // values.shape[0], column * mask.shape[1] // values.shape[1]]
        alt += f", highest {'inside' if inside else 'outside'} the mask"
    return map_picture(image, values, maps.low, maps.high, alt)
