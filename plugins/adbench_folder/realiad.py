"""Real-IAD (Wang et al., CVPR 2024): a folder of images a category, and a JSON file a category.

realiad_jsons/audiojack.json
realiad_1024/audiojack/OK/S0001/audiojack_0001_OK_C1_20231021144011.jpg

{"meta": {"prefix": "audiojack/", "normal_class": "OK", ...},
 "train": [{"category": ..., "anomaly_class": "OK", "image_path": "OK/S0001/...jpg", "mask_path": null}, ...], "test": [...]}
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from adbench import Item, Split, UserError, read_json

# Where the archive of the lists is unpacked.
LISTS = (Path("realiad_jsons"), Path("realiad_jsons") / "realiad_jsons")
SPLITS: tuple[Split, ...] = ("train", "test")
NORMAL = "OK"


def categories(root: Path) -> list[Path]:
    """Folders of the categories that have a list. Raises `UserError` where the images are there in several sizes."""
    names = {file.stem for lists in LISTS for file in (root / lists).glob("*.json")}
    if not names:
        return []
    sizes = [root, *(child for child in root.glob("realiad_*") if child.name != LISTS[0].name)]
    full = [size for size in sizes if any((size / name).is_dir() for name in names)]
    if len(full) > 1:
        raise UserError(f"Both {full[0]} and {full[1]} hold categories of {root}: name one of them, folder:{full[1]}.")
    return sorted(size / name for size in full for name in names if (size / name).is_dir())


def listing(folder: Path) -> Path | None:
    """The list of a category's folder, beside it or beside the folder of its size."""
    for base in (folder.parent, folder.parent.parent):
        for lists in LISTS:
            file = base / lists / f"{folder.name}.json"
            if file.is_file():
                return file
    return None


def rows(folder: Path, file: Path) -> Iterator[tuple[Split, Item]]:
    """The images of a category; the five views of one object are one subject. Raises `UserError` for another form."""
    content = read_json(file)
    try:
        meta = content.get("meta", {})
        normal, prefix = meta.get("normal_class", NORMAL), meta.get("prefix", "")
        # The prefix is the category, in which the folder is already.
        base = folder if PurePosixPath(prefix).name in ("", folder.name) else folder / prefix
        found = [(split, _item(entry, base, normal)) for split in SPLITS for entry in content.get(split, [])]
    except (AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{file} is no list of Real-IAD ({type(error).__name__}: {error}): get it again.") from error
    yield from found


def _item(entry: dict[str, Any], base: Path, normal: str) -> Item:
    kind = str(entry["anomaly_class"])
    image = PurePosixPath(entry["image_path"])
    mask = entry.get("mask_path")
    abnormal = kind != normal
    return Item(
        image.with_suffix("").as_posix(),
        abnormal,
        group=image.parent.as_posix() if len(image.parts) > 2 else None,
        path=base / image,
        masks=(base / mask,) if mask else (),
        type=kind if abnormal else None,
    )
