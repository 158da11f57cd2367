"""The decoded-image store."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from toyplugin import ToySet, toy_registry

import adbench
from adbench.contracts.images import ImageBatch, LabelledImages, resize_mask
from adbench.data.server import Decoder
from adbench.planning.draws import entries


@pytest.fixture
def dataset() -> ToySet:
    return ToySet(toy_registry().dataset("toy-a"), None)


def test_pixels_are_those_of_pillow(dataset: ToySet) -> None:
    test = entries(dataset, "test")
    with Decoder(test, masks=False) as decoder:
        got = ImageBatch(decoder.source(), [3, 0, 12]).pixels((9, 13), "bilinear")
    for row, array in zip([3, 0, 12], got, strict=True):
        image = Image.fromarray(dataset.image("test", test[row].item)).resize((13, 9), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(array, np.asarray(image).transpose(2, 0, 1))


def test_masks_are_nearest_and_empty_for_normals(dataset: ToySet) -> None:
    test = entries(dataset, "test")
    labels = np.array([entry.item.abnormal for entry in test])
    with Decoder(test, masks=True) as decoder:
        images = LabelledImages(decoder.source(), range(len(test)), labels, True, "toy")
        masks = images.masks(10)
        assert images[labels.nonzero()[0]].masks(10).any(axis=(1, 2)).all()
    assert masks.dtype == bool
    assert not masks[~labels].any()
    last = test[-1].item
    np.testing.assert_array_equal(masks[-1], resize_mask(dataset.mask("test", last), (10, 10)))


def test_an_image_is_decoded_once_a_size(tmp_path: Path) -> None:
    card = adbench.DatasetCard(name="files", title="Files", factory="x:y")
    dataset = CountedFiles(card, noisy_files(tmp_path, 6))
    first = passed_over(dataset, 24)
    assert sorted(dataset.read) == [f"{number}" for number in range(6)]
    for _ in range(3):  # other decoders, as of other cells
        np.testing.assert_array_equal(passed_over(dataset, 24), first)
    assert len(dataset.read) == 6
    passed_over(dataset, 32)
    assert len(dataset.read) == 12
    np.testing.assert_array_equal(first[0], pillows(tmp_path / "0.png", 24))


def passed_over(dataset: CountedFiles, side: int) -> np.ndarray:
    """All test images, from a new decoder."""
    test = entries(dataset, "test")
    with Decoder(test, masks=False) as decoder:
        return ImageBatch(decoder.source(), range(len(test))).pixels(side)


def noisy_files(folder: Path, count: int) -> Path:
    """PNG files of noise."""
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 255, (64, 64), np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
    return folder


def pillows(file: Path, side: int) -> np.ndarray:
    """(3, side, side) as Pillow reads and resizes it."""
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)).transpose(2, 0, 1)


class CountedFiles(adbench.Dataset):
    """A folder of PNG files; remembers what was read."""

    def __init__(self, card: adbench.DatasetCard, root: Path | None) -> None:
        super().__init__(card, root)
        self.read: list[str] = []

    def items(self, split):
        """All files."""
        return [adbench.Item(path.stem, False, path=path) for path in sorted(self.root.glob("*.png"))]

    def image(self, split, item):
        """Decode."""
        self.read.append(item.id)
        return np.asarray(Image.open(item.path).convert("RGB"))

    def fingerprint(self):
        """Fixed."""
        return "a" * 64


def test_slices_and_batches(dataset: ToySet) -> None:
    with Decoder(entries(dataset, "test"), masks=False) as decoder:
        images = ImageBatch(decoder.source(), range(16))
        assert [len(batch) for batch in images.batches(6)] == [6, 6, 4]
        assert images[2:4].ids == ("000002", "000003")
        assert images[[-1, 0]].ids == ("000015", "000000")
        np.testing.assert_array_equal(images[[5]].pixels(8)[0], images.pixels(8)[5])
        assert images[0:0].pixels(8).shape == (0, 3, 8, 8)


def test_two_threads_may_ask_at_once(dataset: ToySet) -> None:
    results = []
    with Decoder(entries(dataset, "test"), masks=False) as decoder:
        images = ImageBatch(decoder.source(), range(16))
        threads = [threading.Thread(target=lambda: results.append(images.pixels(8))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(results) == 4
    image = Image.fromarray(dataset.image("test", entries(dataset, "test")[7].item))
    wanted = np.asarray(image.resize((8, 8), Image.Resampling.BICUBIC)).transpose(2, 0, 1)
    for result in results:
        np.testing.assert_array_equal(result[7], wanted)
