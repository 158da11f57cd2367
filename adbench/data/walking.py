"""All files below a folder: those that may be images, and the others with the reason why they are none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from adbench.data.accounting import LeftOut
from adbench.errors import UserError
from adbench.files.suffixes import IMAGE_SUFFIXES, suffix_of

# Folders that systems and file servers make, with thumbnails or deleted files in them.
SYSTEM_FOLDERS = frozenset({"__macosx", "@eadir", "#recycle", "$recycle.bin", "lost+found", "thumbs", "thumbnails"})
HIDDEN = "hidden"
SYSTEM = "in a folder that a system made"
LEADS_BACK = "a link that leads back to a folder above it"
UNREADABLE = "it cannot be read"
NOT_AN_IMAGE = "not an image: "


class Pictures(NamedTuple):
    """The image files of one folder: the names that lead to it, and theirs, sorted."""

    parts: tuple[str, ...]
    names: list[str]


@dataclass
class Tree:
    """Every folder with the images in it, parents first, and the files that are no images."""

    folder: Path
    folders: list[Pictures] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def files(self) -> Iterator[Path]:
        """All image files."""
        for parts, names in self.folders:
            where = self.folder.joinpath(*parts)
            yield from (where / name for name in names)


def walk(folder: Path) -> Tree:
    """Look through a folder and all below it, following links. Each folder is listed once, and no file is looked into.

    Raises:
        UserError: a folder that is neither hidden nor a system's cannot be read.
    """
    tree = Tree(folder)
    _walk(folder, (), frozenset(), "", tree)
    return tree


def _walk(folder: Path, parts: tuple[str, ...], above: frozenset[str], reason: str, tree: Tree) -> None:
    """`reason` says why nothing below counts, "" where it does."""
    real = os.path.realpath(folder)
    if real in above:
        tree.left_out.append(LeftOut(folder, LEADS_BACK))
        return
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries)
    except OSError as error:
        if reason:
            tree.left_out.append(LeftOut(folder, UNREADABLE))
            return
        raise UserError(f"The folder {folder} cannot be read: {error.strerror}.") from error
    pictures: list[str] = []
    below: list[tuple[str, str]] = []
    for name, is_folder in found:
        # A link that leads nowhere counts as a file: leaving it out in silence would change the set.
        if is_folder:
            below.append((name, reason or _reason_of_folder(name)))
        elif why := reason or _reason_of_file(name):
            tree.left_out.append(LeftOut(folder / name, why))
        else:
            pictures.append(name)
    if not reason:
        tree.folders.append(Pictures(parts, pictures))
    for name, why in below:
        _walk(folder / name, (*parts, name), above | {real}, why, tree)


def _reason_of_folder(name: str) -> str:
    if name.startswith("."):
        return HIDDEN
    return SYSTEM if name.lower() in SYSTEM_FOLDERS else ""


def _reason_of_file(name: str) -> str:
    if name.startswith("."):
        return HIDDEN
    suffix = suffix_of(name)
    if suffix in IMAGE_SUFFIXES:
        return ""
    return f"{NOT_AN_IMAGE}suffix {suffix}" if suffix else f"{NOT_AN_IMAGE}no suffix"
