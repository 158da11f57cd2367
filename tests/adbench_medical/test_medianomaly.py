"""The seven sets of MedIAnomaly: which image is what, what is left out and why, and what is said of a wrong copy."""

from __future__ import annotations

import json
from pathlib import Path

import medicaltrees
import pytest

import adbench
from adbench_medical.cards import MEDIANOMALY
from adbench_medical.medianomaly import MedianomalyDataset
from adbench_medical.subjects import subject

CARDS = {card.name.removeprefix("medianomaly-"): card for card in MEDIANOMALY}
LISTED = {"rsna": "RSNA", "vincxr": "VinCXR", "braintumor": "BrainTumor", "lag": "LAG"}


def opened(name: str, root: Path) -> MedianomalyDataset:
    return MedianomalyDataset(CARDS[name], root)


def shown(dataset: MedianomalyDataset, split: adbench.Split = "test") -> list[tuple[str, bool, str | None]]:
    return [(item.id, item.abnormal, item.type) for item in dataset.items(split)]


def left_out(dataset: MedianomalyDataset) -> dict[str, str]:
    folder = dataset.found.folder
    assert folder is not None
    return {path.relative_to(folder).as_posix(): reason for path, reason in dataset.found.left_out}


@pytest.mark.parametrize(("name", "folder"), LISTED.items())
def test_a_set_with_a_list(name: str, folder: str, tmp_path: Path) -> None:
    medicaltrees.listed(tmp_path / "medianomaly_data" / folder.lower(), 1)
    dataset = opened(name, tmp_path)
    assert shown(dataset, "train") == [(f"good/{i:03d}", False, None) for i in range(8)]
    assert shown(dataset) == [
        *((f"Ungood/{i:03d}", True, None) for i in range(16, 24)),
        *((f"good/{i:03d}", False, None) for i in range(8, 16)),
    ]
    assert left_out(dataset) == {
        "data.json": "not an image: suffix .json",
        "images/024.png": "data.json gives it no split and label",
        "images/025.png": "data.json gives it no split and label",
    }


def test_counts_that_differ_are_told(tmp_path: Path) -> None:
    medicaltrees.listed(tmp_path / "RSNA", 1)
    assert (
        "This copy is not the published one: train/normal 8 instead of 3851, test/normal 8 instead of 1000, test/abnormal 8 "
        "instead of 1000." in opened("rsna", tmp_path).warnings()
    )


@pytest.mark.parametrize("where", ["RSNA", "rsna", "MedIAnomaly-Data/RSNA", "medianomaly data/Rsna"])
def test_it_lies_in_the_root_or_in_the_folder_of_all(where: str, tmp_path: Path) -> None:
    medicaltrees.listed(tmp_path / where, 1)
    assert opened("rsna", tmp_path).absence() is None
    assert opened("rsna", (tmp_path / where).parent).absence() is None
    assert opened("rsna", tmp_path / where).absence() is None
    assert opened("lag", tmp_path).absence() is not None


def test_it_is_not_looked_for_elsewhere(tmp_path: Path) -> None:
    medicaltrees.camelyon(tmp_path / "BMAD" / "Camelyon16")
    assert "no folder in" in str(opened("camelyon16", tmp_path).absence())


def test_two_copies_are_refused(tmp_path: Path) -> None:
    for name in ("LAG", "lag_", "MedIAnomaly-Data/LAG"):
        medicaltrees.listed(tmp_path / name, 1)
    assert "Both" in str(opened("lag", tmp_path).absence())
    (tmp_path / "lag_" / "data.json").unlink()
    assert opened("lag", tmp_path).found.folder == tmp_path / "LAG"


@pytest.mark.parametrize(
    ("name", "folder", "lacking", "said"),
    [
        ("rsna", "RSNA", "data.json", "has no data.json"),
        ("lag", "LAG", "images", "has no images"),
        ("isic2018", "ISIC2018_Task3", "ISIC2018_Task3_Test_Input", "has no ISIC2018_Task3_Test_Input"),
        (
            "isic2018",
            "ISIC2018_Task3",
            "ISIC2018_Task3_Training_GroundTruth/ISIC2018_Task3_Training_GroundTruth.csv",
            "has no ISIC2018_Task3_Training_GroundTruth/ISIC2018_Task3_Training_GroundTruth.csv",
        ),
        ("camelyon16", "Camelyon16", "test/Ungood", "has no test/Ungood"),
        ("brats2021", "BraTS2021", "test/tumor", "has no test/tumor"),
    ],
)
def test_a_part_that_lacks_is_named(name: str, folder: str, lacking: str, said: str, tmp_path: Path) -> None:
    home = medicaltrees.medianomaly(tmp_path) / "MedIAnomaly-Data" / folder
    (home / lacking).rename(tmp_path / "away")
    reason = str(opened(name, tmp_path).absence())
    assert reason == f"medianomaly-{name}: {home} {said}. {CARDS[name].how_to_get}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "gives no `train`"),
        ('{"train": {"0": []}}', "gives no `test`"),
        ('{"train": [], "test": {}}', "gives no `train`"),
        ('{"train": {"0": "a.png"}, "test": {}}', "gives no list of names as `0` of `train`"),
        ('{"train": {"0": [1]}, "test": {}}', "gives no list of names as `0` of `train`"),
    ],
)
def test_a_wrong_list_is_named(content: str, said: str, tmp_path: Path) -> None:
    file = medicaltrees.listed(tmp_path / "VinCXR", 1) / "data.json"
    file.write_text(content)
    reason = str(opened("vincxr", tmp_path).absence())
    assert f"{file} {said}" in reason
    assert reason.endswith("get it again.")


def test_abnormal_images_of_train_and_files_that_lack(tmp_path: Path) -> None:
    folder = medicaltrees.listed(tmp_path / "LAG", 1)
    content = json.loads((folder / "data.json").read_text())
    content["train"]["1"] = content["test"]["1"][:1]
    content["test"]["1"] = [*content["test"]["1"][1:], "gone.png"]
    (folder / "data.json").write_text(json.dumps(content))
    dataset = opened("lag", tmp_path)
    assert left_out(dataset)["images/016.png"] == "abnormal, and train holds normals only"
    assert dataset.problems()[0].startswith("images/gone.png is in data.json but not on disk: get the files, or correct it.")


def test_isic(tmp_path: Path) -> None:
    folder = medicaltrees.isic(tmp_path / "ISIC2018_Task3")
    medicaltrees.write(folder / "ISIC2018_Task3_Validation_Input/ISIC_1.jpg", medicaltrees.normal_pictures(1, 9).images[0])
    dataset = opened("isic2018", tmp_path)
    assert shown(dataset, "train") == [(f"good/ISIC_5{i:03d}", False, None) for i in range(8)]
    kinds = ["MEL", "BCC", "AKIEC", "BKL", "DF", "VASC", "MEL", "MEL"]
    assert shown(dataset) == [
        *((f"Ungood/ISIC_6{i:03d}", True, kind) for i, kind in enumerate(kinds, start=8)),
        *((f"good/ISIC_6{i:03d}", False, None) for i in range(8)),
    ]
    reasons = left_out(dataset)
    for number in (8, 9):
        assert reasons[f"ISIC2018_Task3_Training_Input/ISIC_5{number:03d}.jpg"] == "abnormal, and train holds normals only"
    assert reasons["ISIC2018_Task3_Validation_Input/ISIC_1.jpg"] == "ISIC2018_Task3 gives it no split and label"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ISIC_9,0.0,0.0,0.0,0.0,0.0,0.0,0.0", "wants 1.0 for one class"),
        ("ISIC_9,1.0,1.0,0.0,0.0,0.0,0.0,0.0", "wants 1.0 for one class"),
        ("ISIC_9,0.0,0.5,0.0,0.0,0.0,0.0,0.0", "wants 1.0 for one class"),
        ("ISIC_9,0.0,nan,0.0,0.0,0.0,0.0,0.0", "wants 1.0 for one class"),
        ("ISIC_9,0.0,one,0.0,0.0,0.0,0.0,0.0", "has a value that is no number"),
        ("ISIC_9,0.0,1.0", "has a value that is no number"),
        (",0.0,1.0,0.0,0.0,0.0,0.0,0.0", "names no image"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(row: str, said: str, tmp_path: Path) -> None:
    table = medicaltrees.isic(tmp_path / "ISIC2018_Task3") / "ISIC2018_Task3_Test_GroundTruth/ISIC2018_Task3_Test_GroundTruth.csv"
    table.write_text(table.read_text() + row + "\n")
    assert f"{table}, line 18, {said}" in str(opened("isic2018", tmp_path).absence())


def test_a_table_without_a_column_or_in_another_encoding(tmp_path: Path) -> None:
    table = medicaltrees.isic(tmp_path / "ISIC2018_Task3") / "ISIC2018_Task3_Test_GroundTruth/ISIC2018_Task3_Test_GroundTruth.csv"
    table.write_text(table.read_text().replace("VASC", "VAS"))
    assert f"{table} has no column VASC" in str(opened("isic2018", tmp_path).absence())
    table.write_bytes(b"\xff\xfe\xff")
    assert f"{table} cannot be read" in str(opened("isic2018", tmp_path).absence())


def test_an_image_that_lacks_is_told_with_its_table(tmp_path: Path) -> None:
    folder = medicaltrees.isic(tmp_path / "ISIC2018_Task3")
    (folder / "ISIC2018_Task3_Test_Input" / "ISIC_6003.jpg").unlink()
    assert "ISIC_6003.jpg is in ISIC2018_Task3_Test_GroundTruth.csv but not on disk" in opened("isic2018", tmp_path).problems()[0]


def test_camelyon(tmp_path: Path) -> None:
    medicaltrees.camelyon(tmp_path / "Camelyon16")
    dataset = opened("camelyon16", tmp_path)
    assert shown(dataset, "train") == [(f"good/{i}", False, None) for i in range(8)]
    assert shown(dataset) == [
        *((f"Ungood/{i}", True, None) for i in range(8)),
        *((f"good/{i}", False, None) for i in range(8)),
    ]
    medicaltrees.draw(tmp_path / "Camelyon16/valid/good", ["1.png"], False, 9)
    assert "as BMAD's copy, which is bmad-his" in str(opened("camelyon16", tmp_path).absence())


def test_brats(tmp_path: Path) -> None:
    folder = medicaltrees.brats(tmp_path / "BraTS2021")
    medicaltrees.draw(folder / "train/more", ["BraTS2021_00009_flair_60.png"], False, 9)
    medicaltrees.draw(folder / "test", ["loose.png"], False, 10)
    dataset = opened("brats2021", tmp_path)
    assert [item.id for item in dataset.items("train")][-1] == "good/more/BraTS2021_00009_flair_60"
    assert {item.group for item in dataset.items("train")} == {f"BraTS2021_0000{i}" for i in (0, 1, 2, 3, 9)}
    tumor = [item for item in dataset.items("test") if item.abnormal]
    assert [(item.id, [mask.name for mask in item.masks]) for item in tumor[:2]] == [
        ("Ungood/BraTS2021_00200_flair_70", ["BraTS2021_00200_seg_70.png"]),
        ("Ungood/BraTS2021_00200_flair_71", ["BraTS2021_00200_seg_71.png"]),
    ]
    assert all(len(item.masks) == 1 for item in tumor)
    assert left_out(dataset) == {"test/loose.png": "BraTS2021 gives it no split and label"}
    assert dataset.problems() == []


def test_masks_of_brats_that_do_not_fit(tmp_path: Path) -> None:
    folder = medicaltrees.brats(tmp_path / "BraTS2021")
    masks = folder / "test/annotation"
    (masks / "BraTS2021_00200_seg_70.png").rename(masks / "BraTS2021_00200_FLAIR_70.PNG")  # called as its slice
    (masks / "BraTS2021_00201_seg_70.png").rename(masks / "BraTS2021_00901_seg_70.png")  # of no slice
    (masks / "BraTS2021_00202_mask_70.png").write_bytes((masks / "BraTS2021_00202_seg_70.png").read_bytes())
    dataset = opened("brats2021", tmp_path)
    masked = {item.id: [mask.name for mask in item.masks] for item in dataset.items("test") if item.abnormal}
    assert masked["Ungood/BraTS2021_00200_flair_70"] == ["BraTS2021_00200_FLAIR_70.PNG"]
    without = ["Ungood/BraTS2021_00201_flair_70", "Ungood/BraTS2021_00202_flair_70"]
    assert [name for name, masks in masked.items() if not masks] == without
    assert left_out(dataset) == {
        "test/annotation/BraTS2021_00202_mask_70.png": "its image has two masks",
        "test/annotation/BraTS2021_00202_seg_70.png": "its image has two masks",
        "test/annotation/BraTS2021_00901_seg_70.png": "a mask of no image",
    }
    said = " ".join(dataset.problems())
    assert "test/tumor/BraTS2021_00201_flair_70.png has no mask, unlike 6 of 8 abnormal images there" in said
    assert "test/tumor/BraTS2021_00202_flair_70.png has two masks" in said
    assert "The mask test/annotation/BraTS2021_00901_seg_70.png belongs to no image" in said
    (masks / "BraTS2021_00902_seg_1.png").write_bytes((masks / "BraTS2021_00901_seg_70.png").read_bytes())
    assert "BraTS2021_00901_seg_70.png, and 1 more, belong to no image" in " ".join(opened("brats2021", tmp_path).problems())


@pytest.mark.parametrize(
    ("name", "stem", "expected"),
    [
        ("rsna", "0004cfab-14fd-4e49-80ba-63a80b6bddd6", "0004cfab-14fd-4e49-80ba-63a80b6bddd6"),
        ("rsna", "Normal-0004cfab-14fd-4e49-80ba-63a80b6bddd6", "0004cfab-14fd-4e49-80ba-63a80b6bddd6"),
        ("rsna", "12", None),
        ("brats2021", "BraTS2021_00000_flair_60", "BraTS2021_00000"),
        ("brats2021", "slice_7", None),
        ("vincxr", "0004cfab14fd4e4980ba63a80b6bddd6", None),
        ("isic2018", "ISIC_0024306", None),
        ("camelyon16", "1015", None),
    ],
)
def test_subjects(name: str, stem: str, expected: str | None) -> None:
    assert subject(f"medianomaly-{name}", stem) == expected
