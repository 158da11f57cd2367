"""The rule that splits sets without a published split. What is expected was worked out with `sha256sum` by hand."""

from __future__ import annotations

from pathlib import Path

from adbench import Split
from adbench_medical.ownsplit import own_split

# By the SHA-256 of the names in lower case: 0fe7 n6, 2c76 1 no, 3bc5 n9, 4009 n7, 4450 3 no, 46fb no 4, a8d4 n8, bcc8 2 no,
# ca05 n10, e4db no5.
NORMAL = {
    "train": {"N6.jpg", "1 no.jpeg", "N9.png", "n7.JPG", "3 no.jpg"},
    "valid": {"no 4.jpg"},
    "test": {"N8.jpg", "2 no.jpeg", "N10.jpg", "No5.jpg"},
}
# 091b y6, 1034 y5, 42e0 y3, 88b9 y2, 90ff y1, fb9c y4.
ABNORMAL = {"valid": {"Y6.jpg"}, "test": {"Y5.jpg", "Y3.JPG", "Y2.jpg", "Y1.jpg", "y4.jpg"}}


def paths(names: dict[str, set[str]], folder: str) -> list[Path]:
    return [Path(folder, name) for split in reversed(names) for name in sorted(names[split])]


def by_split(found: dict[Path, Split], folder: str) -> dict[str, set[str]]:
    splits: dict[str, set[str]] = {}
    for path, split in found.items():
        if path.parent.name == folder:
            splits.setdefault(split, set()).add(path.name)
    return splits


def test_an_example() -> None:
    found = own_split(paths(NORMAL, "no"), paths(ABNORMAL, "yes"))
    assert by_split(found, "no") == NORMAL
    assert by_split(found, "yes") == ABNORMAL


def test_only_names_count() -> None:
    here, there = (own_split([Path(base, path) for path in paths(NORMAL, "no")], []) for base in ("/data", "/other/copy"))
    assert {path.name: split for path, split in here.items()} == {path.name: split for path, split in there.items()}
    upper = own_split([Path(path.name.upper()) for path in paths(NORMAL, "no")], [])
    assert {path.name.lower(): split for path, split in upper.items()} == {p.name.lower(): split for p, split in here.items()}


def test_every_image_has_one_split() -> None:
    for count in range(30):
        normal, abnormal = ([Path(f"{kind} ({i}).png") for i in range(count)] for kind in ("normal", "benign"))
        found = own_split(normal, abnormal)
        assert found.keys() == {*normal, *abnormal}
        held = [sum(found[image] == split for image in normal) for split in ("train", "valid", "test")]
        assert held == [count // 2, count * 65 // 100 - count // 2, count - count * 65 // 100]
        assert sum(found[image] == "valid" for image in abnormal) == count // 5


def test_one_more_file_moves_one_image_at_most_over_each_border() -> None:
    before = [Path(f"normal ({i}).png") for i in range(133)]
    first = own_split(before, [])
    for extra in (Path(f"late ({i}).png") for i in range(20)):
        second = own_split([*before, extra], [])
        assert sum(first[image] != second[image] for image in before) <= 2


def test_names_that_differ_in_case_alone_are_ordered() -> None:
    twins = [Path("a.JPG"), Path("a.jpg")]
    assert own_split(twins, []) == own_split(twins[::-1], []) == {Path("a.JPG"): "train", Path("a.jpg"): "test"}
