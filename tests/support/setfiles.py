"""Small sets on disk, in the layout that `folder:` reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from adbench.testing.pictures import abnormal_pictures, normal_pictures

DEFECT = "lesion"


def write(file: Path, image: np.ndarray) -> Path:
    """An image or mask file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(file)
    return file


def make_set(root: Path, train: int = 6, normal: int = 5, abnormal: int = 5, seed: int = 0) -> Path:
    """Images of `train/good`, `test/good` and `test/lesion`, with masks."""
    for split, count in (("train", train), ("test", normal)):
        for number, image in enumerate(normal_pictures(count, seed=seed + len(split)).images):
            write(root / split / "good" / f"{number:03d}.png", image)
    pictures = abnormal_pictures(abnormal, seed=seed)
    for number, (image, mask) in enumerate(zip(pictures.images, pictures.masks, strict=True)):
        write(root / "test" / DEFECT / f"{number:03d}.png", image)
        write(root / "ground_truth" / DEFECT / f"{number:03d}_mask.png", mask)
    return root


def cut(file: Path) -> Path:
    """Keep the first half of a file."""
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    return file


def invert(file: Path) -> None:
    """White becomes black in a mask."""
    write(file, ~(np.asarray(Image.open(file)) > 0))
