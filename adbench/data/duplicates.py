"""Images that are there twice: of equal pixels, or that look the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from adbench.contracts.dataset import Split
from adbench.data.reading import ImageFacts, Place

# Of 256 bits. Copies saved as JPEG, at half the size or 10 % brighter differ in at most 12; neighbouring slices of a
# brain in 20 and more, other patients' chests in 50 and more.
NEAR = 12
BLOCK = 2048  # rows whose distances to a bucket are computed at once

Group = list[Place]


def same_content(seen: Mapping[Place, ImageFacts]) -> list[Group]:
    """Groups of two and more images of equal pixels."""
    return [group for group in _by_content(seen) if len(group) > 1]


def near_content(seen: Mapping[Place, ImageFacts], distance: int = NEAR) -> list[Group]:
    """Groups of images that look the same and are not all of equal pixels; those without a hash are left out.

    Two images look the same where at most `distance` bits of their perceptual hashes differ; a group is connected by
    such pairs, so its ends may differ by more.
    """
    hashed = [(group, bits) for group in _by_content(seen) if (bits := seen[group[0]].hash) is not None]
    if len(hashed) < 2:
        return []
    contents = [group for group, _ in hashed]
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = near_pairs(np.stack([bits for _, bits in hashed]), distance)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(contents),) * 2)
    components = connected_components(links, directed=False)[1]
    members: dict[int, list[Group]] = {}
    for component, group in zip(components.tolist(), contents, strict=True):
        members.setdefault(component, []).append(group)
    return [[place for group in groups for place in group] for groups in members.values() if len(groups) > 1]


def near_pairs(hashes: np.ndarray, distance: int) -> np.ndarray:
    """Pairs of rows that differ in at most `distance` bits.

    The bits are cut into `distance` + 1 bands. Rows that near are equal in one band at least, so only rows that share a
    band are compared, not each with each.

    Args:
        hashes: (N, bits) bool.

    Returns:
        (P, 2) int, the smaller row first, sorted, each pair once.
    """
    bits = hashes.shape[1]
    signs = np.where(hashes, 1, -1).astype(np.float32)
    found = [np.zeros((0, 2), int)]
    # Neighbouring frequencies say the same of similar images: mixed, each band tells more of them apart.
    mixed = np.random.default_rng(0).permutation(bits)
    for band in np.array_split(mixed, distance + 1):
        for rows in _buckets(np.packbits(hashes[:, band], axis=1)):
            for start in range(0, len(rows), BLOCK):
                block = rows[start : start + BLOCK]
                differing = (bits - signs[block] @ signs[rows].T) / 2
                one, other = np.nonzero(differing <= distance)
                pairs = np.stack([block[one], rows[other]], axis=1)
                found.append(pairs[pairs[:, 0] < pairs[:, 1]])
    return np.unique(np.concatenate(found), axis=0)


def across_splits(groups: Iterable[Sequence[Place]]) -> list[Group]:
    """Of each group that is in several splits, its first image of each."""
    firsts: list[dict[Split, Place]] = []
    for group in groups:
        first: dict[Split, Place] = {}
        for place in group:
            first.setdefault(place.split, place)
        firsts.append(first)
    return [list(first.values()) for first in firsts if len(first) > 1]


def _by_content(seen: Mapping[Place, ImageFacts]) -> list[Group]:
    groups: dict[str, Group] = {}
    for place, facts in seen.items():
        groups.setdefault(facts.digest, []).append(place)
    return list(groups.values())


def _buckets(keys: np.ndarray) -> Iterator[np.ndarray]:
    """The rows of each key (N, bytes) that several have, ascending."""
    _, bucket, sizes = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(bucket.ravel(), kind="stable")
    yield from (rows for rows in np.split(order, np.cumsum(sizes)[:-1]) if len(rows) > 1)
