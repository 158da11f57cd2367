"""Roots that hold several sets, one a category, as MVTec AD and its like are released."""

from __future__ import annotations

from pathlib import Path

from adbench import SPLIT_NAMES, UserError
from adbench_folder import medianomaly, realiad, visa


def categories(root: Path) -> list[Path]:
    """The folders of the categories of a root, sorted by name; none where `root` is a set itself. Raises `UserError` where a
    folder or a list cannot be read."""
    children = folder_names(root)
    if _is_set(root, children):
        return []
    for listed in (visa.categories(root), realiad.categories(root)):
        if listed:
            return listed
    return [root / child for child in children if _is_set(root / child, folder_names(root / child))]


def folder_names(folder: Path) -> list[str]:
    """Names of the folders in a folder, but for hidden ones."""
    try:
        return sorted(child.name for child in folder.iterdir() if not child.name.startswith(".") and child.is_dir())
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be read: {error.strerror}.") from error


def has_splits(names: list[str]) -> bool:
    """Whether one of these folders is a split."""
    return any(name.lower() in SPLIT_NAMES for name in names)


def _is_set(folder: Path, children: list[str]) -> bool:
    return has_splits(children) or medianomaly.listing(folder) is not None
