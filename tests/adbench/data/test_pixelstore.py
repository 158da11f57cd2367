"""The pixel store: what decides its arrays decides where they lie, and a damaged one is decoded again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL
import pytest
from toyplugin import ToySet, toy_registry

from adbench.contracts.images import ImageBatch
from adbench.data import pixelstore
from adbench.data.server import Decoder
from adbench.errors import UserError
from adbench.files.cache import cache_root
from adbench.planning.draws import entries


@pytest.fixture
def dataset() -> ToySet:
    return ToySet(toy_registry().dataset("toy-a"), None)


def pixels(dataset: ToySet) -> np.ndarray:
    """All test images at 8 pixels, through a decoder of their own."""
    test = entries(dataset, "test")
    with Decoder(test, masks=False) as decoder:
        return ImageBatch(decoder.source(), range(len(test))).pixels(8)


def decoded(dataset: ToySet, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that are decoded from here on."""
    seen: list[str] = []
    image = type(dataset).image

    def noted(self: ToySet, split: str, item: object) -> np.ndarray:
        seen.append(item.id)  # type: ignore[attr-defined]
        return image(self, split, item)

    monkeypatch.setattr(type(dataset), "image", noted)
    return seen


def test_a_damaged_row_is_decoded_again_and_no_other(dataset: ToySet, monkeypatch: pytest.MonkeyPatch) -> None:
    right = pixels(dataset)
    (file,) = cache_root().rglob("rows.u8")
    content = bytearray(file.read_bytes())
    content[3 * 8 * 8 * 2 + 5] ^= 1  # in the third row
    file.write_bytes(content)
    seen = decoded(dataset, monkeypatch)
    np.testing.assert_array_equal(pixels(dataset), right)
    assert len(seen) == 1
    np.testing.assert_array_equal(pixels(dataset), right)
    assert len(seen) == 1  # it was mended


@pytest.mark.parametrize(("owner", "name"), [(pixelstore, "READER_VERSION"), (PIL, "__version__")])
def test_another_reader_decodes_anew(owner: object, name: str, dataset: ToySet, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels(dataset)
    seen = decoded(dataset, monkeypatch)
    pixels(dataset)
    assert not seen
    monkeypatch.setattr(owner, name, "other")
    pixels(dataset)
    assert len(seen) == len(entries(dataset, "test"))


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="Cannot keep decoded images in .*ADBENCH_CACHE"):
        pixelstore.DecodedSplit(tmp_path / "file" / "folder", ["a"], (1,))


def test_an_error_of_the_dataset_is_not_one_of_the_cache(tmp_path: Path) -> None:
    store = pixelstore.DecodedSplit(tmp_path, ["a"], (1,))

    def read() -> np.ndarray:
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        store.fetch("a", read, np.zeros(1, np.uint8))


def test_packages_that_decode_keep_their_arrays_apart() -> None:
    plain = pixelstore.store_folder("f" * 64, "test", "pixels", (8, 8), "bilinear")
    medical = pixelstore.store_folder("f" * 64, "test", "pixels", (8, 8), "bilinear", "pydicom3.0.2")
    assert plain.parts[-4] == f"reader{pixelstore.READER_VERSION}-pillow{PIL.__version__}"
    assert medical.parts[-4] == f"{plain.parts[-4]}-pydicom3.0.2"
