"""Read the lists that sets come with."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adbench import UserError


def read_table(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and column to text of a CSV file. Raises `UserError` where it cannot be read or lacks a column."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text)
            if lacking := [column for column in columns if column not in (reader.fieldnames or ())]:
                raise UserError(f"{file} has no column {lacking[0]}: it wants {', '.join(columns)}, as released.")
            for row in reader:
                yield reader.line_num, {column: row[column] or "" for column in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{file} cannot be read ({error}): get it again.") from error


def read_json(file: Path) -> Any:
    """What a JSON file holds. Raises `UserError` where it cannot be read."""
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read ({error}): get it again.") from error
