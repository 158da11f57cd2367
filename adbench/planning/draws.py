"""Support draws: which images a track grants, and the order of the test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from adbench.errors import UserError

if TYPE_CHECKING:
    from adbench.contracts.dataset import Dataset, Split
    from adbench.contracts.protocol import SupportList
    from adbench.data.pixelstore import Entry

TEST_ORDER_SEED = 20240


@dataclass(frozen=True)
class Draw:
    """The entries behind a support. `few`: the normal and abnormal ones are the k images of a few-* track."""

    normal: list[Entry] = field(default_factory=list)
    abnormal: list[Entry] = field(default_factory=list)
    auxiliary: tuple[list[Entry], ...] = ()
    valid: list[Entry] = field(default_factory=list)
    few: bool = False


def entries(dataset: Dataset, *splits: Split) -> list[Entry]:
    """All entries of these splits, in the order of the dataset."""
    from adbench.data.pixelstore import Entry

    return [Entry(dataset, split, item) for split in splits for item in dataset.items(split)]


def draw_support(
    dataset: Dataset,
    track: str,
    k: int,
    seed: int,
    auxiliary: Sequence[Dataset] = (),
    pool: Sequence[Split] = ("valid", "test"),
    given: SupportList | None = None,
) -> Draw:
    """Choose what a track grants.

    The k normal and k abnormal images come from `valid` by a permutation that the seed fixes, so a larger k contains
    every smaller one and `few-normal` learns from the same normals as `few-shot`. Where a set has no `valid`,
    normals come from `train`.

    Args:
        k: images of each kind for the few-* tracks.
        auxiliary: the other sets, for `zero-shot`.
        pool: which of their splits are granted.

    Raises:
        UserError: the set holds too few images for the track.
    """
    name = dataset.card.name
    if track == "zero-shot":
        others = tuple(entries(other, *pool) for other in auxiliary)
        return Draw(auxiliary=tuple(other for other in others if other))
    if track == "full-normal":
        train = entries(dataset, "train")
        if not train:
            raise UserError(f"{name} has no images in `train`, which the track full-normal learns from.")
        return Draw(normal=train, valid=entries(dataset, "valid"))
    valid = entries(dataset, "valid")
    source = "valid" if valid else "train"
    candidates = valid or entries(dataset, "train")
    normal = _ordered([entry for entry in candidates if not entry.item.abnormal], seed, "normal", given.normal if given else None)
    abnormal = _ordered(
        [entry for entry in candidates if entry.item.abnormal], seed, "abnormal", given.abnormal if given else None
    )
    if len(normal) < k or (track == "few-shot" and len(abnormal) < k):
        wanted = f"{k} normal and {k} abnormal images" if track == "few-shot" else f"{k} normal images"
        raise UserError(
            f"{track} with k = {k} needs {wanted} in `{source}` of {name}, which has {len(normal)} normal and "
            f"{len(abnormal)} abnormal: choose a smaller --shots."
        )
    drawn_abnormal = abnormal[:k] if track == "few-shot" else []
    used = {entry.item.id for entry in (*normal[:k], *drawn_abnormal)}
    rest = [entry for entry in valid if entry.item.id not in used]
    return Draw(normal=normal[:k], abnormal=drawn_abnormal, valid=rest, few=True)


def shuffled_test(dataset: Dataset, limit: int | None = None) -> list[Entry]:
    """The test images in a fixed order that reveals nothing.

    Args:
        limit: keep at most this many images of each label (for trying things out).
    """
    shuffled = _permuted(entries(dataset, "test"), TEST_ORDER_SEED, "test")
    if not shuffled:
        raise UserError(f"{dataset.card.name} has no images in `test`: there is nothing to score.")
    if limit is None:
        return shuffled
    kept = {label: [entry for entry in shuffled if entry.item.abnormal is label][:limit] for label in (False, True)}
    return [entry for entry in shuffled if entry in kept[entry.item.abnormal]]


def limited(draw: Draw, limit: int | None) -> Draw:
    """At most `limit` images of each label in what a track grants; the k images of a few-* track all stay."""
    if limit is None:
        return draw

    def cut(group: list[Entry]) -> list[Entry]:
        ordered = _permuted(group, TEST_ORDER_SEED, "limit")
        return [e for label in (False, True) for e in [x for x in ordered if x.item.abnormal is label][:limit]]

    return replace(
        draw,
        normal=draw.normal if draw.few or len(draw.normal) <= limit else cut(draw.normal),
        auxiliary=tuple(cut(other) for other in draw.auxiliary),
        valid=cut(draw.valid),
    )


def _ordered(group: list[Entry], seed: int, purpose: str, ids: Sequence[str] | None) -> list[Entry]:
    if ids is None:
        return _permuted(group, seed, purpose)
    known = {entry.item.id: entry for entry in group}
    return [known[name] for name in ids]


def _permuted(group: list[Entry], seed: int, purpose: str) -> list[Entry]:
    import numpy as np

    # One stream per purpose: the draw of normals must not change with the number of abnormal images.
    key = [seed, *purpose.encode()]
    return [group[position] for position in np.random.default_rng(key).permutation(len(group))]
