"""Which images a cell uses, and whether they can be used: found out for a whole plan before its first fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adbench.contracts.dataset import Dataset
from adbench.contracts.protocol import POOLS, Protocol
from adbench.data.opening import Opened, Progress, open_images
from adbench.data.pixelstore import Entry
from adbench.planning.cell import Cell
from adbench.planning.draws import Draw, draw_support, limited, shuffled_test

Asked = tuple[str, str, int, int, tuple[str, ...], Protocol]


def draw_images(cell: Cell, datasets: Mapping[str, Dataset]) -> tuple[Draw, list[Entry]]:
    """The support of a cell, and its test images in an order that tells nothing. Raises `UserError` where the set holds too few."""
    dataset, protocol = datasets[cell.dataset.name], cell.protocol
    others = [datasets[name] for name in cell.auxiliary]
    draw = draw_support(dataset, cell.track, cell.k, cell.seed, others, POOLS[protocol.pool], protocol.support_list)
    return limited(draw, protocol.limit), shuffled_test(dataset, protocol.limit)


def used_images(cell: Cell, datasets: Mapping[str, Dataset]) -> list[Entry]:
    """All images of a cell; none where they cannot be drawn, for then it fails by itself and at once."""
    try:
        draw, test = draw_images(cell, datasets)
    except Exception:
        return []
    return [*draw.normal, *draw.abnormal, *draw.valid, *(entry for other in draw.auxiliary for entry in other), *test]


def open_plan(cells: Iterable[Cell], datasets: Mapping[str, Dataset], progress: Progress) -> Opened:
    """Open all images and masks that some of these cells use, each once. See `adbench.data.opening.open_images`."""
    draws: dict[Asked, Cell] = {}
    for cell in cells:
        seed = cell.seed if cell.k else 0  # without a k every seed gets the same images
        draws.setdefault((cell.dataset.name, cell.track, cell.k, seed, cell.auxiliary, cell.protocol), cell)
    return open_images((entry for cell in draws.values() for entry in used_images(cell, datasets)), progress)
