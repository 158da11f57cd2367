"""Small trees of made-up images in the layouts of the sets of adbench_medical."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from adbench.testing.pictures import abnormal_pictures, normal_pictures

UUID = "0004cfab-14fd-4e49-80ba-63a80b6bdd{:02d}"
CLASSES = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")
SHAPES = ((40, 32), (32, 40), (36, 36))


def write(file: Path, image: np.ndarray, mode: str = "") -> None:
    """Save an image, in a mode of Pillow's where one is given."""
    file.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(image)
    (picture.convert(mode) if mode else picture).save(file)


def draw(folder: Path, names: Sequence[str], abnormal: bool, seed: int, masks: Path | None = None) -> None:
    """Images of these names, and their masks of the same names where a folder for them is given."""
    pictures = (abnormal_pictures if abnormal else normal_pictures)(len(names), seed)
    for name, image, mask in zip(names, pictures.images, pictures.masks, strict=True):
        write(folder / name, image)
        if masks:
            write(masks / name, mask)


def listed(folder: Path, seed: int, pattern: str = "{:03d}.png") -> Path:
    """A set with `data.json`: 8 images in train, 8 normal and 8 abnormal in test, 2 unlabeled."""
    names = [pattern.format(number) for number in range(26)]
    draw(folder / "images", names[:16] + names[24:], False, seed)
    draw(folder / "images", names[16:24], True, seed)
    train = {"0": names[:8], "unlabeled": {"0": names[24:25], "1": names[25:]}}
    (folder / "data.json").write_text(json.dumps({"train": train, "test": {"0": names[8:16], "1": names[16:24]}}))
    return folder


def isic(folder: Path) -> Path:
    """ISIC 2018: 8 nevi and 2 others in the training input; 8 nevi and 8 others in the test input."""
    for part, classes, seed in (
        ("Training", ["NV"] * 8 + ["MEL", "BKL"], 5),
        ("Test", ["NV"] * 8 + ["MEL", "BCC", "AKIEC", "BKL", "DF", "VASC", "MEL", "MEL"], 6),
    ):
        pictures = {False: iter(normal_pictures(8, seed).images), True: iter(abnormal_pictures(8, seed).images)}
        rows = []
        for number, kind in enumerate(classes):
            name = f"ISIC_{seed}{number:03d}"
            rows.append(",".join([name, *("1.0" if column == kind else "0.0" for column in CLASSES)]))
            write(folder / f"ISIC2018_Task3_{part}_Input" / f"{name}.jpg", next(pictures[kind != "NV"]))
        truth = f"ISIC2018_Task3_{part}_GroundTruth"
        (folder / truth).mkdir()
        (folder / truth / f"{truth}.csv").write_text("\n".join([",".join(["image", *CLASSES]), *rows]) + "\n")
        (folder / f"ISIC2018_Task3_{part}_Input" / "LICENSE.txt").touch()
    return folder


def camelyon(folder: Path) -> Path:
    """Camelyon16: 8 images of each kind."""
    for number, (place, abnormal) in enumerate((("train/good", False), ("test/good", False), ("test/Ungood", True))):
        draw(folder / place, [f"{i}.png" for i in range(8)], abnormal, 20 + number)
    return folder


def brats(folder: Path) -> Path:
    """BraTS2021: slices of four subjects in train, of others in test; masks are called `seg`."""
    draw(folder / "train", [f"BraTS2021_0000{i}_flair_{s}.png" for i in range(4) for s in (60, 61)], False, 30)
    draw(folder / "test/normal", [f"BraTS2021_0010{i}_flair_{s}.png" for i in range(4) for s in (20, 21)], False, 31)
    tumor, annotation = folder / "test/tumor", folder / "test/annotation"
    draw(tumor, [f"BraTS2021_0020{i}_flair_{s}.png" for i in range(4) for s in (70, 71)], True, 32, annotation)
    for mask in annotation.iterdir():
        mask.rename(annotation / mask.name.replace("flair", "seg"))
    return folder


def medianomaly(root: Path) -> Path:
    """All seven sets, below MedIAnomaly-Data."""
    home = root / "MedIAnomaly-Data"
    listed(home / "RSNA", 1, UUID + ".png")
    for seed, name in enumerate(("VinCXR", "BrainTumor", "LAG"), start=2):
        listed(home / name, seed)
    isic(home / "ISIC2018_Task3")
    camelyon(home / "Camelyon16")
    brats(home / "BraTS2021")
    return root


def kaggle_brain(root: Path) -> Path:
    """20 images of `no`, 20 of `yes`, of all modes and sizes, and a copy of them inside."""
    folder = root / "kaggle-brain"
    modes = (("L", "jpg"), ("RGB", "JPG"), ("RGBA", "png"), ("P", "png"), ("RGB", "jpeg"))
    for kind, pattern, pictures in (
        ("no", "{} no.{}", normal_pictures(20, 40, SHAPES)),
        ("yes", "Y{}.{}", abnormal_pictures(20, 40, SHAPES)),
    ):
        for number, image in enumerate(pictures.images):
            mode, suffix = modes[number % len(modes)]
            for home in (folder, folder / "brain_tumor_dataset"):
                write(home / kind / pattern.format(number, suffix), image, mode)
    return root


def busi(root: Path) -> Path:
    """24 normal, 12 benign and 12 malignant images; `benign (2)` has three masks."""
    folder = root / "Dataset_BUSI_with_GT"
    for kind, count, seed in (("normal", 24, 50), ("benign", 12, 51), ("malignant", 12, 52)):
        pictures = (normal_pictures if kind == "normal" else abnormal_pictures)(count, seed, SHAPES)
        for number, (image, mask) in enumerate(zip(pictures.images, pictures.masks, strict=True), start=1):
            write(folder / kind / f"{kind} ({number}).png", image)
            write(folder / kind / f"{kind} ({number})_mask.png", mask)
    for number in (1, 2):
        more = np.zeros(SHAPES[1], bool)
        more[:number, :number] = True
        write(folder / "benign" / f"benign (2)_mask_{number}.png", more)
    return root


TREES = {
    **dict.fromkeys((f"medianomaly-{name}" for name in ("rsna", "vincxr", "braintumor", "lag")), medianomaly),
    **dict.fromkeys((f"medianomaly-{name}" for name in ("isic2018", "camelyon16", "brats2021")), medianomaly),
    "kaggle-brain": kaggle_brain,
    "busi": busi,
}
