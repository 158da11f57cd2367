"""The phantom sets: images made on demand and kept in memory, each from a seed of its own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from adbench import SPLITS, Dataset, DatasetCard, Item, Split
from adbench_phantoms import COUNTS, brain, chest, histology, liver, retina
from adbench_phantoms.canvas import Drawing

Draw = Callable[[np.random.Generator, np.random.Generator, bool], Drawing]

# The number is the set's part of every seed, the flag says whether two slices share a subject.
SETS: dict[str, tuple[int, Draw, bool]] = {
    "phantom-brain": (1, brain.draw, True),
    "phantom-liver": (2, liver.draw, True),
    "phantom-resc": (3, retina.draw_resc, False),
    "phantom-oct17": (4, retina.draw_oct17, False),
    "phantom-chest": (5, chest.draw, False),
    "phantom-his": (6, histology.draw, False),
}
SUBJECT, IMAGE = 0, 1
# Difficulty was chosen on images of other seeds than this one.
SEED = 6029


class PhantomDataset(Dataset):
    """One of the six sets. Brain and liver have two slices a subject: in `train` both normal, else one of each label."""

    def __init__(self, card: DatasetCard, root: Path | None = None) -> None:
        super().__init__(card, root)
        self._number, self._draw, self._pairs = SETS[card.name]
        self._lock = threading.Lock()
        self._made: dict[Split, tuple[np.ndarray, np.ndarray]] = {}
        self._items = {split: self._list(split) for split in SPLITS}
        self._row = {split: {item.id: row for row, item in enumerate(self._items[split])} for split in SPLITS}

    def items(self, split: Split) -> Sequence[Item]:
        """The items of a split, sorted by id."""
        return self._items[split]

    def image(self, split: Split, item: Item) -> np.ndarray:
        """(128, 128, 3) uint8, RGB."""
        return self._split(split)[0][self._row[split][item.id]]

    def mask(self, split: Split, item: Item) -> np.ndarray | None:
        """(128, 128) bool, or None in the sets without masks."""
        return self._split(split)[1][self._row[split][item.id]] if self.card.has_masks else None

    def fingerprint(self) -> str:
        """Hex SHA-256 over ids, images and masks of all splits."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for split in SPLITS:
            digest.update("".join(f"{split}/{item.id};" for item in self._items[split]).encode())
            for array in self._split(split):
                digest.update(array.tobytes())
        return digest.hexdigest()

    def _list(self, split: Split) -> tuple[Item, ...]:
        items = []
        for label, name in enumerate(("good", "Ungood")):
            for index in range(COUNTS.get(f"{split}/{'abnormal' if label else 'normal'}", 0)):
                group = f"{split}-{self._subject(split, index):03d}" if self._pairs else None
                items.append(Item(f"{name}/{index:03d}", bool(label), group))
        return tuple(sorted(items, key=lambda item: item.id))

    def _subject(self, split: Split, index: int) -> int:
        return index // 2 if split == "train" else index

    def _split(self, split: Split) -> tuple[np.ndarray, np.ndarray]:
        with self._lock:
            if split not in self._made:
                drawings = [self._make(split, item) for item in self._items[split]]
                images, masks = (np.stack(arrays) for arrays in zip(*drawings, strict=True))
                images.flags.writeable = masks.flags.writeable = False
                self._made[split] = images, masks
            return self._made[split]

    def _make(self, split: Split, item: Item) -> tuple[np.ndarray, np.ndarray]:
        index, label, part = int(item.id[-3:]), int(item.abnormal), SPLITS.index(split)
        # Without pairs every image has its own subject, also where indices of the two labels coincide.
        who = (self._subject(split, index),) if self._pairs else (index, label)
        subject = np.random.default_rng([SEED, self._number, part, SUBJECT, *who])
        image = np.random.default_rng([SEED, self._number, part, IMAGE, index, label])
        drawing = self._draw(subject, image, item.abnormal)
        pixels = np.rint(np.clip(drawing.pixels, 0, 1) * 255).astype(np.uint8)
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[:, :, None], 3, axis=2)
        return pixels, drawing.lesion
