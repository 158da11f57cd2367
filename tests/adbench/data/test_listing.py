"""Lists that sets come with, as authors of datasets read them. What a scan makes of them: `tests/adbench_folder`."""

from __future__ import annotations

from pathlib import Path

import pytest

from adbench import UserError, read_json, read_table


def test_a_table_gives_lines_and_the_wanted_columns(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b'\xef\xbb\xbfimage,label,more\nx,1,2\n"y\nz",,3\n')
    assert list(read_table(file, ("label", "image"))) == [(2, {"label": "1", "image": "x"}), (4, {"label": "", "image": "y\nz"})]


def test_a_short_row_is_filled_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image,label\nx\n")
    assert list(read_table(tmp_path / "a.csv", ("image", "label"))) == [(2, {"image": "x", "label": ""})]


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image\nx\n")
    with pytest.raises(UserError, match=r"a\.csv has no column label: it wants image, label, as released"):
        list(read_table(tmp_path / "a.csv", ("image", "label")))


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"], ids=["absent", "not text"])
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "a"
    if content is not None:
        file.write_bytes(content)
    for read in (read_json, lambda path: list(read_table(path, ("image",)))):
        with pytest.raises(UserError, match=r"a cannot be read \(.*\): get it again\."):
            read(file)


def test_json_may_begin_with_a_mark_of_its_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": [1]}')
    assert read_json(tmp_path / "a.json") == {"a": [1]}
