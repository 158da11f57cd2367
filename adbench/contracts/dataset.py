"""The dataset contract: a card, items with labels, and how to read an image and its mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from adbench.contracts.weights import hub_source

if TYPE_CHECKING:
    import numpy as np

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")


@dataclass(frozen=True, kw_only=True)
class DatasetArchive:
    """A zip or tar archive that `adbench data fetch` downloads; cards may share one that holds several sets.

    Attributes:
        sha256: hex digest of its bytes. It pins the content, with or without a revision.
        folder: where it is unpacked, below the data root: a folder of its own, in which the set must be found.
        url: where it is, or "" for a file of the model hub.
        hub: repository and file on the model hub, as `datasets/owner/repository:file`, or "".
        revision: commit hash of the hub's repository, or "" for its main branch.
    """

    sha256: str
    folder: str
    url: str = ""
    hub: str = ""
    revision: str = ""

    @property
    def source(self) -> str:
        """Where it is downloaded from, in words."""
        return hub_source(self.hub, self.revision) or self.url


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the files of a set are to be read, where the user says so.

    Attributes:
        value_range: the values that become black and white in images of more than 8 bits; None: found over the whole set.
        window: what of an image's values to show, instead of a range: the name of a window of CT (`lung`, `brain`, ...),
            `CENTRE:WIDTH`, `voi` (as each DICOM file says), or `percentile` (fixed on the training normals); "" for none.
        axis: along which axis of a volume its slices lie, 0 to 2.
        normal_names: names of folders, in lower case, that hold normal images, besides the usual ones.
    """

    value_range: tuple[float, float] | None = None
    window: str = ""
    axis: int = 2
    normal_names: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """What is known of a set before it is looked for on disk. A plugin makes one without heavy imports.

    Attributes:
        name: what the user types, e.g. `bmad-brain`. A name that ends in `:` takes an argument (`folder:` serves
            `folder:PATH`); the dataset finds it in `card.argument`.
        title: the name to print.
        factory: `package.module:attribute`, called as `factory(card, root)` with `root: Path | None`, the user's data
            root; imported only when the set is planned.
        groups: names that stand for several sets, e.g. `("bmad",)`. The other sets of the group are what
            zero-shot detectors learn from.
        modality: e.g. `MRI`; sets that share one can be kept out of each other's zero-shot training.
        class_name: the object's name in prompts, e.g. `Brain`.
        has_masks: pixel labels exist.
        synthetic: made by a program; figures on it say nothing about medicine.
        counts: published numbers of images, `{"test/normal": 640, "test/abnormal": 3075, ...}`; a difference is a warning.
        how_to_get: one sentence for those who lack the set.
        citation: the paper that brought it, and its sources.
        url: where to read about it.
        licence: terms of its images.
        list_name: its folder among released support lists (`--support-lists`), e.g. `Retina_RESC`; "" = as `name`.
        expected_failed_checks: name of a conformance check to the reason why it cannot pass; it is run all the same, and a
            failure with this reason is expected, while passing is a failure.
        argument: what stands after the `:` of a name that takes an argument; filled in by the harness.
        expand: for a name that takes an argument: `package.module:attribute`, called as `expand(card, root)` with what the user
            typed in `card.name` and `card.argument`. It returns the cards of the sets that this stands for, each with the name
            that tables and records show and with the argument that its dataset needs; "" where the argument is part of the name.
        reading: how the user wants its files to be read; filled in by the harness.
        archives: what holds the set, all of them together, for `adbench data fetch`; empty where it cannot be downloaded.
    """

    name: str
    title: str
    factory: str
    groups: tuple[str, ...] = ()
    modality: str = ""
    class_name: str = "object"
    has_masks: bool = False
    synthetic: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    how_to_get: str = ""
    list_name: str = ""
    citation: str = ""
    url: str = ""
    licence: str = ""
    expected_failed_checks: Mapping[str, str] = field(default_factory=dict)
    argument: str = ""
    expand: str = ""
    reading: Reading = Reading()
    archives: tuple[DatasetArchive, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One image of a split.

    Attributes:
        id: unique in the split and stable between machines, e.g. `Ungood/00003_60`. Kept in results, never shown to a detector.
        abnormal: the image label.
        group: the subject (patient) it is from, or None where unknown.
        path: the image file, for datasets on disk.
        masks: the mask files, joined where there are several; an abnormal image without one has no pixel label.
        frame: which slice or page of the file it is, from 0, and of its masks too; None where a file holds one picture.
        type: the kind of defect, e.g. `scratch`, or None where unknown.
        site: where the image was taken, e.g. a hospital or a scanner, or None where unknown.
        value_range: the values that become black and white, where those of this image differ from the set's.
    """

    id: str
    abnormal: bool
    group: str | None = None
    path: Path | None = None
    masks: tuple[Path, ...] = ()
    frame: int | None = None
    type: str | None = None
    site: str | None = None
    value_range: tuple[float, float] | None = None


class Dataset:
    """Images with splits `train` (normals only), `valid` and `test`. Subclass it, or give the same methods.

    Attributes:
        card: as the plugin gave it, with `argument` and `reading` filled in.
        root: the user's data root, or None where none was given.
    """

    def __init__(self, card: DatasetCard, root: Path | None) -> None:
        self.card = card
        self.root = root

    def absence(self) -> str | None:
        """Why the set cannot be used here and how to get it, in one sentence; None when it is there."""
        return None

    def problems(self) -> list[str]:
        """What would make figures on this copy wrong, each with what to do. A run refuses the set before anything is trained."""
        return []

    def items(self, split: Split) -> Sequence[Item]:
        """The items of a split, sorted by id; empty where the set lacks the split."""
        raise NotImplementedError

    def image(self, split: Split, item: Item) -> np.ndarray:
        """(H, W, 3) uint8, RGB. Raises `UserError` naming the file where it cannot be read.

        Must be safe to call from several threads.
        """
        raise NotImplementedError

    def mask(self, split: Split, item: Item) -> np.ndarray | None:
        """(H, W) bool of the size of the image, True = anomalous; None where the item has no pixel label.

        Called for abnormal items only: a normal image has an all-False mask by definition.
        """
        raise NotImplementedError

    def fingerprint(self) -> str:
        """Hex digest over ids, labels and contents of all splits; equal on every machine that holds the same set."""
        raise NotImplementedError

    def warnings(self) -> list[str]:
        """What a user should know of this copy, e.g. counts that differ from the published ones."""
        return []
