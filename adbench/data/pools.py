"""Images that two sets share, of which each would teach the other under zero-shot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

from adbench.contracts.dataset import Dataset
from adbench.data.duplicates import near_content, same_content
from adbench.data.reading import ImageFacts, Place

Seen = Mapping[Place, ImageFacts]
Shared = tuple[Place, Place]
TAUGHT = ("valid", "test")  # the splits that zero-shot can learn from, see `adbench.contracts.protocol.POOLS`


def teaching_pairs(datasets: Iterable[Dataset]) -> list[tuple[str, str]]:
    """Names of every two sets that have a group in common."""
    cards = [dataset.card for dataset in datasets]
    return [(one.name, other.name) for one, other in combinations(cards, 2) if set(one.groups) & set(other.groups)]


def shared_images(one: Seen, other: Seen) -> tuple[list[Shared], list[Shared]]:
    """Pairs of images of two sets that have equal pixels, and of those that look the same.

    Only images that zero-shot tests or learns from count; of a group of alike images, the first of each set.
    """
    both = {
        (number, place): facts
        for number, seen in enumerate((one, other))
        for place, facts in seen.items()
        if place.split in TAUGHT and not facts.blank
    }
    return _across(same_content(both)), _across(near_content(both))


def _across(groups: Iterable[Iterable[tuple[int, Place]]]) -> list[Shared]:
    found = []
    for group in groups:
        first: dict[int, Place] = {}
        for number, place in group:
            first.setdefault(number, place)
        if len(first) == 2 and "test" in (first[0].split, first[1].split):
            found.append((first[0], first[1]))
    return found
