"""Where a set lies in the data root, and what lies in its folder, whatever the case of the names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from adbench import DatasetCard, UserError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})


def located(
    card: DatasetCard,
    root: Path | None,
    names: tuple[str, ...],
    fault: Callable[[Path], str],
    above: frozenset[str] | None = None,
) -> Path:
    """The folder of a set: in the data root, one level deeper, or the root itself.

    Args:
        card: of the set.
        root: the data root.
        names: what its folder may be called, as `plain` gives it.
        fault: why a folder of that name is not the set, as it goes on after "FOLDER ", or "".
        above: plain names of the folders in the root to look into; None: of any name.

    Raises:
        UserError: there is no such folder, none that is the set, or more than one; or a folder cannot be read.
    """
    get = card.how_to_get
    if root is None:
        raise UserError(f"{card.name} needs a data root (--data-root or ADBENCH_DATA). {get}")
    if not root.is_dir():
        raise UserError(f"The data root {root} is not a folder. {get}")
    faults: list[str] = []
    for candidates in _nearest_first(root, names, above):
        said = {folder: fault(folder) for folder in candidates}
        found = [folder for folder, wrong in said.items() if not wrong]
        if len(found) > 1:
            raise UserError(f"Both {found[0]} and {found[1]} hold {card.name}: remove or rename one of them.")
        if found:
            return found[0]
        faults += [f"{folder} {wrong}" for folder, wrong in said.items()]
    if faults:
        raise UserError(f"{card.name}: {faults[0]}. {get}")
    where = "or one level deeper" if above is None else f"or in a folder {' or '.join(sorted(above))} of it"
    raise UserError(f"{card.name}: no folder in {root} {where} is called {' or '.join(names)} (any case). {get}")


def plain(name: str) -> str:
    """The name of a folder as it is compared: in lower case, `-` and blanks as `_`."""
    return re.sub(r"[-_ ]+", "_", name.lower()).strip("_")


def below(folder: Path, *names: str) -> Path:
    """Where these names, in any case, lead to; as they are given where nothing is called so. Raises `UserError` as `children`."""
    for name in names:
        found = [child for child in children(folder) if child.name.lower() == name.lower()] if folder.is_dir() else []
        folder = found[0] if found else folder / name
    return folder


def missing_folders(folder: Path, names: Iterable[str]) -> str:
    """Which of these folders a set lacks, as it follows the set's name in a sentence; "" if none."""
    missing = [name for name in names if not below(folder, name).is_dir()]
    return f"has no folder {' and no folder '.join(missing)}" if missing else ""


def images(folder: Path) -> list[Path]:
    """The image files right in a folder, sorted; none where it is not there. Raises `UserError` as `children`."""
    if not folder.is_dir():
        return []
    return [child for child in children(folder) if child.suffix.lower() in SUFFIXES and not child.is_dir()]


def folders(folder: Path) -> list[Path]:
    """The folders right in a folder, sorted. Raises `UserError` as `children`."""
    return [child for child in children(folder) if child.is_dir()]


def children(folder: Path) -> list[Path]:
    """What is right in a folder, sorted, but for what is hidden. Raises `UserError` where it cannot be read."""
    try:
        return sorted(child for child in folder.iterdir() if not child.name.startswith("."))
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be read: {error.strerror}.") from error


def _nearest_first(root: Path, names: tuple[str, ...], above: frozenset[str] | None) -> Iterator[list[Path]]:
    here = folders(root)
    yield [child for child in here if plain(child.name) in names]
    outer = [child for child in here if above is None or plain(child.name) in above]
    yield [inner for child in outer for inner in folders(child) if plain(inner.name) in names]
    if plain(root.resolve().name) in names:
        yield [root]
