"""Everything that can be wrong with a copy of a set is found, and one bad image stops nothing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faultydatasets import FairSet, card
from PIL import Image

import adbench
from adbench.contracts.dataset import Split
from adbench.data.findings import Findings
from adbench.data.pools import teaching_pairs
from adbench.data.verify import verify, verify_all
from adbench.registry.cards import load_registry
from adbench.testing.pictures import SIDE, abnormal_pictures, normal_pictures
from adbench.words import counted


def write(file: Path, image: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(file)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A set in BMAD's layout in which all is right but the number of images."""
    for seed, (split, count) in enumerate((("train", 5), ("valid", 3), ("test", 4))):
        normal = normal_pictures(count, seed)
        for number, image in enumerate(normal.images):
            write(tmp_path / f"Brain_AD/{split}/good/img/{split}{number}0_1.png", image)
        if split == "train":
            continue
        abnormal = abnormal_pictures(count, seed)
        for number, (image, mask) in enumerate(zip(abnormal.images, abnormal.masks, strict=True)):
            write(tmp_path / f"Brain_AD/{split}/Ungood/img/{split}{number}1_1.png", image)
            write(tmp_path / f"Brain_AD/{split}/Ungood/anomaly_mask/{split}{number}1_1.png", mask)
    return tmp_path


def looked_through(root: Path) -> Findings:
    found = load_registry().dataset("bmad-brain")
    from adbench_bmad.dataset import BmadDataset

    return verify(BmadDataset(found, root))


def summary(report: Findings) -> dict[str, str]:
    """Check to severity, but for the counts, which never agree here."""
    return {found.check: found.severity for found in report.by_severity() if found.check != "counts"}


def test_a_right_copy(root: Path) -> None:
    report = looked_through(root)
    assert summary(report) == {}
    assert report.images == 19
    (counts,) = report.findings
    assert (counts.severity, counts.check) == ("warning", "counts")
    assert "train/normal 5 instead of 7500" in counts.message


BRAIN = "Brain_AD"


def cut(root: Path) -> None:
    file = root / BRAIN / "test/good/img/test00_1.png"
    file.write_bytes(file.read_bytes()[:200])


def no_image(root: Path) -> None:
    (root / BRAIN / "valid/good/img/valid00_1.png").write_text("an error page")


def leak(root: Path) -> None:
    # Other bytes, the same pixels.
    with Image.open(root / BRAIN / "train/good/img/train00_1.png") as image:
        image.save(root / BRAIN / "test/good/img/test90_1.bmp")


def copy_in_valid(root: Path) -> None:
    write(root / BRAIN / "valid/good/img/valid90_1.png", normal_pictures(1, seed=0).images[0])


def twice(root: Path) -> None:
    write(root / BRAIN / "train/good/img/train90_1.png", normal_pictures(1, seed=0).images[0])


def both_labels(root: Path) -> None:
    write(root / BRAIN / "test/good/img/test90_1.png", abnormal_pictures(1, seed=2).images[0])


def blank(root: Path) -> None:
    for split in ("train", "test"):
        write(root / BRAIN / f"{split}/good/img/{split}90_1.png", np.zeros((SIDE, SIDE, 3), np.uint8))


def recompressed(root: Path) -> None:
    image = Image.fromarray(normal_pictures(1, seed=0).images[0])
    image.save(root / BRAIN / "test/good/img/test90_1.jpg", quality=80)


def recompressed_within(root: Path) -> None:
    image = Image.fromarray(normal_pictures(1, seed=0).images[0])
    image.save(root / BRAIN / "train/good/img/train90_1.jpg", quality=80)


def shared_subject(root: Path) -> None:
    write(root / BRAIN / "test/good/img/train00_9.png", normal_pictures(1, seed=77).images[0])


def mask_gone(root: Path) -> None:
    (root / BRAIN / "test/Ungood/anomaly_mask/test01_1.png").unlink()


def mask_small(root: Path) -> None:
    write(root / BRAIN / "test/Ungood/anomaly_mask/test01_1.png", np.ones((9, 9), bool))


def mask_grey(root: Path) -> None:
    write(root / BRAIN / "test/Ungood/anomaly_mask/test01_1.png", np.arange(SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE))


def mask_empty(root: Path) -> None:
    write(root / BRAIN / "test/Ungood/anomaly_mask/test01_1.png", np.zeros((SIDE, SIDE), bool))


def no_abnormal(root: Path) -> None:
    for file in (root / BRAIN / "test/Ungood").rglob("*.png"):
        file.unlink()


def no_valid(root: Path) -> None:
    (root / BRAIN / "valid").rename(root / "kept")


def stray(root: Path) -> None:
    write(root / BRAIN / "extra/1.png", normal_pictures(1, seed=9).images[0])


def mask_inverted(root: Path) -> None:
    for file in (root / BRAIN / "test/Ungood/anomaly_mask").iterdir():
        write(file, ~(np.asarray(Image.open(file)) > 0))


def valid_normal(root: Path) -> None:
    (root / BRAIN / "valid/Ungood").rename(root / "kept")


def orphan(root: Path) -> None:
    write(root / BRAIN / "test/Ungood/anomaly_mask/nobody.png", np.eye(SIDE, dtype=bool))


def deep(root: Path) -> None:
    file = root / BRAIN / "test/good/img/test00_1.png"
    grey = np.asarray(Image.open(file).convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(file)


def dark(root: Path) -> None:
    file = root / BRAIN / "train/good/img/train00_1.png"
    write(file, np.asarray(Image.open(file)) // 20)


def turned(root: Path) -> None:
    file = root / BRAIN / "train/good/img/train00_1.png"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(file).save(file, exif=exif)


def large(root: Path) -> None:
    write(root / BRAIN / "train/good/img/train90_1.png", normal_pictures(1, seed=78, shapes=((3 * SIDE, SIDE),)).images[0])


FAULTS = [
    (mask_inverted, {"mask-inverted": "warning"}, "In test most masks mark more than half of the image (9"),
    (valid_normal, {"split-single-class": "warning"}, "valid holds normal images only"),
    (orphan, {"unaccounted": "error"}, "nobody.png belongs to no image"),
    (deep, {"depth-outlier": "warning", "set-warns": "warning"}, "test/good/test00_1"),
    (dark, {"range-outlier": "warning"}, "train/good/train00_1"),
    (turned, {"exif": "note"}, "train/good/train00_1"),
    (large, {"sizes": "note"}, f"train/good/train90_1 is {SIDE} x {3 * SIDE}"),
    (cut, {"unreadable": "error"}, "test00_1.png cannot be read"),
    (no_image, {"unreadable": "error"}, "valid00_1.png cannot be read (it is no image)"),
    (leak, {"copies-in-test": "error"}, "train/good/train00_1 = test/good/test90_1"),
    (copy_in_valid, {"copies-in-splits": "warning"}, "train/good/train00_1 = valid/good/valid90_1"),
    (twice, {"copies": "warning"}, "train/good/train00_1 = train/good/train90_1"),
    (both_labels, {"labels-differ": "error", "copies": "warning"}, "test/Ungood/test01_1 = test/good/test90_1"),
    (blank, {"blank": "warning"}, "train/good/train90_1"),
    (recompressed, {"similar-in-splits": "warning"}, "train/good/train00_1 ~ test/good/test90_1"),
    (recompressed_within, {"similar": "note"}, "train/good/train00_1 ~ train/good/train90_1"),
    (shared_subject, {"subjects-shared": "warning"}, "train00"),
    (mask_gone, {"mask-lacking": "error", "unaccounted": "error"}, "bmad-brain has no mask for the abnormal image"),
    (mask_small, {"mask-unusable": "error"}, "test01_1.png is 9 x 9 pixels"),
    (mask_grey, {"mask-unusable": "error"}, "not two-valued"),
    (mask_empty, {"mask-empty": "error"}, "test/Ungood/test01_1 marks no pixel"),
    (no_abnormal, {"test-incomplete": "error"}, "test lacks normal or abnormal images"),
    (no_valid, {"split-empty": "warning"}, "valid is empty."),
    (stray, {"set-warns": "warning"}, "1 file in "),
]


@pytest.mark.parametrize(("spoil", "found", "example"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_fault_is_found_and_nothing_else(root: Path, spoil, found: dict[str, str], example: str) -> None:
    spoil(root)
    report = looked_through(root)
    assert summary(report) == found
    told = [text for finding in report.findings if finding.check in found for text in (finding.message, *finding.examples)]
    assert [text for text in told if example in text] != [], told


class Broken(FairSet):
    """Some of it raises what it should not."""

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        if item.id == "good/01":
            raise ZeroDivisionError("a bug in the plugin")
        return super().image(split, item)

    def mask(self, split: Split, item: adbench.Item) -> np.ndarray | None:
        if item.id == "Ungood/01":
            raise KeyError("no such mask")
        return super().mask(split, item)


def test_a_plugin_that_raises_loses_the_image_only() -> None:
    report = verify(Broken(card(), None))
    found = {finding.check: (finding.severity, len(finding.examples)) for finding in report.findings}
    assert found == {"unreadable": ("error", 3), "mask-unusable": ("error", 2)}
    assert "good/01: ZeroDivisionError: a bug in the plugin" in report.findings[0].examples[0]


class Useless(FairSet):
    """Cannot even list."""

    def items(self, split: Split) -> list[adbench.Item]:
        raise RuntimeError("no index")


def test_a_plugin_that_cannot_list_is_a_finding() -> None:
    (finding,) = verify(Useless(card(), None)).findings
    assert (finding.severity, finding.check) == ("error", "broken")
    assert "RuntimeError: no index" in finding.message


class Sick(FairSet):
    """Abnormal images to learn normality from, and no mask for one of them."""

    sizes = {"train": (6, 2), "valid": (4, 4), "test": (9, 9)}

    def mask(self, split: Split, item: adbench.Item) -> np.ndarray | None:
        return None if split == "train" else super().mask(split, item)


def test_of_sets_without_files() -> None:
    report = verify(Sick(card(counts={}), None))
    assert [(found.check, found.message) for found in report.findings] == [
        ("train-abnormal", "2 abnormal images in train"),
        ("mask-lacking", "2 abnormal images without a mask"),
    ]


class Drawn(FairSet):
    """Images in files, and masks that are computed."""

    def items(self, split: Split) -> list[adbench.Item]:
        return [replace(item, path=Path(item.id)) for item in super().items(split)]


def test_masks_need_no_file() -> None:
    assert verify(Drawn(card(), None)).findings == []


def test_progress_is_told() -> None:
    told = []

    def track(iterable, description: str, total: int):
        told.append((description, total))
        return iterable

    assert verify(FairSet(card(), None), track).findings == []
    assert told == [("fair-set", 6 + 8 + 18)]


def test_words() -> None:
    assert (counted(1, "image", "in test"), counted(2, "mask")) == ("1 image in test", "2 masks")


@pytest.mark.slow
def test_torch_is_not_imported() -> None:
    code = (
        "import sys; from adbench.registry.cards import load_registry; from adbench.planning.shelf import Shelf\n"
        "from adbench.data.verify import verify; shelf = Shelf(load_registry(), None)\n"
        "card = shelf.choose(['phantom-liver'])[0]\n"
        "assert verify(shelf.present[card.name]).images\n"
        "print({'torch', 'pandas', 'anomalib', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


class Taught(FairSet):
    """Another set of its group, with the same test images in its own `valid`."""

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        source = "test" if split == "valid" else f"other {split}"
        return super().image(source, item)  # type: ignore[arg-type]


@pytest.mark.parametrize(("groups", "found"), [(("pool",), {"copies-in-sets"}), ((), set())])
def test_sets_that_would_teach_each_other(groups: tuple[str, ...], found: set[str]) -> None:
    sets = [FairSet(card(name="one", groups=groups), None), Taught(card(name="other", groups=groups, counts={}), None)]
    reports = verify_all(sets)
    assert [report.dataset for report in reports] == ["one", "other"]
    assert {finding.check for report in reports for finding in report.findings} == found
    for report, name in zip(reports, ("other", "one"), strict=True):
        for finding in report.findings:
            assert finding.severity == "warning"
            assert f"8 images there too, in {name}" in finding.message
            assert len(finding.examples) == 8
    if groups:
        assert reports[0].findings[0].examples[0] == "test/Ungood/00 = other:valid/Ungood/00"
        assert reports[1].findings[0].examples[0] == "valid/Ungood/00 = one:test/Ungood/00"


class Recompressed(FairSet):
    """The same patients once more, from a file of another kind."""

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        image = smooth(split, item) if split == "test" else super().image(split, item)
        return np.clip(image * 1.05, 0, 255).astype(np.uint8) if self.card.name == "other" else image


def smooth(split: Split, item: adbench.Item) -> np.ndarray:
    return normal_pictures(1, seed=sum(item.id.encode()), shapes=((64, 64),)).images[0]


def test_images_that_look_the_same_in_two_sets_of_a_group() -> None:
    sets = [Recompressed(card(name=name, groups=("pool",), has_masks=False), None) for name in ("one", "other")]
    reports = verify_all(sets)
    for report, name in zip(reports, ("other", "one"), strict=True):
        (finding,) = [finding for finding in report.findings if finding.check == "similar-in-sets"]
        assert f"18 images that look the same there, in {name}" in finding.message


def test_sets_of_two_groups_are_not_compared() -> None:
    assert teaching_pairs([FairSet(card(name=name, groups=(name,)), None) for name in "ab"]) == []
    three = [FairSet(card(name=name, groups=("g", name)), None) for name in "abc"]
    assert teaching_pairs(three) == [("a", "b"), ("a", "c"), ("b", "c")]
