"""The run folder: one folder per cell, written whole or not at all."""

from __future__ import annotations

import glob
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from adbench.errors import UserError
from adbench.results.answered import without_answered
from adbench.results.record import SCHEMA, CellRecord, ScoreTable, id_word, read_record
from adbench.results.typed import Misfit, demand_schema, from_json

if TYPE_CHECKING:
    import torch

    from adbench.results.maps import MapTable

MARKER = "adbench-run.json"
TEMPORARY = ".writing-"
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
            if (path / MARKER).is_file():
                folder._check()
            else:
                if path.exists() and (not path.is_dir() or any(not f.name.startswith(MARKER) for f in path.iterdir())):
                    raise UserError(f"{path} exists and is not a run folder: choose another --out.")
                path.mkdir(parents=True, exist_ok=True)
                _write(path / f"{MARKER}.{os.getpid()}", json.dumps({"schema": SCHEMA}).encode())
                os.replace(path / f"{MARKER}.{os.getpid()}", path / MARKER)
            folder.cells.mkdir(exist_ok=True)
            for left_over in folder.cells.glob(f"{TEMPORARY}*"):
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
        if not (path / MARKER).is_file():
            raise UserError(f"{path} is not a run folder (it has no {MARKER}): give the --out folder of an `adbench run`.")
        folder._check()
        return folder

    def done(self, cell: str) -> CellRecord | None:
        """The record of a finished cell; None if it is missing or failed. Raises `UserError` if it cannot be read."""
        file = self.cells / cell / "cell.json"
        if not file.is_file():
            return None
        record = _read(file)
        return record if record.status == "done" else None

    def knows(self, dataset: str) -> bool:
        """Whether it holds a cell on this dataset, finished or failed, by the names of their folders."""
        return any(self.cells.glob(f"*--{glob.escape(id_word(dataset))}--*/cell.json"))

    def contents(self) -> Contents:
        """All cells; an unreadable one does not hide the others."""
        records, unreadable = [], []
        for file in sorted(self.cells.glob("*/cell.json")):
            if not file.parent.name.startswith(TEMPORARY):
                try:
                    records.append(_read(file))
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
        folder = self.cells / cell
        try:
            return read_scores(folder / "scores.parquet")
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
        target = self.cells / record.id
        try:
            beside = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-", dir=self.cells))
            try:
                if scores is not None:
                    _write(beside / "scores.parquet", _parquet(scores))
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
                if target.exists():  # the cell was run again
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
        beside = self.cells / record.id / f"cell.json.{os.getpid()}"
        try:
            _write(beside, record.to_json().encode())
            os.replace(beside, self.cells / record.id / "cell.json")
            _sync(self.cells / record.id)
        except OSError as error:
            raise self._unwritable(error) from error

    def forget(self, cell: str) -> None:
        """Remove a failed cell that now has another id. Raises `UserError` if the folder cannot be written."""
        try:
            shutil.rmtree(self.cells / cell)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unwritable(error) from error

    def _finish(self, left_over: Path) -> None:
        """Finish or drop what a dead process was writing: keep it if the old cell was already moved away, else delete it."""
        if (left_over / PREVIOUS).is_dir():
            for whole in (left_over, left_over / PREVIOUS):
                try:
                    target = self.cells / read_record(whole / "cell.json").id
                except UserError:
                    continue
                if not target.exists():
                    os.rename(whole, target)
                    shutil.rmtree(target / PREVIOUS, ignore_errors=True)
                break
            else:  # neither can be read: only the user can tell what it was
                return
        shutil.rmtree(left_over, ignore_errors=True)

    def _check(self) -> None:
        file = self.path / MARKER
        try:
            demand_schema(from_json(file.read_bytes())[0], SCHEMA, f"The run {self.path}", "update adbench")
        except (OSError, ValueError, Misfit):
            raise UserError(f"{file} cannot be read: restore it, or use another --out.") from None

    def _unwritable(self, error: OSError) -> UserError:
        return UserError(
            f"Cannot write the run folder {self.path}: {error.strerror or error}. Finished cells are kept; "
            "free some space or give another --out, then run the same command again."
        )


def read_scores(file: Path) -> ScoreTable:
    """The per-image scores in a `scores.parquet`. Raises `Misfit` if a column is missing or has the wrong content."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as parquet

    kinds = {
        "id": ("text", pa.types.is_string),
        "score": ("floating point", pa.types.is_floating),
        "label": ("true or false", pa.types.is_boolean),
        "group": ("text", pa.types.is_string),
    }
    # Older files lack these.
    later = {"type": kinds["group"], "site": kinds["group"]}
    try:
        table = parquet.ParquetFile(file).read()
        expected = kinds | {name: known for name, known in later.items() if name in table.column_names}
        for name, (kind, fits) in expected.items():
            if table.column_names.count(name) != 1 or not fits(table.schema.field(name).type):
                raise Misfit(f"`{name}`: expected one column of {kind}")
            if name in ("id", "score", "label") and table[name].null_count:
                raise Misfit(f"`{name}`: a value is missing")
        ids, scores, labels, groups = (table[name] for name in kinds)
        types, sites = (table[name].to_pylist() if name in expected else [] for name in later)
        found = ScoreTable(
            ids.to_pylist(), scores.to_numpy().astype(np.float64), labels.to_numpy(), groups.to_pylist(), types, sites
        )
    except FileNotFoundError:
        raise Misfit(f"there is no {file.name}") from None
    except (OSError, ValueError, KeyError, TypeError, MemoryError, pa.ArrowException) as error:
        raise Misfit(type(error).__name__) from error
    if not np.isfinite(found.scores).all():
        raise Misfit("`score`: a score is NaN or infinite")
    if len(set(found.ids)) != len(found.ids):
        raise Misfit("`id`: an image occurs twice")
    return found


def _read(file: Path) -> CellRecord:
    """The record in a cell's folder, which must be named by its id: otherwise a copy would count twice."""
    record = read_record(file)
    if record.id != file.parent.name:
        raise UserError(f"{file} is the record of {record.id}: give its folder that name, or delete it.")
    return record


def _parquet(scores: ScoreTable) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    known = {"group": scores.groups, "type": scores.types, "site": scores.sites}
    texts = {name: pa.array(values, pa.string()) for name, values in known.items()}
    table = pa.table({"id": scores.ids, "score": scores.scores, "label": scores.labels, **texts})
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def _write(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
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
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
