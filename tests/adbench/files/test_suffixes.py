from __future__ import annotations

from pathlib import Path

import pytest

from adbench.files.suffixes import IMAGE_SUFFIXES, stem_of, suffix_of


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("a.png", "a", ".png"),
        ("A.PNG", "A", ".png"),
        ("a.b.Nii.GZ", "a.b", ".nii.gz"),
        ("a.nii", "a", ".nii"),
        ("a.csv.gz", "a.csv", ".gz"),
        ("IM0001", "IM0001", ""),
        ("1.2.840.113619", "1.2.840.113619", ""),
        ("1.2.840.dcm", "1.2.840", ".dcm"),
        (".hidden", ".hidden", ""),
        ("a.", "a", "."),
    ],
)
def test_stem_and_suffix(name: str, stem: str, suffix: str) -> None:
    for path in (name, Path("some.dir") / name, str(Path("some.dir") / name)):
        assert suffix_of(path) == suffix
        assert stem_of(path) == stem


def test_all_suffixes_are_as_they_are_found() -> None:
    for suffix in IMAGE_SUFFIXES:
        assert suffix_of(f"a{suffix.upper()}") == suffix
