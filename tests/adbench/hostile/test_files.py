"""What is refused in which words, one reader at a time; the attacks on whole folders are in `test_attacks.py`."""

from __future__ import annotations

import io
import json
import os
import zipfile
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from hostilefolders import ALL_AT_ONCE, DEAD, sent
from madeup import made_up_cell
from PIL import Image
from watchedfiles import opened_files, tree

from adbench import UserError
from adbench.api import read_run
from adbench.files.pictures import read_image
from adbench.files.tensors import read_state_dict
from adbench.files.untrusted import Refused, open_regular, read_regular, read_text
from adbench.planning.suites import load_suite
from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins
from adbench.regression.baseline import read_baseline
from adbench.render.rows import csv_text
from adbench.results.record import read_record
from adbench.results.reopen import reopen_dataset
from adbench.results.store import TEMPORARY, RunFolder
from adbench.results.typed import Misfit, from_json
from adbench.words import printable


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("a")
    assert read_regular(tmp_path / "a", 3, own=1) == b"abc"
    assert read_regular(tmp_path / "link", 3) == b"abc"  # the user named it


@pytest.mark.parametrize("walks", [True, False])
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, walks: bool) -> None:
    monkeypatch.setattr("adbench.files.untrusted.WALKS", walks)
    (tmp_path / "folder/inner").mkdir(parents=True)
    (tmp_path / "folder/inner/file").write_bytes(b"abc")
    (tmp_path / "way").symlink_to("folder")
    (tmp_path / "folder/inner/link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    for path, own, said in (
        ("way/inner/file", 3, "a link leads there"),
        ("folder/inner/link", 1, "a link leads there"),
        ("folder/inner", 2, "it is a folder"),
        ("folder/inner", 0, "it is a folder"),
        ("pipe", 1, "it is no regular file"),
        ("pipe", 0, "it is no regular file"),
        ("folder/inner/file", 3, "it has 3 bytes, and no honest one more than 2"),
    ):
        with pytest.raises(Refused, match=said):
            open_regular(tmp_path / path, 2, own)
    for device in ("/dev/zero", "/dev/null"):
        with pytest.raises(Refused, match="no regular file"):
            read_regular(Path(device), 10)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "folder/none/file", 2, 3)


def test_text_is_utf8(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("é".encode("latin-1"))
    with pytest.raises(Refused, match="it is not text in UTF-8"):
        read_text(tmp_path / "a", 10)


def test_what_acts_on_a_terminal_or_page_becomes_a_sign() -> None:
    assert printable("a\x1b[31mb\u202ec\ud800\uffff") == "a\ufffd[31mb\ufffdc\ufffd\ufffd"
    assert printable("a\nb\tc\u2028d") == "a b c d"
    assert printable("a\nb", lines=True) == "a\nb"
    assert printable("Gehirn é 脑 می\u200cخواهم 👩\u200d🔬\u00a0%") == "Gehirn é 脑 می\u200cخواهم 👩\u200d🔬\u00a0%"


def test_json_has_no_second_readings() -> None:
    for text, said in (
        (b'{"a": 1, "a": 2}', "`a`: it is given twice"),
        (b'{"a\\u0001": 1, "a\\u0002": 2}', "it is given twice"),
        (b'{"a": ' * 50 + b"1" + b"}" * 50, "nested more than 40 levels deep"),
        (b"[" * 1_000_000, "nested more than 40 levels deep"),
    ):
        with pytest.raises(Misfit, match=said):
            from_json(text)
    for text in (b"\xff", b"\xef\xbb\xbf{}", b"{'a': 1}", b"[1" + b"0" * 5000 + b"]", "{}".encode("utf-16")):
        with pytest.raises(ValueError):  # noqa: PT011 (of several parsers)
            from_json(text)
    assert from_json(b'{"a\\u001b": "x\\ny", "traceback": "x\\ny"}') == ({"a\ufffd": "x y", "traceback": "x\ny"}, True)
    for text in (b"[1e999]", b"[NaN]", b'{"a": [[-Infinity]]}'):
        assert from_json(text)[1] is False


def test_a_left_over_cell_is_finished_only_under_a_plain_id(tmp_path: Path) -> None:
    made = sent(tmp_path)
    place = made.run / "cells" / f"{TEMPORARY}{DEAD}-x"
    for name, kept in (("../../outside/made", False), (str(made.outside / "made"), False), (made.record.id, True)):
        made.put("id", value=name)
        os.rename(made.cell, place)
        (place / "previous").mkdir()
        before = tree(made.outside)
        RunFolder.create(made.run)
        assert tree(made.outside) == before
        assert made.cell.exists() is kept
        if not kept:  # left where it is, for its owner to look at
            (place / "previous").rmdir()
            os.rename(place, made.cell)


def test_records_are_replaced_and_not_written_through(tmp_path: Path) -> None:
    made = sent(tmp_path)
    (tmp_path / "key").write_text("key")
    (made.cell / "cell.json").unlink()
    os.link(tmp_path / "key", made.cell / "cell.json")
    RunFolder(made.run).update(made.record)
    assert (tmp_path / "key").read_text() == "key"
    assert read_record(made.cell / "cell.json") == made.record


def test_a_planned_cell_that_is_a_link_stays_as_it_is(tmp_path: Path) -> None:
    made = sent(tmp_path)
    os.rename(made.cell, tmp_path / "elsewhere")
    made.cell.symlink_to(tmp_path / "elsewhere")
    folder = RunFolder(made.run)
    with pytest.raises(UserError, match="a link leads there"):
        folder.done(made.record.id)
    with pytest.raises(UserError, match="a link leads there"):
        folder.update(made.record)
    folder.forget(made.record.id)
    assert (tmp_path / "elsewhere/cell.json").exists()
    folder.write(made.record)  # in its place
    assert not made.cell.is_symlink()
    assert (tmp_path / "elsewhere/scores.parquet").exists()


def test_a_record_does_not_choose_which_folders_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("train/good/1.png", "test/good/2.png", "test/bad/3.png"):
        place = tmp_path / "theirs" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(place)
    monkeypatch.chdir(tmp_path / "theirs/test")
    registry = load_registry(load_plugins([EntryPoint("folder", "adbench_folder", "adbench")]))
    for name in (str(tmp_path / "theirs"), "..", "~", "good/../.."):
        with opened_files() as opened, pytest.raises(UserError, match="lies neither in the working folder nor in --data-root"):
            reopen_dataset(registry, f"folder:{name}", None, "x")
        assert not [path for path in opened if path.endswith(".png")]
    with pytest.raises(UserError, match="not the one that was measured"):  # the user pointed there
        reopen_dataset(registry, f"folder:{tmp_path / 'theirs'}", tmp_path, "x")


def test_texts_of_a_record_are_cleaned_where_they_enter(tmp_path: Path) -> None:
    made = sent(tmp_path)
    made.put("variant", value=ALL_AT_ONCE)
    (record,) = [record for record in read_run(made.run).records if record.id == made.record.id]
    assert record.variant == printable(ALL_AT_ONCE)


def test_a_record_with_a_huge_message_stays_readable(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    error = {"type": "ValueError", "message": "x" * 30_000_000, "traceback": "y" * 30_000_000 + "\nend"}
    record = made_up_cell(folder, "peak", "toy-a")
    folder.write(type(record)(**{**vars(record), "status": "failed", "error": error}))
    (read,) = folder.contents().records
    assert read.error["traceback"].endswith("\nend")


def test_a_scalable_file_that_is_a_program_is_not_run(tmp_path: Path) -> None:
    """Pillow gives PostScript to Ghostscript, whatever the file is called."""
    file = tmp_path / "image.png"
    file.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 16\n%%EndComments\nshowpage\n%%EOF\n")
    with pytest.raises(UserError, match="it is no image"):
        read_image(file)


def _saved(content: object, file: Path) -> Path:
    import torch

    torch.save(content, file)
    return file


@pytest.mark.slow
def test_a_checkpoint_without_an_end_is_refused(tmp_path: Path) -> None:
    import torch

    doubled: list = [torch.zeros(1)]
    for _ in range(60):
        doubled = [doubled, doubled]
    circle: list = [torch.zeros(1)]
    circle.append(circle)
    branching = {"a": [[torch.zeros(1)] * 2] * 2}
    for _ in range(25):
        branching = {"a": branching, "b": branching}
    for content in (doubled, circle, branching):
        with pytest.raises(UserError, match="lists in lists without an end"):
            read_state_dict(_saved({"state_dict": {"a": content}}, tmp_path / "w.pth"))


def test_weights_from_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="no regular file"):
        read_state_dict(tmp_path / "pipe")


def test_suites_and_baselines_that_are_no_files_are_one_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000)
    (tmp_path / "large.toml").write_text("#" * 2_000_000)
    for name, said in (("pipe", "no regular file"), ("deep.toml", "nested too deep"), ("large.toml", "no honest one")):
        with pytest.raises(UserError, match=said):
            load_suite(str(tmp_path / name))
    with pytest.raises(UserError, match="no regular file"):
        read_baseline(tmp_path / "pipe")
    (tmp_path / "twice.json").write_text('{"schema": 2, "schema": 2}')
    with pytest.raises(UserError, match="it is given twice"):
        read_baseline(tmp_path / "twice.json")


def test_a_text_in_csv_is_no_formula_and_a_number_stays_one() -> None:
    rows = [{"a": text, "b": -0.5} for text in ("=1+1", "+1", "-1", "@x", "\t=1", " =1", "plain", "\uff1d1")]
    assert csv_text(rows, "a").splitlines() == [
        "a,b", "'=1+1,-0.5", "'+1,-0.5", "'-1,-0.5", "'@x,-0.5", "' =1,-0.5", "' =1,-0.5", "plain,-0.5", "'\uff1d1,-0.5",
    ]  # fmt: skip


def test_maps_that_unpack_to_a_trap_are_not_unpacked(tmp_path: Path) -> None:
    made = sent(tmp_path)
    sink = io.BytesIO()
    np.save(sink, np.zeros((4, 9000, 9000), np.float16))
    with zipfile.ZipFile(made.cell / "maps.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr("ids.npy", b"")
        file.writestr("maps.npy", sink.getvalue())
    from adbench.results.maps import read_maps

    with pytest.raises(UserError, match="maps.npz cannot be read"):
        read_maps(made.cell)
    assert json.loads((made.cell / "cell.json").read_text())["id"] == made.record.id
