"""ISIC 2018, task 3, as the challenge releases it: two folders of images, and a table for each with one column a class.

ISIC2018_Task3_Training_Input/ISIC_0024306.jpg
ISIC2018_Task3_Training_GroundTruth/ISIC2018_Task3_Training_GroundTruth.csv      image,MEL,NV,BCC,AKIEC,BKL,DF,VASC
ISIC2018_Task3_Test_Input, ISIC2018_Task3_Test_GroundTruth                       alike
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adbench import Item, Reading, Scan, Split, UserError, read_table, scan_listed
from adbench_medical.places import below, images

PARTS: dict[Split, str] = {"train": "ISIC2018_Task3_Training", "test": "ISIC2018_Task3_Test"}
CLASSES = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")
NORMAL = "NV"  # nevus


def fault(folder: Path) -> str:
    """Why a folder is not this set, or ""."""
    for part in PARTS.values():
        for path in ((f"{part}_Input",), _table(part)):
            if not below(folder, *path).exists():
                return f"has no {'/'.join(path)}"
    return ""


def find(name: str, folder: Path, reading: Reading) -> Scan:
    """Nevi are normal; other classes are abnormal, and the class is their type. In `train` they are left out.

    Raises:
        UserError: a table cannot be read, lacks a column, or has a row that does not name one class.
    """
    listed: list[tuple[Split, Item]] = []
    # What is listed and lacks on disk is told with the table that lists it.
    told = folder
    for split, part in PARTS.items():
        table, pictures = below(folder, *_table(part)), below(folder, f"{part}_Input")
        there = set(images(pictures))
        for item in _items(table, pictures):
            listed.append((split, item))
            if told == folder and item.path not in there:
                told = table
    return scan_listed(folder, told, listed, reading)


def _table(part: str) -> tuple[str, str]:
    return f"{part}_GroundTruth", f"{part}_GroundTruth.csv"


def _items(table: Path, pictures: Path) -> Iterator[Item]:
    for line, row in read_table(table, ("image", *CLASSES)):
        kind = _class(row, f"{table}, line {line}")
        abnormal = kind != NORMAL
        identity = f"{'Ungood' if abnormal else 'good'}/{row['image']}"
        yield Item(identity, abnormal, path=pictures / f"{row['image']}.jpg", type=kind if abnormal else None)


def _class(row: dict[str, str], where: str) -> str:
    """The one class of a row. Raises `UserError` that begins with `where`."""
    if not row["image"]:
        raise UserError(f"{where}, names no image: correct it, or get the table again.")
    try:
        values = {column: float(row[column]) for column in CLASSES}
    except ValueError:
        raise UserError(f"{where}, has a value that is no number: correct it, or get the table again.") from None
    chosen = [column for column, value in values.items() if value]
    if len(chosen) != 1 or values[chosen[0]] != 1:
        raise UserError(f"{where}, wants 1.0 for one class and 0.0 for the others: correct it, or get the table again.")
    return chosen[0]
