"""What the names of folders say: split, class, images or masks.

Every folder name between the set's own folder and a file is looked up on its own: it may name a split, a class, or say
that images or masks lie below. So `test/Ungood/img`, `test/img/Ungood` and `Test/test/Ungood` all say the same, and
a name elsewhere in the path is never touched.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adbench.contracts.dataset import Split
from adbench.data.pairing import plain

GOOD, UNGOOD = "good", "Ungood"
GOOD_NAMES = frozenset({"good", "normal", "ok", "healthy", "negative"})
UNGOOD_NAMES = frozenset({"ungood", "abnormal", "anomaly", "anomalous", "bad", "ko", "positive"})

SPLIT_NAMES: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "val", "validation"), "valid"),
    **dict.fromkeys(("test", "testing", "test_public"), "test"),
}
# A defect may be called so: directly below a split such a folder holds masks only where it has classes in it.
AMBIGUOUS_MASK_NAMES = frozenset({"label", "labels", "mask", "masks"})
MASK_NAMES: dict[str, Split | None] = {
    **dict.fromkeys(AMBIGUOUS_MASK_NAMES),
    **dict.fromkeys(("anomaly_mask", "annotation", "annotations", "gt", "ground_truth", "groundtruth", "ground-truth")),
    **dict.fromkeys(("seg", "segs", "segmentation", "segmentations")),
    **{f"{name}_{what}": split for name, split in SPLIT_NAMES.items() for what in ("label", "mask", "gt")},
}


@dataclass(frozen=True)
class Layout:
    """Folder names, in lower case, and what they say. The defaults read `good` and `Ungood` below each split, as in BMAD.

    Attributes:
        splits: name to split.
        masks: names of folders that hold masks; a split where the name says one, else None.
        images: names of folders that only say "images"; they are passed over.
        defects: any other folder in a split names a class of abnormal images; else such a folder is a problem.
        masks_outside: the split of masks that lie in none, as MVTec's `ground_truth` does.
        left_out: names of folders that are left out, and why.
    """

    splits: Mapping[str, Split] = field(default_factory=lambda: SPLIT_NAMES)
    masks: Mapping[str, Split | None] = field(default_factory=lambda: MASK_NAMES)
    images: frozenset[str] = frozenset({"img", "imgs", "image", "images"})
    defects: bool = False
    masks_outside: Split | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)


Parts = tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """What the folders above a file say of it.

    Attributes:
        split, label: None where they do not tell; the label is `good`, `Ungood` or the name of a defect.
        is_mask: it lies in a folder of masks.
        home: leads to its class folder.
        rest: goes on from there.
        left_out: why it does not count, or "".
    """

    split: Split | None = None
    label: str | None = None
    is_mask: bool = False
    home: Parts = ()
    rest: Parts = ()
    left_out: str = ""

    @property
    def key(self) -> str:
        """The label as it is compared: a defect and its masks may differ in case and in the encoding of letters."""
        return plain(self.label or "")


def interpret(folders: Iterable[Parts], layout: Layout, normal_names: frozenset[str] = frozenset()) -> dict[Parts, Place]:
    """What each folder says of the files in it.

    Args:
        folders: names that lead to each of all folders of a set, itself, `()`, included.
        normal_names: names of folders of normal images besides the usual ones.
    """
    known = list(folders)
    below: dict[Parts, set[str]] = defaultdict(set)
    for parts in known:
        if parts:
            below[parts[:-1]].add(plain(parts[-1]))
    reader = _Reader(layout, GOOD_NAMES | {plain(name) for name in normal_names}, below)
    return {parts: reader.place(parts) for parts in known}


@dataclass(frozen=True)
class _Reader:
    layout: Layout
    good: frozenset[str]
    below: Mapping[Parts, set[str]]

    def place(self, parts: Parts) -> Place:
        layout = self.layout
        split: Split | None = None
        label: str | None = None
        is_mask = False
        home: Parts = ()
        rest: Parts = ()
        for depth, part in enumerate(parts, start=1):
            name = plain(part)
            if name in layout.left_out:
                return Place(split, label, is_mask, home, rest, layout.left_out[name])
            could_be_class = layout.defects and split is not None and label is None
            if label is None and name in layout.splits:
                split, home, rest = layout.splits[name], parts[:depth], ()
            elif name in layout.masks and not (could_be_class and self._names_a_defect(parts[:depth])):
                is_mask, split = True, layout.masks[name] or split or layout.masks_outside
            elif name in layout.images:
                continue
            elif label is None and name in self.good:
                label, home, rest = GOOD, parts[:depth], ()
            elif label is None and name in UNGOOD_NAMES:
                label, home, rest = UNGOOD, parts[:depth], ()
            elif could_be_class and self._is_class(parts[:depth]):
                label, home, rest = unicodedata.normalize("NFC", part), parts[:depth], ()
            else:
                rest = (*rest, part)
        return Place(split, label, is_mask, home, rest)

    def _names_a_defect(self, parts: Parts) -> bool:
        """Whether this folder, called as a folder of masks, is rather a defect of that name: nothing else tells."""
        if plain(parts[-1]) not in AMBIGUOUS_MASK_NAMES or UNGOOD_NAMES & self._beside(parts):
            return False
        return not self.below[parts] & (self.good | UNGOOD_NAMES | self._beside(parts))

    def _is_class(self, parts: Parts) -> bool:
        """Whether a folder in a split that nothing else names is a defect: it is none where `Ungood` lies beside it, or splits
        and classes in it."""
        beside, inner = self._beside(parts), self.below[parts]
        return not (UNGOOD_NAMES & beside or inner & (self.good | UNGOOD_NAMES | self.layout.splits.keys()))

    def _beside(self, parts: Parts) -> set[str]:
        return self.below[parts[:-1]] - {plain(parts[-1])}
