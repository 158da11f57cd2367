"""Tracks, what each grants, and the options of the protocol."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from adbench.contracts.dataset import Split
from adbench.contracts.images import LabelledImages

TRACKS = ("full-normal", "few-normal", "few-shot", "zero-shot")
TRACKS_WITH_K = ("few-normal", "few-shot")
# Part of every cell's identity: raise it when the same command would measure something else.
PROTOCOL_VERSION = "1"
EVALUATION_SIZE = 240


def track_words(track: str, k: int) -> str:
    """`few-shot k=4`; `zero-shot` if there is no k."""
    return f"{track} k={k}" if k else track


def cell_words(variant: str, track: str, k: int, dataset: str, seed: int) -> str:
    """A cell for people: `mvfa, few-shot k=4, phantom-brain, seed 0`."""
    return f"{variant}, {track_words(track, k)}, {dataset}, seed {seed}"


@dataclass(frozen=True)
class Support:
    """What a detector may learn from in its track. A field that the track does not grant is empty.

    Attributes:
        track: `full-normal`, `few-normal`, `few-shot` or `zero-shot`.
        k: images of each kind for the few-* tracks, else 0.
        class_name: name of the object for prompts, e.g. `Brain`.
        normal: the granted normal images of this set.
        abnormal: the granted abnormal images of this set, with masks where it has them (few-shot).
        auxiliary: labelled images of the other sets, one entry per set (zero-shot), each with its own `class_name`.
        valid: the rest of `valid` after the draw, labelled, for model selection (empty under zero-shot).
    """

    track: str
    k: int
    class_name: str
    normal: LabelledImages
    abnormal: LabelledImages
    auxiliary: tuple[LabelledImages, ...]
    valid: LabelledImages


Pool = Literal["valid+test", "test", "valid"]
POOLS: dict[str, tuple[Split, ...]] = {"valid+test": ("valid", "test"), "test": ("test",), "valid": ("valid",)}
OFFICIAL_POOL: Pool = "test"


@dataclass(frozen=True)
class Protocol:
    """How a cell is measured, whatever its method, dataset and track. Part of every cell's identity.

    Attributes:
        pool: which splits of the other sets zero-shot detectors learn from; `official` is another name for `test`, which
            the released MVFA uses.
        other_modalities_only: leave out sets of the target's modality.
        limit: at most this many images of each label in train, valid and test; None = all.
        support_list: the images that a few-* cell learns from, if the user gave lists; None = drawn by the seed. Set by
            the plan.
    """

    pool: Pool | Literal["official"] = "valid+test"
    other_modalities_only: bool = False
    limit: int | None = None
    version: str = PROTOCOL_VERSION
    support_list: SupportList | None = None

    def __post_init__(self) -> None:
        if self.pool == "official":
            object.__setattr__(self, "pool", OFFICIAL_POOL)

    def identity(self) -> dict[str, Any]:
        """The values as they enter a cell's identity; the key of the support list is absent without one."""
        values = asdict(self)
        return values if self.support_list else {name: value for name, value in values.items() if name != "support_list"}


@dataclass(frozen=True)
class SupportList:
    """Ids of the images that a cell learns from, in their order; none abnormal under few-normal."""

    normal: tuple[str, ...]
    abnormal: tuple[str, ...] = ()
