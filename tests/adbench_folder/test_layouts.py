"""Every layout that is known, each on a small tree: which file is what, and that no file goes unaccounted for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import adbench
from adbench_folder import CARD
from adbench_folder.dataset import FolderDataset
from adbench_folder.naming import expand_folder

Tree = dict[str, Any]


def make(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def opened(folder: Path, **reading: Any) -> FolderDataset:
    card = replace(CARD, name=f"folder:{folder}", argument=str(folder), reading=adbench.Reading(**reading))
    (card,) = expand_folder(card, None)
    dataset = FolderDataset(card, None)
    files = {path for path in folder.rglob("*") if path.is_file()}
    scan = dataset.found
    assert sum(row.files for row in scan.table()) == len(files)
    used = [path for items in scan.items.values() for item in items for path in (item.path, *item.masks)]
    assert sorted([*used, *(path for path, _ in scan.left_out)]) == sorted(map(Path, map(str, (p.resolve() for p in files))))
    return dataset


def shown(dataset: FolderDataset, split: adbench.Split = "test") -> list[tuple[str, bool, str | None, list[str]]]:
    return [
        (item.id, item.abnormal, item.type, [mask.relative_to(dataset.place).as_posix() for mask in item.masks])
        for item in dataset.items(split)
    ]


def left_out(dataset: FolderDataset) -> dict[str, str]:
    return {path.relative_to(dataset.place).as_posix(): reason for path, reason in dataset.found.left_out}


def test_bmad(tmp_path: Path) -> None:
    dataset = opened(
        make(
            tmp_path / "Brain_AD", "train/good/1.png", "valid/good/img/2.png", "valid/Ungood/img/3.png", "valid/Ungood/label/3.png",
            "test/good/img/4.png", "test/Ungood/img/5.png", "test/Ungood/label/5.png",
        )
    )  # fmt: skip
    assert shown(dataset) == [("Ungood/5", True, None, ["test/Ungood/label/5.png"]), ("good/4", False, None, [])]
    assert shown(dataset, "valid")[0][3] == ["valid/Ungood/label/3.png"]


def test_mvtec(tmp_path: Path) -> None:
    dataset = opened(
        make(
            tmp_path / "bottle", "train/good/000.png", "test/good/000.png", "test/broken_large/000.png", "license.txt",
            "ground_truth/broken_large/000_mask.png",
        )
    )  # fmt: skip
    assert shown(dataset) == [
        ("broken_large/000", True, "broken_large", ["ground_truth/broken_large/000_mask.png"]),
        ("good/000", False, None, []),
    ]
    assert left_out(dataset) == {"license.txt": "not an image: suffix .txt"}


def test_mvtec_2(tmp_path: Path) -> None:
    dataset = opened(
        make(
            tmp_path / "can", "train/good/000_regular.png", "validation/good/000_regular.png", "test_public/good/000_regular.png",
            "test_public/bad/000_regular.png", "test_public/ground_truth/bad/000_regular_mask.png",
            "test_private/000_regular.png", "test_private_mixed/000_mixed.png",
        )
    )  # fmt: skip
    assert shown(dataset) == [
        ("Ungood/000_regular", True, None, ["test_public/ground_truth/bad/000_regular_mask.png"]),
        ("good/000_regular", False, None, []),
    ]
    assert len(dataset.items("valid")) == len(dataset.items("train")) == 1
    assert left_out(dataset) == {
        "test_private/000_regular.png": "it has no labels",
        "test_private_mixed/000_mixed.png": "it has no labels",
    }
    assert not dataset.problems()


def test_loco(tmp_path: Path) -> None:
    dataset = opened(
        make(
            tmp_path / "juice", "train/good/000.png", "validation/good/000.png", "test/good/000.png", "defects_config.json",
            "test/logical_anomalies/000.png", "test/structural_anomalies/000.png",
            "ground_truth/logical_anomalies/000/000.png", "ground_truth/logical_anomalies/000/001.png",
            "ground_truth/structural_anomalies/000/000.png",
        )
    )  # fmt: skip
    assert shown(dataset) == [
        ("good/000", False, None, []),
        ("logical_anomalies/000", True, "logical_anomalies", [
            "ground_truth/logical_anomalies/000/000.png", "ground_truth/logical_anomalies/000/001.png",
        ]),
        ("structural_anomalies/000", True, "structural_anomalies", ["ground_truth/structural_anomalies/000/000.png"]),
    ]  # fmt: skip
    assert not dataset.problems()


def test_btad(tmp_path: Path) -> None:
    files = "train/ok/0.bmp", "test/ok/0.bmp", "test/ko/1.bmp", "ground_truth/ko/1.png", "ground_truth/ok/0.png"
    dataset = opened(make(tmp_path / "01", *files))
    assert shown(dataset) == [("Ungood/1", True, None, ["ground_truth/ko/1.png"]), ("good/0", False, None, [])]
    assert left_out(dataset) == {"ground_truth/ok/0.png": "a mask of a normal image, which has none"}
    assert not dataset.problems()


def test_mvtec_3d(tmp_path: Path) -> None:
    dataset = opened(
        make(
            tmp_path / "bagel", "train/good/rgb/000.png", "train/good/xyz/000.tiff", "validation/good/rgb/000.png",
            "test/good/rgb/000.png", "test/good/gt/000.png", "test/crack/rgb/000.png", "test/crack/gt/000.png",
            "test/crack/xyz/000.tiff", "calibration/camera.json",
        )
    )  # fmt: skip
    assert shown(dataset) == [("crack/000", True, "crack", ["test/crack/gt/000.png"]), ("good/000", False, None, [])]
    assert left_out(dataset) == {
        "train/good/xyz/000.tiff": "it holds coordinates, no picture",
        "test/crack/xyz/000.tiff": "it holds coordinates, no picture",
        "test/good/gt/000.png": "a mask of a normal image, which has none",
        "calibration/camera.json": "not an image: suffix .json",
    }
    assert not dataset.problems()


def test_kaggle(tmp_path: Path) -> None:
    dataset = opened(
        make(
            tmp_path / "chest_xray", "train/NORMAL/1.jpeg", "train/PNEUMONIA/2.jpeg", "val/NORMAL/3.jpeg", "val/PNEUMONIA/4.jpeg",
            "test/NORMAL/5.jpeg", "test/PNEUMONIA/6.jpeg",
        )
    )  # fmt: skip
    assert shown(dataset) == [("PNEUMONIA/6", True, "PNEUMONIA", []), ("good/5", False, None, [])]
    assert left_out(dataset) == {"train/PNEUMONIA/2.jpeg": "abnormal, and train holds normals only"}
    assert any("train holds normals only" in warning for warning in dataset.warnings())


def test_a_normal_class_of_the_users_own(tmp_path: Path) -> None:
    folder = make(tmp_path / "d", "train/perfect/1.png", "test/perfect/2.png", "test/hole/3.png")
    assert "`--normal-name perfect`" in opened(folder).problems()[0]
    assert not opened(folder, normal_names=frozenset({"perfect"})).problems()


VISA = """object,split,label,image,mask
candle,train,normal,candle/Data/Images/Normal/0000.JPG,
candle,test,normal,candle/Data/Images/Normal/0001.JPG,
candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png
pcb1,train,normal,pcb1/Data/Images/Normal/0000.JPG,
pcb1,test,anomaly,pcb1/Data/Images/Anomaly/000.JPG,pcb1/Data/Masks/Anomaly/000.png
"""


@pytest.fixture
def visa(tmp_path: Path) -> Path:
    root = tmp_path / "VisA"
    make(root, *(cell for line in VISA.splitlines()[1:] for cell in line.split(",")[3:] if cell))
    make(root, "candle/Data/Images/Normal/0009.JPG", "split_csv/2cls_fewshot.csv")
    (root / "split_csv" / "1cls.csv").write_text(VISA)
    (root / "candle" / "image_anno.csv").write_text("image,label,mask\ncandle/Data/Images/Anomaly/000.JPG,melded wax,x\n")
    return root


def test_visa(visa: Path) -> None:
    dataset = opened(visa / "candle")
    assert shown(dataset) == [("Ungood/000", True, "melded wax", ["Data/Masks/Anomaly/000.png"]), ("good/0001", False, None, [])]
    assert [item.id for item in dataset.items("train")] == ["good/0000"]
    assert left_out(dataset) == {
        "Data/Images/Normal/0009.JPG": "1cls.csv gives it no split and label",
        "image_anno.csv": "not an image: suffix .csv",
    }
    assert not dataset.problems()
    assert len(opened(visa / "pcb1").items("test")) == 1


def test_masks_of_visa_hold_a_label_for_each_kind_of_defect(visa: Path) -> None:
    labels = np.array([[0, 1, 5], [0, 0, 5]], np.uint8)
    Image.fromarray(labels).save(visa / "candle/Data/Masks/Anomaly/000.png")
    Image.fromarray(labels).save(visa / "candle/Data/Images/Anomaly/000.JPG")
    dataset = opened(visa / "candle")
    np.testing.assert_array_equal(dataset.mask("test", dataset.items("test")[0]), labels > 0)


def test_visa_with_a_wrong_table(visa: Path) -> None:
    table = visa / "split_csv" / "1cls.csv"
    table.write_text(VISA.replace("test,anomaly,candle", "test,defect,candle"))
    with pytest.raises(adbench.UserError, match=r"1cls\.csv, line 4: `test` and `defect`"):
        opened(visa / "candle").items("test")
    table.write_text("object,split,image\n")
    with pytest.raises(adbench.UserError, match="has no column label"):
        expand_folder(replace(CARD, argument=str(visa)), None)
    table.write_text(VISA)
    (visa / "candle/Data/Masks/Anomaly/000.png").unlink()
    assert "Data/Masks/Anomaly/000.png is in 1cls.csv but not on disk" in opened(visa / "candle").problems()[0]


def test_visa_without_its_table(visa: Path) -> None:
    (visa / "split_csv" / "1cls.csv").unlink()
    absence = str(opened(visa / "candle").absence())
    assert "VisA wants its split_csv/1cls.csv" in absence
    assert f"adbench data manifest {visa / 'candle'}" in absence


def test_visa_reorganised(tmp_path: Path) -> None:
    dataset = opened(
        make(tmp_path / "candle", "train/good/0.JPG", "test/good/1.JPG", "test/bad/000.JPG", "ground_truth/bad/000.png")
    )
    assert shown(dataset) == [("Ungood/000", True, None, ["ground_truth/bad/000.png"]), ("good/1", False, None, [])]


def test_medianomaly(tmp_path: Path) -> None:
    folder = make(tmp_path / "RSNA", *(f"images/{name}.png" for name in "abcde"))
    listed = {"train": {"0": ["a.png"], "unlabeled": {"0": ["e.png"]}}, "test": {"0": ["b.png"], "1": ["c.png", "d.png"]}}
    (folder / "data.json").write_text(json.dumps(listed))
    dataset = opened(folder)
    assert shown(dataset) == [("Ungood/c", True, None, []), ("Ungood/d", True, None, []), ("good/b", False, None, [])]
    assert left_out(dataset) == {
        "data.json": "not an image: suffix .json",
        "images/e.png": "data.json gives it no split and label",
    }
    for wrong in ('{"test": {"0": "a.png"}}', "[]", "{"):
        (folder / "data.json").write_text(wrong)
        with pytest.raises(adbench.UserError, match=r"data\.json"):
            FolderDataset(replace(CARD, argument=str(folder)), None).items("test")


def real_iad(root: Path, size: str = "realiad_1024") -> Path:
    def entry(image: str, kind: str, mask: str | None = None) -> dict[str, Any]:
        return {"category": "jack", "anomaly_class": kind, "image_path": image, "mask_path": mask}

    normal = [f"OK/S000{n}/jack_OK_C{view}.jpg" for n in (1, 2) for view in (1, 2)]
    bad, mask = "NG/HS/S0003/jack_HS_C1.jpg", "NG/HS/S0003/jack_HS_C1.png"
    content = {
        "meta": {"prefix": "jack/", "normal_class": "OK", "pre_transform": []},
        "train": [entry(image, "OK") for image in normal[:2]],
        "test": [*(entry(image, "OK") for image in normal[2:]), entry(bad, "HS", mask)],
    }
    make(root / size / "jack", *normal, bad, mask)
    (root / "realiad_jsons").mkdir(exist_ok=True)
    (root / "realiad_jsons" / "jack.json").write_text(json.dumps(content))
    return root


def test_real_iad(tmp_path: Path) -> None:
    root = real_iad(tmp_path)
    dataset = opened(root / "realiad_1024" / "jack")
    assert shown(dataset) == [
        ("NG/HS/S0003/jack_HS_C1", True, "HS", ["NG/HS/S0003/jack_HS_C1.png"]),
        ("OK/S0002/jack_OK_C1", False, None, []),
        ("OK/S0002/jack_OK_C2", False, None, []),
    ]
    assert {item.group for item in dataset.items("train")} == {"OK/S0001"}
    assert not left_out(dataset)
    (card,) = expand_folder(replace(CARD, argument=str(root)), None)
    assert card.name == f"folder:{root.name}"  # one category is the set itself
    assert len(FolderDataset(card, None).items("test")) == 3
    real_iad(tmp_path, "realiad_256")
    with pytest.raises(adbench.UserError, match="name one of them"):
        expand_folder(replace(CARD, argument=str(root)), None)
    (root / "realiad_jsons" / "jack.json").write_text('{"train": [{}]}')
    with pytest.raises(adbench.UserError, match="no list of Real-IAD"):
        FolderDataset(replace(CARD, argument=str(root / "realiad_256" / "jack")), None).items("test")
