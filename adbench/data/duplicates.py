"""Images that are there twice: of equal pixels, or that look the same."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np

from adbench.contracts.dataset import Split
from adbench.data.reading import ImageFacts, Place

# Of 256 bits. Copies saved as JPEG, at half the size or 10 % brighter differ in at most 12; neighbouring slices of a
# brain in 20 and more, other patients' chests in 50 and more.
NEAR = 12
BLOCK = 1 << 22  # distances that are computed at once
CROWD = 64  # rows in a bucket, from which on they are compared by a matrix product
ONES = np.array([byte.bit_count() for byte in range(256)], np.uint16)

Key = TypeVar("Key", bound=Hashable)
Group = list[Place]


def same_content(seen: Mapping[Key, ImageFacts]) -> list[list[Key]]:
    """Groups of two and more images of equal pixels."""
    return [group for group in _by_content(seen) if len(group) > 1]


def near_content(seen: Mapping[Key, ImageFacts], distance: int = NEAR) -> list[list[Key]]:
    """Groups of images that look the same and are not all of equal pixels; those without a hash are left out.

    Two images look the same where at most `distance` bits of their perceptual hashes differ; a group is connected by
    such pairs, so its ends may differ by more.
    """
    hashed = [(group, bits) for group in _by_content(seen) if (bits := seen[group[0]].hash) is not None]
    if len(hashed) < 2:
        return []
    members: dict[int, list[list[Key]]] = {}
    for number, (group, _) in zip(near_groups(np.stack([bits for _, bits in hashed]), distance).tolist(), hashed, strict=True):
        members.setdefault(number, []).append(group)
    return [[key for group in groups for key in group] for groups in members.values() if len(groups) > 1]


def near_groups(hashes: np.ndarray, distance: int) -> np.ndarray:
    """Which rows are connected by pairs that differ in at most `distance` bits.

    The bits are cut into `distance` + 1 bands. Rows that near are equal in one band at least, so only rows that share a
    band are compared, not each with each. Of a crowd in which all are near each other no list of pairs is made.

    Args:
        hashes: (N, bits) bool.

    Returns:
        (N,) int, the number of each row's group.
    """
    packed, row = np.unique(np.packbits(hashes, axis=1), axis=0, return_inverse=True)
    bits = np.unpackbits(packed, axis=1, count=hashes.shape[1])
    signs = np.where(bits, 1, -1).astype(np.float32)
    groups = np.arange(len(bits))
    # Neighbouring frequencies say the same of similar images: mixed, each band tells more of them apart.
    mixed = np.random.default_rng(0).permutation(bits.shape[1])
    for band in np.array_split(mixed, distance + 1):
        _, bucket, sizes = np.unique(np.packbits(bits[:, band], axis=1), axis=0, return_inverse=True, return_counts=True)
        bucket = bucket.ravel()
        order = np.argsort(bucket, kind="stable")
        links = [*_links_of_pairs(packed, order[sizes[bucket[order]] <= CROWD], bucket, distance)]
        for crowd in np.flatnonzero(sizes > CROWD):
            end = int(sizes[: crowd + 1].sum())
            links += _links_of_crowd(signs, order[end - sizes[crowd] : end], groups, distance)
        groups = _merged(groups, links)
    return groups[row.ravel()]


def _links_of_pairs(packed: np.ndarray, order: np.ndarray, bucket: np.ndarray, distance: int) -> Iterator[np.ndarray]:
    """(P, 2) int: the near pairs of rows that share a bucket; `order` has the rows of small buckets beside each other."""
    for step in range(1, CROWD):
        one, other = order[:-step], order[step:]
        together = bucket[one] == bucket[other]
        if not together.any():
            return
        one, other = one[together], other[together]
        near = ONES[packed[one] ^ packed[other]].sum(axis=1) <= distance
        yield np.stack([one[near], other[near]], axis=1)


def _links_of_crowd(signs: np.ndarray, rows: np.ndarray, groups: np.ndarray, distance: int) -> Iterator[np.ndarray]:
    """(P, 2) int: pairs that connect those of these rows that are near each other, whose groups are not one already.

    What was reached is compared only with what was not: in a crowd that is all alike, one row with the others.
    """
    names, sizes = np.unique(groups[rows], return_counts=True)
    for name in names[np.argsort(-sizes, kind="stable")]:
        reached = groups[rows] == name
        front, rows = rows[reached], rows[~reached]
        while len(front) and len(rows):
            size = max(1, BLOCK // len(rows))
            block, front = front[:size], front[size:]
            near = (signs.shape[1] - signs[rows] @ signs[block].T) / 2 <= distance
            hit = near.any(axis=1)
            yield np.stack([block[near[hit].argmax(axis=1)], rows[hit]], axis=1)
            joined = np.isin(groups[rows], groups[rows[hit]])
            front, rows = np.concatenate([front, rows[joined]]), rows[~joined]


def _merged(groups: np.ndarray, links: list[np.ndarray]) -> np.ndarray:
    """The groups of rows, once these links connect some of them."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = groups[np.concatenate([np.zeros((0, 2), int), *links])]
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(groups),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1])[groups]


def across_splits(groups: Iterable[Sequence[Place]]) -> list[Group]:
    """Of each group that is in several splits, its first image of each."""
    firsts: list[dict[Split, Place]] = []
    for group in groups:
        first: dict[Split, Place] = {}
        for place in group:
            first.setdefault(place.split, place)
        firsts.append(first)
    return [list(first.values()) for first in firsts if len(first) > 1]


def _by_content(seen: Mapping[Key, ImageFacts]) -> list[list[Key]]:
    groups: dict[str, list[Key]] = {}
    for key, facts in seen.items():
        groups.setdefault(facts.digest, []).append(key)
    return list(groups.values())
