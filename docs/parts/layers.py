"""A layout for boxes on floors: their order on each floor with few crossing lines, and where each stands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, permutations, product
from statistics import fmean

Node = tuple[str, int]  # a name and a floor: the box itself on its own floor, on others a line that passes on its way down to it

ROUNDS = 40
STRAIGHT = 8  # how much more a line strives to go straight down than a box to stand over those that it is joined to
TRIED = 7  # the most nodes of a floor whose every order is tried


class Layers:
    """Boxes of one width, and lines between them that pass the floors between.

    Lines to the same box are bundled on the floors that they pass.

    Attributes:
        links: lines from a node to one on the floor below.
        place: of each node, the x of its middle; the leftmost box begins at 0.
        width: from the left of the leftmost box to the right of the rightmost.
    """

    def __init__(self, floors: Mapping[str, int], lines: Iterable[tuple[str, str]], box: float, line: float, gap: float) -> None:
        self._floors = floors
        self._size = {True: box, False: line}
        self._gap = gap
        nodes: set[Node] = set(floors.items())
        links: set[tuple[Node, Node]] = set()
        for upper, lower in lines:
            path = [(upper, floors[upper]), *((lower, floor) for floor in range(floors[upper] - 1, floors[lower] - 1, -1))]
            nodes.update(path)
            links.update(pairwise(path))
        self.links = sorted(links)
        rows = [sorted(node for node in nodes if node[1] == floor) for floor in range(max(floors.values()) + 1)]
        self._near = {node: [a if b == node else b for a, b in self.links if node in (a, b)] for node in nodes}
        place = self._placed(self._ordered(rows))
        half = {node: self._size[self.is_box(node)] / 2 for node in nodes}
        start = min(x - half[node] for node, x in place.items())
        # In whole units, so that no version of Python rounds a half the other way.
        self.place: dict[Node, float] = {node: math.floor(x - start + 0.49) for node, x in place.items()}
        self.width = max(x + half[node] for node, x in self.place.items())

    def is_box(self, node: Node) -> bool:
        """Whether it is a box, or a line that passes."""
        return self._floors[node[0]] == node[1]

    def _ordered(self, rows: list[list[Node]]) -> list[list[Node]]:
        """Floor by floor the order with the fewest crossings and the shortest lines, until nothing changes."""
        for _ in range(ROUNDS):
            before = [list(row) for row in rows]
            for floor in (*range(len(rows)), *reversed(range(len(rows)))):
                spots = {node: _middle(row, node) for row in rows for node in row}
                orders = permutations(rows[floor]) if len(rows[floor]) <= TRIED else [self._by_neighbours(rows[floor], spots)]
                rows[floor] = list(min(orders, key=lambda order, spots=spots: self._cost(order, spots)))
            if rows == before:
                break
        return rows

    def _by_neighbours(self, row: Sequence[Node], spots: Mapping[Node, float]) -> Sequence[Node]:
        return sorted(row, key=lambda node: fmean([spots[other] for other in self._near[node]] or [0.0]))

    def _cost(self, order: Sequence[Node], spots: Mapping[Node, float]) -> tuple[float, float]:
        ends = [(_middle(order, node), spots[other], other[1]) for node in order for other in self._near[node]]
        crossings = sum(a < c and b > d and e == f for (a, b, e), (c, d, f) in product(ends, ends))
        return crossings, sum(abs(a - b) for a, b, _ in ends)

    def _placed(self, rows: Sequence[Sequence[Node]]) -> dict[Node, float]:
        """Each near the mean of those it is joined to, none too near to the next."""
        place: dict[Node, float] = {}
        for row in rows:
            place.update(zip(row, self._apart(row, [_middle(row, node) * self._size[True] for node in row]), strict=True))
        for _ in range(ROUNDS):
            for row in (*rows, *reversed(rows)):
                wanted = [self._wanted(node, place) for node in row]
                place.update(zip(row, self._apart(row, wanted), strict=True))
        return place

    def _wanted(self, node: Node, place: Mapping[Node, float]) -> float:
        near = self._near[node]
        weights = [1 if self.is_box(node) or self.is_box(other) else STRAIGHT for other in near]
        return fmean([place[other] for other in near], weights) if near else place[node]

    def _apart(self, row: Sequence[Node], wanted: Sequence[float]) -> list[float]:
        """The places nearest to the wanted ones (least squares) that keep order and distance: pools of adjacent violators."""
        shifts = [0.0]
        for left, right in pairwise(row):
            shifts.append(shifts[-1] + (self._size[self.is_box(left)] + self._size[self.is_box(right)]) / 2 + self._gap)
        pools: list[list[float]] = []
        for target, shift in zip(wanted, shifts, strict=True):
            pools.append([target - shift])
            while len(pools) > 1 and fmean(pools[-2]) > fmean(pools[-1]):
                pools[-2:] = [pools[-2] + pools[-1]]
        flat = [fmean(pool) for pool in pools for _ in pool]
        return [value + shift for value, shift in zip(flat, shifts, strict=True)]


def _middle(row: Sequence[Node], node: Node) -> float:
    return row.index(node) - (len(row) - 1) / 2
