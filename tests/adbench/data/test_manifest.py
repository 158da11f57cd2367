"""Manifests: what is written reads back as the same set, and what is wrong is named with its line and column."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adbench.contracts.dataset import DatasetCard, Reading
from adbench.data.accounting import Scan
from adbench.data.disk import DiskDataset
from adbench.data.layouts import Layout
from adbench.data.manifest import read_manifest, write_manifest
from adbench.data.scanning import scan, unread
from adbench.errors import UserError

LAYOUT = Layout(defects=True, masks_outside="test")
FILES = (
    "train/good/1.png", "valid/good/2.png", "test/good/3.png", "test/hole/4.png", "test/hole/5.png",
    "ground_truth/hole/4_mask_0.png", "ground_truth/hole/4_mask_1.png", "ground_truth/hole/5_mask.png", "train/hole/6.png",
    "loose.png", ".hidden.png", "notes.txt",
)  # fmt: skip
KINDS = (".csv", ".jsonl", ".parquet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, file in enumerate(FILES):
        path = tmp_path / "d" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            Image.fromarray(np.full((4, 4), number, np.uint8)).save(path)
        else:
            path.touch()
    return tmp_path / "d"


def fingerprint(found: Scan) -> str:
    class Set(DiskDataset):
        def find(self) -> Scan:
            return found

    return Set(DatasetCard(name="a", title="A", factory="x:Y", has_masks=True), None).fingerprint()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["d", "lists/deep"])
def test_what_is_written_reads_back(folder: Path, tmp_path: Path, kind: str, where: str) -> None:
    file = tmp_path / where / f"m{kind}"
    file.parent.mkdir(parents=True, exist_ok=True)
    found = scan(folder, LAYOUT, lambda stem: f"p{stem}")
    write_manifest(found, file)
    again = read_manifest(file)
    plain = [
        [(i.id, i.abnormal, i.group, i.type, i.frame, len(i.masks), i.path.resolve() if i.path else None) for i in items]
        for items in again.items.values()
    ]
    assert plain == [
        [(i.id, i.abnormal, i.group, i.type, i.frame, len(i.masks), i.path) for i in items] for items in found.items.values()
    ]
    assert fingerprint(again) == fingerprint(found)
    assert {(path.resolve(), reason) for path, reason in again.left_out} == {
        (folder / "train/hole/6.png", "abnormal, and train holds normals only"),
        (folder / "loose.png", "no split can be told from its folders"),
    }
    assert str(tmp_path).encode() not in file.read_bytes()


def test_the_manifest_of_a_tree_that_nobody_understands_is_to_be_filled_in(folder: Path) -> None:
    file = folder / "m.csv"
    write_manifest(unread(folder), file)
    lines = file.read_text().splitlines()
    assert lines[0] == "path,split,label,reason"
    assert len(lines) == 1 + sum(name.endswith(".png") and not name.startswith(".") for name in FILES)
    assert not read_manifest(file)
    filled = file.read_text().replace("loose.png,,,", "loose.png,test,1,")
    file.write_text(filled)
    assert [(item.id, item.abnormal) for item in read_manifest(file).items["test"]] == [("loose", True)]


def test_an_existing_file_is_kept(folder: Path) -> None:
    file = folder / "m.csv"
    file.write_text("mine")
    with pytest.raises(UserError, match="exists, and may be corrected by hand"):
        write_manifest(unread(folder), file)
    assert file.read_text() == "mine"
    with pytest.raises(UserError, match=r"none of the suffixes .csv"):
        write_manifest(unread(folder), folder / "m.xlsx")
    with pytest.raises(UserError, match="cannot be written"):
        write_manifest(unread(folder), folder / "none" / "m.csv")


def manifest(folder: Path, *rows: str, header: str = "path,split,label", name: str = "m.csv") -> Path:
    (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return folder / name


WORDS = [("normal", False), ("GOOD", False), ("0", False), ("healthy", False), ("abnormal", True), ("Ungood", True), ("1", True)]


@pytest.mark.parametrize(("word", "abnormal"), WORDS)
def test_words_for_labels(folder: Path, word: str, abnormal: bool) -> None:
    (item,) = read_manifest(manifest(folder, f"loose.png,testing,{word}")).items["test"]
    assert item.abnormal is abnormal


def test_a_label_of_the_users_own(folder: Path) -> None:
    file = manifest(folder, "loose.png,test,fine")
    with pytest.raises(UserError, match="'fine' is neither normal nor abnormal"):
        read_manifest(file)
    assert not read_manifest(file, Reading(normal_names=frozenset({"fine"}))).items["test"][0].abnormal


def test_every_column(folder: Path) -> None:
    header = "path,split,label,mask,subject,type,site,range,frame,id"
    masks = "ground_truth/hole/4_mask_0.png|ground_truth/hole/4_mask_1.png"
    file = manifest(folder, f"test/hole/4.png,test,1,{masks},p7,hole,north,0:4095,2,mine", header=header)
    (item,) = read_manifest(file).items["test"]
    assert (item.id, item.group, item.type, item.site, item.value_range, item.frame) == (
        "mine",
        "p7",
        "hole",
        "north",
        (0, 4095),
        2,
    )
    assert [mask.name for mask in item.masks] == ["4_mask_0.png", "4_mask_1.png"]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("loose.png,tset,1", "line 3, column `split`: 'tset' is none of train, valid, test"),
        ("loose.png,test,maybe", "line 3, column `label`: 'maybe' is neither normal nor abnormal"),
        ("loose.png,test,", "line 3, column `label`: it is empty"),
        ("loose.png,,1", "line 3, column `split`: it is empty, and the row has a label"),
        (",test,1", "line 3, column `path`: it is empty"),
        ("none.png,test,1", "line 3, column `path`: there is no file"),
        ("loose.png,test,1,none.png", "line 3, column `mask`: there is no file"),
        ("loose.png,test,1,test/good/3.png", "line 3, column `mask`: test/good/3.png is an image in line 2"),
        ("test/good/3.png,test,0,,,1", "line 3, column `path`: test/good/3.png is listed before, in line 2"),
        ("loose.png,test,1,,9:1", "line 3, column `range`: '9:1' is not LOW:HIGH"),
        ("loose.png,test,1,,,-1", "line 3, column `frame`: input should be greater than or equal to 0"),
        ("loose.png,test,1,,,x", "line 3, column `frame`: input should be a valid integer"),
        ("test/good/3.png,valid,0", "line 3, column `path`: test/good/3.png is listed before, in line 2"),
        ("loose.png,test,0,,,,taken", "line 3, column `id`: 'taken' is that of another image of test"),
        ("loose.png,test,0,,,,,x,y", "line 3, column `id`: the line has more cells than the header"),
    ],
)
def test_a_wrong_row_is_named(folder: Path, row: str, fault: str) -> None:
    header = "path,split,label,mask,range,frame,id"
    file = manifest(folder, "test/good/3.png,test,normal,,,,taken", row, header=header)
    with pytest.raises(UserError) as caught:
        read_manifest(file)
    assert str(caught.value).startswith(f"{file}, {fault}")


def test_several_wrong_rows_are_counted(folder: Path) -> None:
    with pytest.raises(UserError, match=r"line 2, column `split`.* \(and 1 more\)"):
        read_manifest(manifest(folder, "loose.png,a,1", "test/good/3.png,b,0"))
    with pytest.raises(UserError, match=r"line 2, column `path`.* \(and 1 more\)"):
        read_manifest(manifest(folder, "x.png,test,1", "y.png,test,0"))


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("path,split", "has no column `label`"),
        ("path,split,label,maks", "a column 'maks'. Did you mean 'mask'?"),
        ("", "no column `path`"),
    ],
)
def test_columns(folder: Path, header: str, fault: str) -> None:
    with pytest.raises(UserError) as caught:
        read_manifest(manifest(folder, "loose.png,test,1", header=header))
    assert fault in str(caught.value)
    assert read_manifest(manifest(folder, "loose.png,test,1,77", header="path,split,label,age")).items["test"]


def test_other_separators_and_a_byte_order_mark(folder: Path) -> None:
    for separator in ";\t":
        file = manifest(
            folder, separator.join(("loose.png", "test", "1")), header="\ufeff" + separator.join(("path", "split", "label"))
        )
        assert len(read_manifest(file).items["test"]) == 1


def test_json_lines_and_parquet_that_are_none(folder: Path) -> None:
    row = {"path": "loose.png", "split": "test", "label": 1, "site": 7}
    file = manifest(folder, header=json.dumps(row), name="m.jsonl")
    assert [(item.abnormal, item.site) for item in read_manifest(file).items["test"]] == [(True, "7")]
    for text, fault in (
        ("{", "line 2, is no JSON"),
        ("[1]", "line 2, is no object"),
        ('{"path": "loose.png", "splt": 1}', "'splt'"),
    ):
        with pytest.raises(UserError, match=fault):
            read_manifest(manifest(folder, text, header=json.dumps(row), name="m.jsonl"))
    with pytest.raises(UserError, match="no Parquet file"):
        read_manifest(manifest(folder, name="m.parquet"))
    with pytest.raises(UserError, match="is no manifest"):
        read_manifest(manifest(folder, name="m.xlsx"))
    with pytest.raises(UserError, match="cannot be read"):
        read_manifest(folder / "none.csv")


def test_paths_outside_and_absolute_leave_no_trace_in_ids(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    rows = (f"{folder}/test/good/3.png,test,0", f"{folder}/test/hole/4.png,test,1", f"{folder}/train/good/1.png,train,0")
    found = read_manifest(manifest(tmp_path / "lists", *rows))
    assert [item.id for item in found.items["test"]] == ["test/good/3", "test/hole/4"]
    inside = read_manifest(manifest(folder, *(row.removeprefix(f"{folder}/") for row in rows)))
    assert fingerprint(inside) == fingerprint(found)


def test_abnormal_images_of_train_and_masks_of_normal_ones(folder: Path) -> None:
    rows = ("train/hole/6.png,train,1,", "test/good/3.png,test,0,ground_truth/hole/5_mask.png")
    found = read_manifest(manifest(folder, *rows, header="path,split,label,mask"))
    assert [reason for _, reason in found.left_out] == [
        "a mask of a normal image, which has none",
        "abnormal, and train holds normals only",
    ]
    assert not found.has_masks


def test_a_mask_that_lacks_is_a_problem(folder: Path) -> None:
    rows = ("test/hole/4.png,test,1,ground_truth/hole/4_mask_0.png", "test/hole/5.png,test,1,")
    (problem,) = read_manifest(manifest(folder, *rows, header="path,split,label,mask")).mask_problems
    assert problem.startswith("test/hole/5.png has no mask, unlike 1 of 2")


def test_letters_with_accents_in_another_encoding(folder: Path) -> None:
    (folder / "fla\u0308che.png").touch()
    (item,) = read_manifest(manifest(folder, "fl\u00e4che.png,test,1")).items["test"]
    assert item.id == "fl\u00e4che"


def test_slices(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adbench.files.pictures.frames", lambda path, axis=2: 3)
    (folder / "v.tif").touch()
    found = read_manifest(manifest(folder, "v.tif,test,1"))
    assert [(item.id, item.frame, item.group) for item in found.items["test"]] == [(f"v/00{n}", n, "v") for n in range(3)]
    write_manifest(found, folder / "again.csv")
    assert [(i.id, i.frame, i.group) for i in read_manifest(folder / "again.csv").items["test"]] == [
        (f"v/00{n}", n, "v") for n in range(3)
    ]
    rows = ("v.tif,test,1,1", "v.tif,test,0,2")
    some = read_manifest(manifest(folder, *rows, header="path,split,label,frame"))
    assert [(item.id, item.abnormal, item.group) for item in some.items["test"]] == [("v/001", True, "v"), ("v/002", False, "v")]
    for rows in (("v.tif,test,1,1", "v.tif,test,0,"), ("v.tif,test,1,", "v.tif,test,0,1")):
        with pytest.raises(UserError, match="line 3, column `path`: v.tif is listed before, in line 2"):
            read_manifest(manifest(folder, *rows, header="path,split,label,frame"))
    (folder / "w.tif").touch()
    rows = ("v.tif,test,1,mine", "w.tif,test,0,mine")
    with pytest.raises(UserError, match="line [23], column `id`: 'mine/000' is that of another image of test"):
        read_manifest(manifest(folder, *rows, header="path,split,label,id"))
