"""Galleries: which images are shown, with what, and what is said where something is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from madeup import made_up_cell
from toyplugin import toy_registry

from adbench.api import open_run
from adbench.leaderboard.material import gather
from adbench.report.gallery import Gallery, ImageSource, choose_cases, galleries
from adbench.report.maps import KeptMaps, read_maps
from adbench.report.pictures import image_picture, map_picture, mask_picture
from adbench.results.store import RunFolder


def shown(folder: RunFolder, known: bool = True, budget: int | None = None) -> list[Gallery]:
    """The galleries of a run."""
    source = ImageSource(toy_registry() if known else None, None)
    source.left = source.left if budget is None else budget
    return galleries(gather([open_run(folder.path)]), source)


def test_cases_are_best_median_worst_and_the_worst_normal() -> None:
    labels = np.array([True, True, True, False, False])
    quality = np.array([0.2, 0.9, 0.5, 0.7, 0.1])
    assert choose_cases(labels, quality) == [
        ("best abnormal", 1),
        ("median abnormal", 2),
        ("worst abnormal", 0),
        ("worst normal", 4),
    ]


def test_no_image_is_shown_twice() -> None:
    assert choose_cases(np.array([True, False]), np.array([0.5, 0.5])) == [("best abnormal", 0), ("worst normal", 1)]
    kinds = [kind for kind, _ in choose_cases(np.array([True, True, False]), np.array([0.9, 0.1, 0.5]))]
    assert kinds == ["best abnormal", "median abnormal", "worst normal"]


def test_images_masks_and_maps(demo: RunFolder) -> None:
    gallery = next(gallery for gallery in shown(demo) if gallery.title.startswith("toy-a"))
    assert [case.kind for case in gallery.cases] == ["best abnormal", "median abnormal", "worst abnormal", "worst normal"]
    assert gallery.has_masks
    for case in gallery.cases:
        assert case.image
        assert case.image.uri.startswith("data:image/webp;base64,")
        assert (case.mask is not None) == case.abnormal
        maps = {column[:2]: one.map for column, one in zip(gallery.columns, case.methods, strict=True)}
        assert maps["alpha", "few-shot k=4, seed 0"]
        assert maps["beta", "few-shot k=4, seed 0"] is None
    (note,) = gallery.notes
    assert note.startswith("No maps of beta, few-shot k=4, seed 0; gamma, few-shot k=4, seed 0; oracle")
    assert note.endswith(": not kept. The same command with --keep maps adds them.")
    heat = gallery.cases[0].methods[0].map
    assert heat
    assert heat.alt.endswith("highest inside the mask")


def test_without_a_registry_there_are_scores_only(demo: RunFolder) -> None:
    gallery = shown(demo, known=False)[0]
    assert gallery.notes == ["No images: images were not asked for."]
    assert [case.image for case in gallery.cases] == [None] * 4
    assert [len(case.methods) for case in gallery.cases] == [1] * 4  # nobody but alpha was there


def test_an_unknown_or_absent_dataset_is_explained(demo: RunFolder) -> None:
    made_up_cell(demo, "alpha", "toy-absent")
    notes = {gallery.title.split()[0]: gallery.notes[0] for gallery in shown(demo)}
    assert "Unknown dataset 'elsewhere'" in notes["elsewhere"]
    assert "fetch it from the shelf" in notes["toy-absent"]


def test_another_copy_is_not_shown(folder: RunFolder) -> None:
    made_up_cell(folder, "alpha", "toy-a", items=[("good/0", False), ("Ungood/0", True)], fingerprint="00")
    (gallery,) = shown(folder)
    assert gallery.notes == ["No images: the copy here is not the one that was measured."]


def test_cells_that_saw_other_images_are_named(folder: RunFolder) -> None:
    made_up_cell(folder, "alpha", "set")
    made_up_cell(folder, "beta", "set", items=[("x", True), ("y", False)])
    made_up_cell(folder, "gamma", "set")
    (gallery,) = shown(folder)
    assert sorted(name for name, _, _ in gallery.columns) == ["alpha", "gamma"]
    assert gallery.notes[1] == "Left out because they saw other images: beta, few-shot k=4, seed 0."


def test_an_unreadable_image_costs_its_picture(folder: RunFolder) -> None:
    items = [("good/0", False), ("Ungood/3", True)]
    made_up_cell(folder, "alpha", "toy-broken", items=items, fingerprint=b"toy-broken-1".hex().ljust(64, "0"))
    (gallery,) = shown(folder)
    assert [case.image is None for case in gallery.cases] == [True, False]
    assert "Ungood/3 cannot be shown: UserError: /data/test/Ungood/3.png is truncated: copy it again." in gallery.notes


def test_a_full_page_takes_no_more_pictures(demo: RunFolder) -> None:
    first, second = [gallery for gallery in shown(demo, budget=1) if gallery.title.startswith("toy")]
    assert first.cases[0].image
    assert second.cases[0].image is None
    assert second.notes[0] == "No images: the page is full."


@pytest.mark.parametrize("content", [b"broken", b""])
def test_broken_maps_are_said_to_be_so(tmp_path: Path, content: bytes) -> None:
    assert read_maps(tmp_path, ["a"]) == "not kept"
    (tmp_path / "maps.npz").write_bytes(content)
    assert read_maps(tmp_path, ["a"]) == "cannot be read"


def test_a_cut_archive_and_a_plain_array_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "maps.npz"
    np.savez_compressed(file, ids=np.array(["a"]), maps=np.random.default_rng(0).random((1, 64, 64)))
    file.write_bytes(file.read_bytes()[:2000])
    assert read_maps(tmp_path, ["a"]) == "cannot be read"
    with file.open("wb") as sink:
        np.save(sink, np.zeros(3))
    assert read_maps(tmp_path, ["a"]) == "cannot be read"


def write_maps(folder: Path, **arrays: np.ndarray) -> Callable[[], KeptMaps | str]:
    np.savez(folder / "maps.npz", **arrays)
    return lambda: read_maps(folder, ["a", "c"])


def test_maps_are_found_by_id(tmp_path: Path) -> None:
    maps = np.arange(32, dtype=np.float16).reshape(2, 4, 4)
    kept = write_maps(tmp_path, ids=np.array(["b", "a"]), maps=maps)()
    assert isinstance(kept, KeptMaps)
    assert list(kept.values) == ["a"]
    assert np.array_equal(kept.values["a"], maps[1])
    assert kept.low == 15.5


def test_maps_that_do_not_fit_or_are_pickled_are_refused(tmp_path: Path) -> None:
    assert write_maps(tmp_path, ids=np.array(["b"]), maps=np.zeros((2, 4, 4), np.float16))() == "cannot be read"
    assert write_maps(tmp_path, ids=np.array(["b"], object), maps=np.zeros((1, 4, 4), np.float16))() == "cannot be read"


def test_pictures_keep_their_shape() -> None:
    image = np.zeros((100, 50, 3), np.uint8)
    assert image_picture(image, "").height == 128
    assert image_picture(image, "").width == 64
    assert mask_picture(np.zeros((100, 50), bool), "").width == 64
    constant = map_picture(image, np.zeros((4, 4), np.float16), 0.0, 0.0, "")
    assert (constant.width, constant.height) == (64, 128)
