"""VisA as released (Zou et al., ECCV 2022): a folder a category, and one table that says which image is in which split.

split_csv/1cls.csv                     object,split,label,image,mask
candle/Data/Images/Normal/0000.JPG
candle/Data/Images/Anomaly/000.JPG     and its mask Data/Masks/Anomaly/000.png
candle/image_anno.csv                  image,label,mask: the kinds of defects
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adbench import Item, Split, UserError, read_table

TABLE = Path("split_csv") / "1cls.csv"
COLUMNS = ("object", "split", "label", "image", "mask")
NORMAL, ABNORMAL = "normal", "anomaly"
SPLITS: dict[str, Split] = {"train": "train", "test": "test"}


def categories(root: Path) -> list[Path]:
    """Folders of the categories that the table of a root names."""
    if not (root / TABLE).is_file():
        return []
    names = {row["object"] for _, row in read_table(root / TABLE, COLUMNS)}
    return sorted(root / name for name in names if (root / name).is_dir())


def listing(folder: Path) -> Path | None:
    """The table of a category's folder, which lies beside it."""
    table = folder.parent / TABLE
    return table if table.is_file() and (folder / "Data").is_dir() else None


def rows(folder: Path, table: Path) -> Iterator[tuple[Split, Item]]:
    """The images of a category. Raises `UserError` that names the line of the table where a word is unknown."""
    root, kinds = folder.parent, _kinds(folder)
    for line, row in read_table(table, COLUMNS):
        if row["object"] != folder.name:
            continue
        if row["split"] not in SPLITS or row["label"] not in (NORMAL, ABNORMAL):
            raise UserError(
                f"{table}, line {line}: `{row['split']}` and `{row['label']}` are no split ({', '.join(SPLITS)}) and label "
                f"({NORMAL}, {ABNORMAL}) of VisA: correct them."
            )
        abnormal = row["label"] == ABNORMAL
        path = root / row["image"]
        masks = (root / row["mask"],) if row["mask"] else ()
        identity = f"{'Ungood' if abnormal else 'good'}/{path.stem}"
        yield (
            SPLITS[row["split"]],
            Item(identity, abnormal, path=path, masks=masks, type=kinds.get(row["image"]) if abnormal else None),
        )


def _kinds(folder: Path) -> dict[str, str]:
    """Image to the kinds of its defects."""
    table = folder / "image_anno.csv"
    return {row["image"]: row["label"] for _, row in read_table(table, ("image", "label"))} if table.is_file() else {}
