"""What figures were measured with: protocol, environment, versions, hashes; each once, with the cells it holds for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from adbench.leaderboard.material import Material
from adbench.results.record import CellRecord

WORDS = {
    "pool": "splits of the other sets that zero-shot detectors learn from",
    "other_modalities_only": "zero-shot: sets of the target's modality kept out",
    "limit": "at most this many images of each label",
    "version": "protocol version",
    "evaluation_size": "side length of the maps used for pixel figures",
}


@dataclass(frozen=True)
class Sheet:
    """Names and values that some of the cells share."""

    rows: tuple[tuple[str, str], ...]
    cells: int


@dataclass(frozen=True)
class DatasetLine:
    """A copy of a dataset: test images of each label, subjects (None: unknown), and its hash."""

    name: str
    normal: int | None
    abnormal: int | None
    groups: int | None
    synthetic: bool
    fingerprint: str


@dataclass(frozen=True)
class MethodLine:
    """A method as configured: version, parameters, weights by name with their SHA-256."""

    variant: str
    title: str
    version: str
    precision: str
    parameters: str
    weights: tuple[tuple[str, str], ...]


def protocol_sheets(material: Material) -> list[Sheet]:
    """Every protocol used."""
    return _sheets({**record.identity.get("protocol", {}), **_precision(record)} for record in _records(material))


def environment_sheets(material: Material) -> list[Sheet]:
    """Every environment used."""
    return _sheets(record.environment for record in _records(material))


def dataset_lines(material: Material) -> list[DatasetLine]:
    """Every copy of a dataset used; two lines with one name are different copies."""
    found: dict[tuple[str, str], DatasetLine] = {}
    for cell in material.cells:
        record = cell.record
        key = (record.dataset, str(record.identity.get("fingerprint") or ""))
        if key not in found or found[key].normal is None:
            groups = set(cell.scores.groups) if cell.scores else {None}
            known = None if None in groups else len(groups)
            counts = (record.counts.get("normal"), record.counts.get("abnormal"))
            found[key] = DatasetLine(record.dataset, *counts, known, record.synthetic, key[1])
    return [found[key] for key in sorted(found)]


def several_copies(material: Material) -> list[str]:
    """Datasets whose cells saw different copies."""
    names = [line.name for line in dataset_lines(material) if line.fingerprint]
    return sorted({name for name in names if names.count(name) > 1})


def method_lines(material: Material) -> list[MethodLine]:
    """Every method as configured."""
    lines = []
    for record in _records(material):
        known = record.identity
        weights = tuple(sorted((str(name), str(digest)) for name, digest in (known.get("weights") or {}).items()))
        parameters = ", ".join(f"{name}={json.dumps(value)}" for name, value in (known.get("parameters") or {}).items())
        precision = str(known.get("precision", ""))
        lines.append(MethodLine(record.variant, record.title, str(known.get("version", "")), precision, parameters, weights))
    return sorted(dict.fromkeys(lines), key=lambda line: (line.variant, line.parameters))


def _records(material: Material) -> list[CellRecord]:
    return [cell.record for cell in material.cells]


def _precision(record: CellRecord) -> dict[str, Any]:
    return {"precision": record.identity["precision"]} if "precision" in record.identity else {}


def _sheets(mappings: Iterable[Mapping[str, Any]]) -> list[Sheet]:
    counted: dict[tuple[tuple[str, str], ...], int] = {}
    for mapping in mappings:
        rows = tuple((WORDS.get(name, name.replace("_", " ")), _words(value)) for name, value in mapping.items())
        counted[rows] = counted.get(rows, 0) + 1
    return [Sheet(rows, cells) for rows, cells in counted.items() if rows]


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(inner)}" for name, inner in value.items())
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
