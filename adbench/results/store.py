"""The run folder: one folder per cell, written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from adbench.errors import UserError
from adbench.files.untrusted import Refused, is_link, read_regular
from adbench.results.answered import without_answered
from adbench.results.record import MEND, SCHEMA, CellRecord, ScoreTable, id_word, read_record
from adbench.results.scores import as_parquet, read_scores
from adbench.results.typed import Misfit, demand_schema, from_json

if TYPE_CHECKING:
    import torch

    from adbench.results.maps import MapTable

MARKER = "adbench-run.json"
TEMPORARY = ".writing-"
MARKER_BYTES = 64 << 10
# cells, the cell's folder and its file: none of them may be a link, in a folder that somebody sent.
OWN = 3
# Ids that this and every earlier version gives: a single name of a folder.
PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,255}")
PREVIOUS = "previous"  # the cell that is being replaced


@dataclass(frozen=True)
class Contents:
    """The cells of a run folder.

    Attributes:
        records: finished and failed, sorted by id; without failures that a later finished cell supersedes.
        unreadable: a sentence for each cell whose record cannot be read.
    """

    records: list[CellRecord]
    unreadable: list[str]


class RunFolder:
    """A folder of cells: `MARKER` and `cells/<id>/{cell.json,scores.parquet[,state.safetensors][,maps.npz]}`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cells = path / "cells"

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """Open a run folder, or turn an empty or missing folder into one.

        Raises:
            UserError: the folder holds something else, has a newer schema, or cannot be written.
        """
        folder = cls(path)
        try:
            if os.path.lexists(path / MARKER):
                folder._check()
            else:
                if path.exists() and (not path.is_dir() or any(not f.name.startswith(MARKER) for f in path.iterdir())):
                    raise UserError(f"{path} exists and is not a run folder: choose another --out.")
                path.mkdir(parents=True, exist_ok=True)
                _replace(path / MARKER, json.dumps({"schema": SCHEMA}).encode())
            folder.cells.mkdir(exist_ok=True)
            for left_over in folder._children(TEMPORARY):
                # A cell left half-written by a process that died.
                if not _alive(left_over.name.removeprefix(TEMPORARY).split("-")[0]):
                    folder._finish(left_over)
        except OSError as error:
            raise folder._unwritable(error) from error
        return folder

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open a run folder for reading. Raises `UserError` if it is not a run folder, or has a newer schema."""
        folder = cls(path)
        if not os.path.lexists(path / MARKER):
            raise UserError(f"{path} is not a run folder (it has no {MARKER}): give the --out folder of an `adbench run`.")
        folder._check()
        return folder

    def done(self, cell: str) -> CellRecord | None:
        """The record of a finished cell; None if it is missing or failed. Raises `UserError` if it cannot be read."""
        file = self._place(cell) / "cell.json"
        if not os.path.lexists(file):
            return None
        record = _read(file)
        return record if record.status == "done" else None

    def knows(self, dataset: str) -> bool:
        """Whether it holds a cell on this dataset, finished or failed, by the names of their folders."""
        return any(f"--{id_word(dataset)}--" in child.name and (child / "cell.json").is_file() for child in self._children())

    def contents(self) -> Contents:
        """All cells; an unreadable one does not hide the others."""
        records, unreadable = [], []
        for child in self._children():
            if not child.name.startswith(TEMPORARY) and os.path.lexists(child / "cell.json"):
                try:
                    records.append(_read(child / "cell.json"))
                except UserError as error:
                    unreadable.append(str(error))
        return Contents(without_answered(records), unreadable)

    def records(self) -> Iterator[CellRecord]:
        """The records of `contents`. Raises `UserError` if one cannot be read."""
        contents = self.contents()
        for sentence in contents.unreadable:
            raise UserError(sentence)
        yield from contents.records

    def scores(self, cell: str) -> ScoreTable:
        """The per-image scores of a finished cell. Raises `UserError`, worded "its scores ...", if they cannot be read."""
        folder = self._place(cell)
        try:
            return read_scores(folder / "scores.parquet", OWN)
        except Misfit as misfit:
            raise UserError(f"its scores cannot be read ({misfit}): delete {folder} to measure the cell again") from misfit

    def write(
        self,
        record: CellRecord,
        scores: ScoreTable | None = None,
        state: dict[str, torch.Tensor] | None = None,
        maps: MapTable | None = None,
    ) -> None:
        """Store a cell: write and sync everything to a temporary folder, then rename it into place.

        Raises:
            UserError: the folder cannot be written (read-only, full disk). Existing data is not lost.
        """
        target = self._place(record.id)
        try:
            beside = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-", dir=self.cells))
            try:
                if scores is not None:
                    _write(beside / "scores.parquet", as_parquet(scores))
                if state:
                    from safetensors.torch import save

                    _write(beside / "state.safetensors", save({name: value.contiguous() for name, value in state.items()}))
                if maps is not None:
                    from adbench.results.maps import FILE, write_maps

                    with (beside / FILE).open("wb") as stream:
                        write_maps(stream, maps)
                        _flush(stream)
                _write(beside / "cell.json", record.to_json().encode())
                os.chmod(beside, 0o755)
                if os.path.lexists(target):  # the cell was run again
                    os.rename(target, beside / PREVIOUS)
                os.rename(beside, target)
                shutil.rmtree(target / PREVIOUS, ignore_errors=True)
                _sync(self.cells)
            finally:
                shutil.rmtree(beside, ignore_errors=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def update(self, record: CellRecord) -> None:
        """Replace the record of a stored cell atomically; its other files stay.

        Raises:
            UserError: the folder cannot be written.
        """
        place = self._place(record.id)
        try:
            if is_link(place):
                raise Refused("a link leads there", place)
            _replace(place / "cell.json", record.to_json().encode())
            _sync(place)
        except OSError as error:
            raise self._unwritable(error) from error

    def forget(self, cell: str) -> None:
        """Remove a failed cell that now has another id. Raises `UserError` if the folder cannot be written."""
        place = self._place(cell)
        if is_link(place):  # what it leads to belongs to somebody else
            return
        try:
            shutil.rmtree(place)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unwritable(error) from error

    def _place(self, cell: str) -> Path:
        """The folder of a cell. Raises `UserError` for an id that is no plain name, and so leads elsewhere."""
        if not _is_plain(cell):
            raise UserError(f"{cell[:100]!r} is no id of a cell: {MEND}.")
        return self.cells / cell

    def _children(self, prefix: str = "") -> list[Path]:
        """What lies in `cells`, sorted: folders and links. Links are refused when they are read."""
        try:
            with os.scandir(self.cells) as found:
                names = [one.name for one in found if one.is_dir(follow_symlinks=False) or one.is_symlink()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UserError(f"{self.cells} cannot be read: {error.strerror}.") from error
        return [self.cells / name for name in sorted(names) if name.startswith(prefix)]

    def _finish(self, left_over: Path) -> None:
        """Finish or drop what a dead process was writing: keep it if the old cell was already moved away, else delete it.

        What somebody sent may look like it: only a cell with a plain id is moved, to a place where nothing is, and links stay.
        """
        if is_link(left_over):
            return
        if os.path.lexists(left_over / PREVIOUS):
            for whole, own in ((left_over, OWN), (left_over / PREVIOUS, OWN + 1)):
                try:
                    target = self._place(read_record(whole / "cell.json", own).id)
                except UserError:
                    continue
                if not os.path.lexists(target):
                    os.rename(whole, target)
                    shutil.rmtree(target / PREVIOUS, ignore_errors=True)
                break
            else:  # neither can be read: only the user can tell what it was
                return
        shutil.rmtree(left_over, ignore_errors=True)

    def _check(self) -> None:
        file = self.path / MARKER
        if is_link(self.cells):
            raise UserError(f"{self.cells} is a link: put the folder that it leads to in its place, or use another --out.")
        try:
            demand_schema(from_json(read_regular(file, MARKER_BYTES, own=1))[0], SCHEMA, f"The run {self.path}", "update adbench")
        except (OSError, ValueError, Misfit):
            raise UserError(f"{file} cannot be read: restore it, or use another --out.") from None

    def _unwritable(self, error: OSError) -> UserError:
        return UserError(
            f"Cannot write the run folder {self.path}: {error.strerror or error}. Finished cells are kept; "
            "free some space or give another --out, then run the same command again."
        )


def _read(file: Path) -> CellRecord:
    """The record in a cell's folder, which must be named by its id: otherwise a copy would count twice."""
    record = read_record(file, OWN)
    if not _is_plain(record.id):
        raise UserError(f"{file} is broken (`id`: {record.id[:100]!r} is no plain name): {MEND}.")
    if record.id != file.parent.name:
        raise UserError(f"{file} is the record of {record.id}: give its folder that name, or delete it.")
    return record


def _is_plain(cell: str) -> bool:
    return PLAIN.fullmatch(cell) is not None and cell.strip(".") != "" and not cell.startswith(TEMPORARY)


def _replace(file: Path, content: bytes) -> None:
    """Write a file at once, over a link as over a file: its new content comes under a name at which nobody laid a link."""
    beside = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        _write(beside, content)
        os.replace(beside, file)
    finally:
        beside.unlink(missing_ok=True)


def _write(file: Path, content: bytes) -> None:
    with file.open("xb") as stream:
        stream.write(content)
        _flush(stream)


def _flush(stream: IO[bytes]) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
