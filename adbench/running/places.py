"""What a record says of files: no record names a folder of the machine that it was measured on."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from adbench.contracts.dataset import Dataset
from adbench.data.splits import folder_of
from adbench.files.cache import cache_root
from adbench.planning.cell import Cell
from adbench.running.session import Session

HERE = ""  # what lies below is named from there


def without_places(text: str, cell: Cell, session: Session) -> str:
    """The text with files named from a folder that a reader knows.

    Files of a set are named from its own folder (`Brain_AD/test/good/img/1.png`), others from the data root, the working
    folder, or where Python finds its packages; `~`, `$TMPDIR` and `$ADBENCH_CACHE` stand for the rest.
    """
    found: dict[str, str] = {}
    for folder, shown in _places(cell, session):
        for spelt in (str(folder), os.path.realpath(folder)):
            if len(Path(spelt).parts) > 1:
                found.setdefault(spelt, shown)
    # The longest first: a set lies below the data root, and that below the user's home.
    for folder, shown in sorted(found.items(), key=lambda pair: -len(pair[0])):
        begins = rf"(?<![\w.~/-]){re.escape(folder)}"
        text = re.sub(f"{begins}/", _literally(f"{shown}/" if shown else ""), text)
        text = re.sub(rf"{begins}(?![\w/-])", _literally(shown or Path(folder).name), text)
    return text


def _literally(text: str) -> str:
    """As a replacement in which a backslash means nothing."""
    return text.replace("\\", "\\\\")


def _places(cell: Cell, session: Session) -> Iterator[tuple[str | Path, str]]:
    """Folders, and what stands for them. Those of the sets also as they lead there from the working folder."""
    for name in (cell.dataset.name, *cell.auxiliary):
        if (dataset := session.datasets.get(name)) and (folder := _folder_of(dataset)):
            yield folder, folder.name
            yield os.path.relpath(folder), folder.name
    if session.data_root:
        yield session.data_root.absolute(), HERE
    for file in session.weights.given.values():
        yield file.absolute().parent, HERE
    yield cache_root().absolute(), "$ADBENCH_CACHE"
    yield tempfile.gettempdir(), "$TMPDIR"
    yield Path.home(), "~"
    yield Path.cwd(), HERE
    for entry in (*sys.path, sys.prefix, sys.base_prefix):
        yield os.path.abspath(entry), HERE


def _folder_of(dataset: Dataset) -> Path | None:
    try:
        return folder_of(dataset)
    except Exception:  # a plugin that cannot list its images is named elsewhere
        return None
