"""What a set is called, wherever it lies: by the name of its folder or file, or as the user says (`folder:NAME=PATH`)."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

from adbench import DatasetCard
from adbench_folder.categories import categories


def expand_folder(card: DatasetCard, root: Path | None) -> list[DatasetCard]:
    """The set of a folder, or those of its categories, `folder:ROOT/bottle`."""
    name, folder = located(card.argument, root)
    found = categories(folder) if folder.is_dir() else []
    if len(found) > 1:
        return [_card(card, f"{name}/{_plain(below)}", below) for below in found]
    return [_card(card, name, folder)]


def expand_manifest(card: DatasetCard, root: Path | None) -> list[DatasetCard]:
    """The set of a manifest, called as the file without its suffix."""
    name, file = located(card.argument, root)
    return [_card(card, name, file)]


def located(argument: str, root: Path | None) -> tuple[str, Path]:
    """`PATH` or `NAME=PATH` to the name and where it lies: as the path says, else below the data root."""
    name, path = "", Path(argument).expanduser()
    if not path.exists() and "=" in argument:
        name, _, after = argument.partition("=")
        path = Path(after).expanduser()
    if root is not None and not path.exists() and (root / path).exists():
        path = root / path
    # What a link points to has one name; what is not there keeps the path that the user typed.
    path = path.resolve() if path.exists() else path
    return name or _plain(path), path


def _plain(path: Path) -> str:
    """The name of a folder, or of a file without its suffix, the same on every system."""
    name = path.stem if path.is_file() else path.resolve().name
    return unicodedata.normalize("NFC", name) or "root"


def _card(card: DatasetCard, name: str, path: Path) -> DatasetCard:
    kind = card.name.partition(":")[0]
    return replace(card, name=f"{kind}:{name}", argument=str(path))
