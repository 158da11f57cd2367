from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from adbench.contracts.dataset import Reading
from adbench.data.accounting import Scan
from adbench.data.layouts import Layout
from adbench.data.scanning import scan
from adbench.errors import UserError

Tree = Callable[..., Path]
FOLDERS = Layout(defects=True, masks_outside="test")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Make empty files; scanning looks at names only."""

    def make(*files: str) -> Path:
        for file in files:
            path = tmp_path / "set" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "set"

    return make


def summary(found: Scan) -> dict[str, list[tuple[str, bool, str | None]]]:
    return {
        split: [(item.id, item.abnormal, item.masks[0].name if item.masks else None) for item in items]
        for split, items in found.items.items()
    }


EXPECTED = {
    "train": [("good/1", False, None), ("good/2", False, None)],
    "valid": [("Ungood/5", True, "5.png"), ("good/3", False, None)],
    "test": [("Ungood/7", True, "7.png"), ("Ungood/8", True, "8.png"), ("good/6", False, None)],
}
LAYOUTS = {
    "mvfa": [
        "train/good/img/1.png", "train/good/img/2.png",
        "valid/good/img/3.png", "valid/Ungood/img/5.png", "valid/Ungood/anomaly_mask/5.png",
        "test/good/img/6.png", "test/Ungood/img/7.png", "test/Ungood/img/8.png",
        "test/Ungood/anomaly_mask/7.png", "test/Ungood/anomaly_mask/8.png",
    ],
    "flat train, label folders, masks of normals": [
        "train/good/1.png", "train/good/2.png",
        "val/good/img/3.png", "val/good/label/3.png", "val/ungood/img/5.png", "val/ungood/label/5.png",
        "test/good/img/6.png", "test/good/label/6.png", "test/ungood/img/7.png", "test/ungood/img/8.png",
        "test/ungood/label/7.png", "test/ungood/label/8.png",
    ],
    "liver archive": [
        "Train/hist_DIY/train/good/1.png", "Train/hist_DIY/train/good/2.png",
        "Train/hist_DIY/valid/img/good/3.png", "Train/hist_DIY/valid/img/Ungood/5.png",
        "Train/hist_DIY/valid/label/good/3.png", "Train/hist_DIY/valid/label/Ungood/5.png",
        "Train/hist_DIY/test/img/good/6.png", "Train/hist_DIY/test/img/Ungood/7.png",
        "Train/hist_DIY/test/img/Ungood/8.png", "Train/hist_DIY/test/label/Ungood/7.png",
        "Train/hist_DIY/test/label/Ungood/8.png",
    ],
    "resc archive": [
        "Train/train/good/1.png", "Train/train/good/2.png",
        "Val/val/good/3.png", "Val/val/Ungood/5.png", "Val/val_label/Ungood/5.png",
        "Test/test/good/6.png", "Test/test/Ungood/7.png", "Test/test/Ungood/8.png",
        "Test/test_label/Ungood/7.png", "Test/test_label/Ungood/8.png",
    ],
    "capitals, wrapper folder, masks one deeper": [
        "BraTS2021_slice/TRAIN/GOOD/1.png", "BraTS2021_slice/TRAIN/GOOD/2.png",
        "BraTS2021_slice/Valid/Good/3.png", "BraTS2021_slice/Valid/UNGOOD/5.png",
        "BraTS2021_slice/Valid/UNGOOD/label/img/5.png",
        "BraTS2021_slice/Test/Good/6.png", "BraTS2021_slice/Test/UnGood/IMG/7.png",
        "BraTS2021_slice/Test/UnGood/IMG/8.png", "BraTS2021_slice/Test/UnGood/Label/7.png",
        "BraTS2021_slice/Test/UnGood/Label/8.png",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_bmad_layout_gives_the_same_items(tree: Tree, name: str) -> None:
    found = scan(tree(*LAYOUTS[name]), Layout())
    assert summary(found) == EXPECTED
    assert found.remarks == ()
    assert found.has_masks


def test_names_above_the_set_say_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "test" / "Ungood" / "img" / "label"
    (folder / "valid" / "good").mkdir(parents=True)
    (folder / "valid" / "good" / "img.png").touch()
    assert summary(scan(folder, Layout())) == {"train": [], "valid": [("good/img", False, None)], "test": []}


def test_mvtec(tree: Tree) -> None:
    folder = tree(
        "train/good/000.png", "test/good/000.png", "test/broken_large/000.png", "test/label/000.png",
        "ground_truth/broken_large/000_mask.png", "ground_truth/label/000_mask.png", "license.txt", "readme.txt",
    )  # fmt: skip
    found = scan(folder, Layout(defects=True, masks_outside="test"))
    assert summary(found) == {
        "train": [("good/000", False, None)],
        "valid": [],
        "test": [("broken_large/000", True, "000_mask.png"), ("good/000", False, None), ("label/000", True, "000_mask.png")],
    }
    assert [item.masks[0].parent.name for item in found.items["test"] if item.masks] == ["broken_large", "label"]


def test_masks_of_another_suffix_and_with_one(tree: Tree) -> None:
    folder = tree("test/Ungood/img/a.jpeg", "test/Ungood/img/b.png", "test/Ungood/label/a.png", "test/Ungood/label/b_mask.bmp")
    assert summary(scan(folder, Layout()))["test"] == [("Ungood/a", True, "a.png"), ("Ungood/b", True, "b_mask.bmp")]


def test_equal_stems_keep_their_suffix_and_their_mask(tree: Tree) -> None:
    folder = tree(
        "test/Ungood/img/a.png", "test/Ungood/img/a.jpg", "test/Ungood/img/b.png",
        "test/Ungood/label/a.png", "test/Ungood/label/a.jpg",
    )  # fmt: skip
    assert summary(scan(folder, Layout()))["test"] == [
        ("Ungood/a.jpg", True, "a.jpg"),
        ("Ungood/a.png", True, "a.png"),
        ("Ungood/b", True, None),
    ]


def test_folders_below_a_class_become_part_of_the_id(tree: Tree) -> None:
    folder = tree("test/Ungood/img/p1/a.png", "test/Ungood/img/p2/a.png", "test/Ungood/label/p2/a.png")
    assert summary(scan(folder, Layout()))["test"] == [("Ungood/p1/a", True, None), ("Ungood/p2/a", True, "a.png")]


def reasons(found: Scan) -> dict[str, str]:
    assert found.folder is not None
    return {path.relative_to(found.folder).as_posix(): reason for path, reason in found.left_out}


def test_hidden_and_other_files_are_left_out(tree: Tree) -> None:
    folder = tree(
        "test/good/img/a.png", "test/good/img/._a.png", "test/good/img/.DS_Store", "test/good/img/Thumbs.db",
        "test/good/.cache/b.png", "__MACOSX/test/good/a.png", "test/good/@eaDir/a.png", "test/good/img/notes.txt",
        "test/good/img/c.mha", "test/good/img/README",
    )  # fmt: skip
    found = scan(folder, Layout())
    assert summary(found)["test"] == [("good/a", False, None)]
    assert reasons(found) == {
        "test/good/img/._a.png": "hidden",
        "test/good/img/.DS_Store": "hidden",
        "test/good/img/Thumbs.db": "not an image: suffix .db",
        "test/good/.cache/b.png": "hidden",
        "__MACOSX/test/good/a.png": "in a folder that a system made",
        "test/good/@eaDir/a.png": "in a folder that a system made",
        "test/good/img/notes.txt": "not an image: suffix .txt",
        "test/good/img/c.mha": "not an image: suffix .mha",
        "test/good/img/README": "not an image: no suffix",
    }
    assert found.remarks == (
        "1 file in __MACOSX/test/good is left out: in a folder that a system made.",
        "1 file in test/good/@eaDir is left out: in a folder that a system made.",
        "1 file in test/good/img is left out: not an image: suffix .mha.",
    )
    assert not found.problems


def test_the_table_counts_every_file(tree: Tree) -> None:
    folder = tree(
        "train/good/1.png", "train/good/2.png", "test/good/3.png", "test/hole/4.png", "ground_truth/hole/4_mask.png", "readme.txt"
    )
    assert scan(folder, FOLDERS).table() == [
        (".", "left out", "", "", 1, "not an image: suffix .txt"),
        ("ground_truth/hole", "masks", "test", "hole", 1, ""),
        ("test/good", "images", "test", "normal", 1, ""),
        ("test/hole", "images", "test", "hole", 1, ""),
        ("train/good", "images", "train", "normal", 2, ""),
    ]


def test_folders_that_say_nothing(tree: Tree) -> None:
    """Outside of all splits they are left out; in a split they may belong to the set."""
    found = scan(tree("test/good/a.png", "extra/c.png", "extra/d.png", "loose.png"), Layout())
    assert len(found.items["test"]) == 1
    assert found.remarks == (
        "1 file in the set's own folder is left out: no split can be told from its folders.",
        "2 files in extra are left out: no split can be told from its folders.",
    )
    assert not found.problems
    (problem,) = scan(tree("test/b.png"), Layout()).problems
    assert problem.startswith("1 images in test belong to no class: move them to `good` or `Ungood` of test")
    assert "adbench data manifest" in problem
    assert any("test/other" in problem for problem in scan(tree("test/other/x.png"), Layout()).problems)


def test_a_folder_outside_with_the_names_of_images_may_hold_masks(tree: Tree) -> None:
    (problem,) = scan(tree("test/good/0.png", "test/hole/1.png", "outlines/hole/1.png"), FOLDERS).problems
    assert problem.startswith("outlines/hole lies in no split and holds files called as images of the set")


def test_abnormal_images_in_train_are_left_out(tree: Tree) -> None:
    found = scan(tree("train/good/a.png", "train/Ungood/b.png", "train/Ungood/label/b.png"), Layout())
    assert [item.id for item in found.items["train"]] == ["good/a"]
    assert "train holds normals only" in found.remarks[0]
    assert reasons(found) == {
        "train/Ungood/b.png": "abnormal, and train holds normals only",
        "train/Ungood/label/b.png": "a mask of images that are left out",
    }


@pytest.mark.parametrize("other", ["val/good/b.png", "copy/valid/good/b.png", "valid/Good/b.png"])
def test_a_split_that_lies_twice_is_refused(tree: Tree, other: str) -> None:
    found = scan(tree("valid/good/a.png", other), Layout())
    assert "in two places" in found.problems[0]
    assert len(found.items["valid"]) == len(found.left_out) == 1


def test_empty_folders(tmp_path: Path) -> None:
    (tmp_path / "test" / "good" / "img").mkdir(parents=True)
    found = scan(tmp_path, Layout())
    assert not found
    assert found.items["test"] == ()


def test_links_are_followed_and_circles_end(tree: Tree, tmp_path: Path) -> None:
    folder = tree("test/good/a.png")
    store = tmp_path / "store"
    store.mkdir()
    (store / "b.png").touch()
    os.symlink(store, folder / "test" / "Ungood")
    os.symlink(folder, folder / "test" / "good" / "up")
    os.symlink(tmp_path / "nowhere.png", folder / "test" / "good" / "broken.png")
    assert [item.id for item in scan(folder, Layout()).items["test"]] == ["Ungood/b", "good/a", "good/broken"]


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        scan(tmp_path / "none", Layout())


def test_subjects(tree: Tree) -> None:
    found = scan(
        tree("test/good/7_1.png", "test/good/8.png"), Layout(), lambda stem: stem.partition("_")[0] if "_" in stem else None
    )
    assert [item.group for item in found.items["test"]] == ["7", None]


@pytest.mark.slow
def test_many_files_are_quick(tree: Tree) -> None:
    folder = tree(*(f"test/good/img/{number}.png" for number in range(3000)), "test/good/img/1.jpg")
    assert len({item.id for item in scan(folder, Layout()).items["test"]}) == 3001


@pytest.mark.parametrize("name", ["gt", "GroundTruth", "ground_truth", "seg", "annotation", "masks", "label"])
@pytest.mark.parametrize("layout", [Layout(), FOLDERS], ids=["bmad", "folder"])
def test_every_usual_name_of_a_folder_of_masks(tree: Tree, layout: Layout, name: str) -> None:
    found = scan(
        tree("test/good/img/1.png", "test/Ungood/img/1.png", "valid/Ungood/img/1.png", f"test/Ungood/{name}/1.png"), layout
    )
    assert summary(found) == {
        "train": [],
        "valid": [("Ungood/1", True, None)],
        "test": [("Ungood/1", True, "1.png"), ("good/1", False, None)],
    }
    assert found.problems == found.mask_problems == ()


def test_an_image_gets_no_mask_of_another_split(tree: Tree) -> None:
    files = ["valid/Ungood/img/1.png", "test/Ungood/img/1.png", "test/Ungood/img/2.png"]
    found = scan(tree(*files, "valid/Ungood/ground_truth/1.png", "test/Ungood/ground_truth/2.png"), FOLDERS)
    assert [item.masks[0].parts[-4] if item.masks else None for item in (*found.items["valid"], *found.items["test"])] == [
        "valid",
        None,
        "test",
    ]
    (problem,) = found.mask_problems
    assert problem.startswith("test/Ungood/img/1.png has no mask, unlike 1 of 2")


def test_a_mask_of_no_image_is_a_problem_that_names_it(tree: Tree) -> None:
    files = ["test/good/0.png", "test/hole/1.png", "ground_truth/hole/1_mask.png"]
    assert scan(tree(*files), FOLDERS).mask_problems == ()
    (problem,) = scan(tree(*files, "ground_truth/hole/9_mask.png"), FOLDERS).mask_problems
    assert "ground_truth/hole/9_mask.png belongs to no image" in problem


def test_masks_of_a_class_without_images_are_a_problem(tree: Tree) -> None:
    files = ["test/good/0.png", "test/hole/1.png", "ground_truth/hole/1_mask.png"]
    crack = ["ground_truth/crack/1_mask.png", "ground_truth/crack/2_mask.png"]
    (problem,) = scan(tree(*files, *crack), FOLDERS).mask_problems
    assert "ground_truth/crack/1_mask.png, and 1 more" in problem


def test_a_folder_beside_images_is_a_problem(tree: Tree) -> None:
    files = ["test/good/1.png", "test/Ungood/img/1.png"]
    assert scan(tree(*files, "test/good/.thumbs/1.png", "test/Ungood/@eaDir/1.png"), FOLDERS).problems == ()
    (problem,) = scan(tree(*files, "test/Ungood/outlines/1.png", "test/Ungood/outlines/2.png"), FOLDERS).problems
    assert "test/Ungood/outlines lies beside images and holds 2 more" in problem


@pytest.mark.parametrize("good", ["good", "Normal", "OK", "healthy", "negative"])
def test_every_usual_name_of_the_normal_class(tree: Tree, good: str) -> None:
    found = scan(tree(f"train/{good}/1.png", f"test/{good}/2.png", "test/ko/3.png", "ground_truth/ko/3.png"), FOLDERS)
    assert summary(found) == {
        "train": [("good/1", False, None)],
        "valid": [],
        "test": [("Ungood/3", True, "3.png"), ("good/2", False, None)],
    }


def test_a_defect_may_be_called_as_a_folder_of_masks(tree: Tree) -> None:
    defect = ["test/good/1.png", "test/mask/2.png", "ground_truth/mask/2_mask.png"]
    assert summary(scan(tree(*defect), FOLDERS))["test"] == [("good/1", False, None), ("mask/2", True, "2_mask.png")]
    masks = ["test/good/1.png", "test/Ungood/2.png", "test/mask/Ungood/2.png"]
    assert summary(scan(tree(*masks), FOLDERS))["test"] == [("Ungood/2", True, "2.png"), ("good/1", False, None)]


def test_a_folder_of_masks_for_each_image(tree: Tree) -> None:
    folder = tree(
        "train/good/0.png", "test/good/0.png", "test/logical/1.png", "test/logical/2.png",
        "ground_truth/logical/1/000.png", "ground_truth/logical/1/001.png", "ground_truth/logical/2/000.png",
    )  # fmt: skip
    found = scan(folder, FOLDERS)
    _, first, second = found.items["test"]
    assert [mask.relative_to(folder / "ground_truth").as_posix() for mask in first.masks] == [
        "logical/1/000.png",
        "logical/1/001.png",
    ]
    assert len(second.masks) == 1
    assert first.type == "logical"
    assert not found.mask_problems
    assert not found.left_out


def test_a_folder_of_several_pictures_for_an_image_is_refused_where_they_are_not_numbered(tree: Tree) -> None:
    folder = tree("test/good/0.png", "test/hole/1.png", "ground_truth/hole/1/mask.png", "ground_truth/hole/1/outline.png")
    assert "ground_truth/hole/1/mask.png, and 1 more, belong to no image" in scan(folder, FOLDERS).mask_problems[0]


def test_masks_without_a_class_belong_to_the_only_one(tree: Tree) -> None:
    folder = tree("test/good/0.png", "test/hole/1.png", "ground_truth/1_mask.png")
    assert summary(scan(folder, FOLDERS))["test"] == [("good/0", False, None), ("hole/1", True, "1_mask.png")]
    (problem,) = scan(tree("test/worse/2.png"), FOLDERS).mask_problems
    assert problem.startswith("The mask ground_truth/1_mask.png belongs to no image")


def test_defects_and_their_masks_may_differ_in_case_and_encoding(tree: Tree) -> None:
    folder = tree("test/good/0.png", "test/Fl\u00e4che/1.png", "ground_truth/fla\u0308che/1.png")
    assert summary(scan(folder, FOLDERS))["test"] == [("Fl\u00e4che/1", True, "1.png"), ("good/0", False, None)]


def test_a_normal_class_that_nobody_knows(tree: Tree) -> None:
    folder = tree("train/perfect/1.png", "test/perfect/2.png", "test/hole/3.png")
    for layout in (FOLDERS, Layout()):
        assert (
            scan(folder, layout)
            .problems[0]
            .startswith(
                "The images of train lie in a folder perfect, and nobody can tell whether that means normal: rename it to `good`, or give "
                "`--normal-name perfect`."
            )
        )
    found = scan(folder, FOLDERS, reading=Reading(normal_names=frozenset({"perfect"})))
    assert not found.problems
    assert [(item.id, item.abnormal) for item in found.items["test"]] == [("good/2", False), ("hole/3", True)]
    assert "None of the folders of train (fine, perfect)" in scan(tree("train/fine/1.png"), FOLDERS).problems[0]


def test_several_normal_classes_that_the_user_names(tree: Tree) -> None:
    folder = tree("train/left/1.png", "train/right/1.png", "test/left/2.png", "test/hole/3.png")
    found = scan(folder, FOLDERS, reading=Reading(normal_names=frozenset({"left", "right"})))
    assert [item.id for item in found.items["train"]] == ["good/left/1", "good/right/1"]
    assert not found.problems


@pytest.mark.parametrize("kind", ["good", "Ungood"])
def test_two_folders_of_the_same_names_may_be_images_and_masks(tree: Tree, kind: str) -> None:
    inner = {"photos": "123", "outlines": "12", "views": "9"}
    folder = tree("train/good/0.png", *(f"test/{kind}/{where}/{name}.png" for where, names in inner.items() for name in names))
    (problem,) = scan(folder, FOLDERS).problems
    assert problem.startswith(f"test/{kind}/outlines and test/{kind}/photos hold files of the same names")
    assert len(scan(folder, FOLDERS).left_out) == 5


def test_folders_of_subjects_may_hold_the_same_names(tree: Tree) -> None:
    found = scan(tree("test/good/0.png", *(f"test/Ungood/p{subject}/{name}.png" for subject in "12" for name in "12")), FOLDERS)
    assert not found.problems
    assert len(found.items["test"]) == 5


def test_images_one_deeper_than_their_masks(tree: Tree) -> None:
    found = scan(tree("test/good/0.png", "test/Ungood/photos/1.png", "test/Ungood/label/1.png"), FOLDERS)
    assert summary(found)["test"] == [("Ungood/photos/1", True, "1.png"), ("good/0", False, None)]


@pytest.fixture
def volumes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of three slices, as far as their headers say."""
    monkeypatch.setattr("adbench.files.pictures.frames", lambda path, axis=2: 3 if path.suffix == ".tif" else None)
    monkeypatch.setattr("adbench.files.pictures.subject_of", lambda path: "someone" if path.stem == "9" else None)


@pytest.mark.usefixtures("volumes")
def test_volumes_are_slices(tree: Tree) -> None:
    found = scan(tree("train/good/7.tif", "test/good/9.tif", "test/Ungood/img/8.tif", "test/Ungood/label/8.tif"), Layout())
    assert [(item.id, item.group, item.frame) for item in found.items["train"]] == [
        ("good/7/000", "7", 0), ("good/7/001", "7", 1), ("good/7/002", "7", 2),
    ]  # fmt: skip
    assert {item.group for item in found.items["test"]} == {"8", "someone"}
    assert all(item.masks for item in found.items["test"] if item.abnormal)
    assert sum(row.files for row in found.table()) == 4
    assert not found.mask_problems


@pytest.mark.usefixtures("volumes")
def test_a_mask_with_another_number_of_slices(tree: Tree) -> None:
    found = scan(tree("test/good/9.tif", "test/Ungood/img/8.tif", "test/Ungood/label/8.png"), Layout())
    assert found.mask_problems[0].startswith("test/Ungood/img/8.tif has 3 slices, but its mask test/Ungood/label/8.png has 1")
