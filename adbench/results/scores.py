"""The file of per-image scores, `scores.parquet`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from adbench.files.untrusted import open_regular
from adbench.results.record import ScoreTable
from adbench.results.typed import Misfit

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

# The largest known test set has 20,000 images.
LARGEST, MOST_ROWS = 512 << 20, 5_000_000
# Of all columns, unpacked: a small file may claim more than any memory holds.
MOST_BYTES = 1 << 30
LONGEST_TEXT = 4096  # bytes of a name: as long as a path can be
TEXTS = ("id", "group", "type", "site")
LATER = ("type", "site")  # older files lack these


def read_scores(file: Path, own: int = 0) -> ScoreTable:
    """The per-image scores in a `scores.parquet`.

    Args:
        file: where it is.
        own: how many of the last parts of its path must be no links.

    Raises:
        Misfit: it is missing, no regular file or too large, or a column is missing or has the wrong content.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        with open_regular(file, LARGEST, own) as stream:
            footer = parquet.read_metadata(stream)
            columns = _columns(footer)
            coded = [name for name in columns if name in TEXTS]
            opened = parquet.ParquetFile(stream, metadata=footer, read_dictionary=coded)
            table = {name: opened.read([name], use_threads=False).column(0) for name in columns}
        for name in ("id", "score", "label"):
            if table[name].null_count:
                raise Misfit(f"`{name}`: a value is missing")
        texts = {name: _text(name, table[name]) for name in coded}
        scores = table["score"].to_numpy().astype(np.float64)
        labels = table["label"].to_numpy()
    except FileNotFoundError:
        raise Misfit(f"there is no {file.name}") from None
    except OSError as error:
        raise Misfit(error.strerror or type(error).__name__) from error
    except (ValueError, KeyError, TypeError, MemoryError, OverflowError, pa.ArrowException) as error:
        raise Misfit(type(error).__name__) from error
    if not np.isfinite(scores).all():
        raise Misfit("`score`: a score is NaN or infinite")
    ids = texts["id"]
    if len(set(ids)) != len(ids):
        raise Misfit("`id`: an image occurs twice")
    return ScoreTable(ids, scores, labels, texts["group"], *(texts.get(name, []) for name in LATER))


def as_parquet(scores: ScoreTable) -> bytes:
    """The content of the file."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    known = {"group": scores.groups, "type": scores.types, "site": scores.sites}
    texts = {name: pa.array(values, pa.string()) for name, values in known.items()}
    table = pa.table({"id": scores.ids, "score": scores.scores, "label": scores.labels, **texts})
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def _columns(footer: parquet.FileMetaData) -> list[str]:
    """The columns to read. Raises `Misfit`."""
    import pyarrow as pa

    kinds = {
        **dict.fromkeys(TEXTS, ("text", _is_text)),
        "score": ("floating point", pa.types.is_floating),
        "label": ("true or false", pa.types.is_boolean),
    }
    schema = footer.schema.to_arrow_schema()
    wanted = [name for name in kinds if name not in LATER or name in schema.names]
    for name in wanted:
        kind, fits = kinds[name]
        if schema.names.count(name) != 1 or not fits(schema.field(name).type):
            raise Misfit(f"`{name}`: expected one column of {kind}")
    if footer.num_rows > MOST_ROWS:
        raise Misfit(f"it claims {footer.num_rows} images, and no honest one has more than {MOST_ROWS}")
    # Not by column: pyarrow reads what a damaged footer says about one without looking whether it is there, and dies.
    claimed = sum(abs(footer.row_group(number).total_byte_size) for number in range(footer.num_row_groups))
    if claimed > MOST_BYTES:
        raise Misfit(f"it would unpack to {claimed} bytes, and no honest one to more than {MOST_BYTES}")
    return wanted


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind.value_type if pa.types.is_dictionary(kind) else kind)


def _text(name: str, column: pa.ChunkedArray) -> list[Any]:
    """The texts of a column. It is read as places in a dictionary: a few bytes may stand for a long text on every row."""
    import pyarrow.compute as compute

    for chunk in column.chunks:
        longest = compute.max(compute.binary_length(chunk.dictionary)).as_py() if len(chunk.dictionary) else 0
        if (longest or 0) > LONGEST_TEXT:
            raise Misfit(f"`{name}`: a text has {longest} bytes, and no honest one more than {LONGEST_TEXT}")
    return [value for chunk in column.chunks for value in chunk.to_pylist()]
