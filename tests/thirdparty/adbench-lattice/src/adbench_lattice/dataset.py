"""Grey dots on a lattice; in an abnormal image some next to each other are missing."""

from __future__ import annotations

import hashlib

import numpy as np

import adbench

STEP, DOTS = 8, 8
SIDE = STEP * DOTS
NUMBERS: dict[adbench.Split, tuple[int, int]] = {"train": (16, 0), "valid": (4, 4), "test": (10, 10)}


class LatticeDots(adbench.Dataset):
    """Two images a subject, which decides how bright its dots are."""

    def items(self, split: adbench.Split) -> list[adbench.Item]:
        """Sorted by id."""
        normal, abnormal = NUMBERS[split]
        labels = [("missing", True, abnormal), ("whole", False, normal)]
        return [
            adbench.Item(f"{name}/{i:02d}", label, group=f"{split} {name} {i // 2}")
            for name, label, count in labels
            for i in range(count)
        ]

    def image(self, split: adbench.Split, item: adbench.Item) -> np.ndarray:
        """(SIDE, SIDE, 3) uint8."""
        rng = np.random.default_rng([*split.encode(), *item.id.encode()])
        subject = np.random.default_rng(list((item.group or "").encode()))
        rows, columns = np.indices((SIDE, SIDE)) % STEP - (STEP - 1) / 2
        dots = np.where(np.hypot(rows, columns) < 2.6, subject.uniform(150, 190), 40.0)
        dots[self._gap(item)] = 40
        grey = np.clip(dots + rng.normal(0, 5, dots.shape), 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)

    def mask(self, split: adbench.Split, item: adbench.Item) -> np.ndarray | None:
        """(SIDE, SIDE) bool."""
        return self._gap(item)

    def fingerprint(self) -> str:
        """Over ids and pixels."""
        digest = hashlib.sha256()
        for split in adbench.SPLITS:
            for item in self.items(split):
                digest.update(item.id.encode() + self.image(split, item).tobytes())
        return digest.hexdigest()

    def _gap(self, item: adbench.Item) -> np.ndarray:
        mask = np.zeros((SIDE, SIDE), bool)
        row, column = np.array(divmod(int(item.id[-2:]) * 5, 6)) % 6 * STEP
        mask[row : row + 2 * STEP, column : column + 2 * STEP] = item.abnormal
        return mask
