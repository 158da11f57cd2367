"""Trees that nobody thought of: every file is used or left out with a reason, and the pairs are those of the maker."""

from __future__ import annotations

import tempfile
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adbench.data.accounting import Scan
from adbench.data.layouts import Layout
from adbench.data.manifest import read_manifest, write_manifest
from adbench.data.scanning import scan
from adbench.files.suffixes import IMAGE_SUFFIXES

LAYOUT = Layout(defects=True, masks_outside="test")
SPLITS = {"train": ("train", "Train"), "valid": ("valid", "val", "VALIDATION"), "test": ("test", "Test", "testing")}
GOODS = ("good", "NORMAL", "ok", "Healthy", "negative")
DEFECTS = ("hole", "Fl\u00e4che", "crack_2", "\u50b7")
SUFFIXES = (".png", ".PNG", ".bmp", ".jpg")
SEVERAL = ("{}_mask", "{}_gt", "{}-seg", "{}/000")  # an image may have several masks
MASK_SUFFIXES = (".png", ".bmp", ".PNG")
STYLES = ("{}", "{}_mask", "{}_gt", "{}-seg", "mask_{}", "GT_{}", "{}.label", "{}_MASK", "{}/000")
FOREIGN = (
    "notes.txt",
    "Thumbs.db",
    ".DS_Store",
    "._x.png",
    "data.mha",
    "README",
    ".git/1.png",
    "@eaDir/1.png",
    "__MACOSX/a/1.png",
)

# Letters of several scripts, composed and not, and what file names are full of; no word that a mask is told by.
stems = st.text("ab7\u00e4\u00e9\u0151\u50b7 -.", min_size=1, max_size=6).filter(
    lambda stem: stem.strip(" .-") == stem and stem[0] != "."
)
encodings = st.sampled_from(["NFC", "NFD"])


@dataclass
class Made:
    """A tree: its files, and what each is meant to be, as paths below its folder."""

    images: dict[str, tuple[str, bool]] = field(default_factory=dict)  # to split and label
    masks: dict[str, set[str]] = field(default_factory=dict)  # image to masks
    spare: set[str] = field(default_factory=set)

    @property
    def files(self) -> set[str]:
        return {*self.images, *(mask for masks in self.masks.values() for mask in masks), *self.spare}


@st.composite
def trees(draw: st.DrawFn) -> Made:
    """A tree in which every abnormal image of `test` has its mask."""
    made = Made()
    bmad = draw(st.booleans())
    style, numbered = draw(st.sampled_from(STYLES)), draw(st.booleans())
    masks_below = draw(st.sampled_from(["ground_truth", "GT", "Masks", "annotation"])) if bmad else "ground_truth"
    defects = ["Ungood"] if bmad else draw(st.lists(st.sampled_from(DEFECTS), min_size=1, max_size=3, unique=True))
    for split, names in SPLITS.items():
        if split == "valid" and draw(st.booleans()):
            continue
        top = draw(st.sampled_from(names))
        kinds = [draw(st.sampled_from(GOODS)), *(defects if split == "test" or bmad else [])]
        for kind in kinds:
            abnormal = kind in defects
            below = f"{top}/{kind}/img" if bmad else f"{top}/{kind}"
            suffix, ending = draw(st.sampled_from(SUFFIXES)), draw(st.sampled_from(MASK_SUFFIXES))
            chosen = draw(st.lists(stems, min_size=1, max_size=4, unique_by=lambda s: unicodedata.normalize("NFC", s).casefold()))
            for stem in chosen:
                image = f"{below}/{unicodedata.normalize(draw(encodings), stem)}{suffix}"
                made.images[image] = (split, abnormal)
                if not abnormal:
                    continue
                folder = (
                    f"{top}/{kind}/{masks_below}" if bmad else f"{masks_below}/{unicodedata.normalize(draw(encodings), kind)}"
                )
                called = style.format(unicodedata.normalize(draw(encodings), stem))
                parts = ("_0", "_1") if numbered and style in SEVERAL else ("",)
                made.masks[image] = {f"{folder}/{called}{part}{ending}" for part in parts}
    for name in draw(st.lists(st.sampled_from(FOREIGN), unique=True)):
        made.spare.add(f"{draw(st.sampled_from(sorted(made.images))).rpartition('/')[0]}/{name}")
    return made


def build(made: Made, root: Path) -> Path:
    for file in made.files:
        path = root / "set" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root / "set"


def account(found: Scan, folder: Path) -> tuple[dict[str, tuple[str, bool]], dict[str, set[str]], dict[str, str]]:
    """Images with split and label, image to masks, and what is left out with its reason; each file is there once."""
    items = [(split, item) for split, among in found.items.items() for item in among]
    used = [path for _, item in items for path in (item.path, *item.masks) if path]
    every = [*used, *(path for path, _ in found.left_out)]
    assert len(set(every)) == len(every)
    assert set(every) == {path for path in folder.rglob("*") if path.is_file()}
    assert sum(row.files for row in found.table()) == len(every)
    assert all(reason for _, reason in found.left_out)
    assert all(len({item.id for item in among}) == len(among) for among in found.items.values())

    def name(path: Path | None) -> str:
        assert path is not None
        return path.relative_to(folder).as_posix()

    return (
        {name(item.path): (split, item.abnormal) for split, item in items},
        {name(item.path): {name(mask) for mask in item.masks} for _, item in items if item.masks},
        {name(path): reason for path, reason in found.left_out},
    )


quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@quick
@given(trees())
def test_pairs_are_those_of_the_maker_and_no_file_is_lost(made: Made) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = build(made, Path(root))
        found = scan(folder, LAYOUT)
        assert found.problems == found.mask_problems == ()
        images, masks, left_out = account(found, folder)
        learned = {image: what for image, what in made.images.items() if what != ("train", True)}
        assert images == learned
        assert masks == {image: several for image, several in made.masks.items() if image in learned}
        dropped = {mask for image, several in made.masks.items() if image not in learned for mask in several}
        assert left_out.keys() == made.spare | dropped | (made.images.keys() - learned.keys())


@quick
@given(trees())
def test_a_manifest_says_the_same_as_the_tree(made: Made) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = build(made, Path(root))
        found = scan(folder, LAYOUT)
        for kind in (".csv", ".jsonl", ".parquet"):
            write_manifest(found, Path(root) / f"m{kind}")
            again = read_manifest(Path(root) / f"m{kind}")
            assert again.items == found.items


@quick
@given(trees(), st.data())
def test_a_surplus_mask_is_refused(made: Made, data: st.DataObject) -> None:
    """A mask that no image is called as, beside the others."""
    tested = sorted(image for image in made.masks if made.images[image][0] == "test")
    image = data.draw(st.sampled_from(tested))
    where, _, name = min(made.masks[image]).rpartition("/")
    # In a folder of masks of one image, every mask is that image's.
    stranger = f"{where.rpartition('/')[0]}/zz99/000.png" if name.startswith("000") else f"{where}/zz99_mask.png"
    made.spare.add(stranger)
    with tempfile.TemporaryDirectory() as root:
        folder = build(made, Path(root))
        found = scan(folder, LAYOUT)
        assert len(found.mask_problems) == 1
        assert stranger in found.mask_problems[0]
        assert account(found, folder)[2][stranger] == "a mask of no image"


@quick
@given(trees(), st.data())
def test_a_missing_mask_is_refused(made: Made, data: st.DataObject) -> None:
    """Of the abnormal images of a split, one lacks its masks."""
    tested = sorted(image for image in made.masks if made.images[image][0] == "test")
    elsewhere = any(made.images[image][0] == "valid" for image in made.masks)
    image = data.draw(st.sampled_from(tested))
    del made.masks[image]
    with tempfile.TemporaryDirectory() as root:
        folder = build(made, Path(root))
        found = scan(folder, LAYOUT)
        if len(tested) > 1 or elsewhere:
            assert len(found.mask_problems) == 1
            assert f"{image} has no mask" in found.mask_problems[0]
        account(found, folder)


@quick
@given(trees(), st.data())
def test_an_unknown_folder_is_refused(made: Made, data: st.DataObject) -> None:
    """A folder of images beside those of a class, called as nobody knows."""
    beside = data.draw(
        st.sampled_from(sorted({image.rpartition("/")[0] for image in made.images if "train" not in image.lower()}))
    )
    stranger = f"{beside}/foo/1.png"
    made.spare.add(stranger)
    with tempfile.TemporaryDirectory() as root:
        folder = build(made, Path(root))
        found = scan(folder, LAYOUT)
        assert any(f"{beside}/foo" in problem for problem in found.problems)
        assert all("adbench data manifest" in problem for problem in found.problems)
        assert account(found, folder)[2][stranger] == "it may be an image or a mask"


parts = st.sampled_from(
    ["train", "test", "val", "good", "Ungood", "hole", "img", "label", "ground_truth", "foo", "1", ".git", "@eaDir", "mask"]
)
names = st.builds(lambda stem, suffix: stem + suffix, stems, st.sampled_from([*SUFFIXES, ".txt", "", "_mask.png", "_gt_0.png"]))


@settings(quick, max_examples=200)
@given(st.lists(st.builds(lambda folders, name: "/".join([*folders, name]), st.lists(parts, max_size=5), names), max_size=12))
def test_any_tree_at_all_is_accounted_for(files: list[str]) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "set"
        folder.mkdir()
        for file in files:
            path = folder / file
            if not any(parent.is_file() for parent in path.parents):
                path.parent.mkdir(parents=True, exist_ok=True)
                if not path.is_dir():
                    path.touch()
        account(scan(folder, LAYOUT), folder)
        account(scan(folder, Layout()), folder)


def test_the_suffixes_of_these_tests_are_known() -> None:
    assert {suffix.lower() for suffix in (*SUFFIXES, *MASK_SUFFIXES)} <= IMAGE_SUFFIXES


@pytest.mark.slow
def test_thirty_thousand_files_take_seconds(tmp_path: Path) -> None:
    import time

    for folder, count in (("train/good", 20_000), ("test/good", 5_000), ("test/hole", 2_500), ("ground_truth/hole", 2_500)):
        (tmp_path / folder).mkdir(parents=True)
        for number in range(count):
            (tmp_path / folder / f"{number}.png").touch()
    started = time.perf_counter()
    found = scan(tmp_path, LAYOUT)
    assert len(found.items["test"]) == 7_500
    assert not found.mask_problems
    assert time.perf_counter() - started < 20
