"""A small archive of the six BMAD sets: two images per set."""

from __future__ import annotations

import io
import zipfile

import numpy as np
from PIL import Image

FOLDERS = ("Brain", "Liver", "Retina_RESC", "Retina_OCT2017", "Chest", "Histopathology")


def zipped(*folders: str, extra: tuple[str, ...] = ()) -> bytes:
    """A zip file of these sets in BMAD's layout, and of `extra` files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for folder in folders:
            for label in ("good", "Ungood"):
                picture = io.BytesIO()
                Image.fromarray(np.full((8, 8, 3), len(label) * 20, np.uint8)).save(picture, "PNG")
                archive.writestr(f"{folder}/test/{label}/img/1.png", picture.getvalue())
        for name in extra:
            archive.writestr(name, b"evil")
    return file.getvalue()


ALL = zipped(*FOLDERS)
