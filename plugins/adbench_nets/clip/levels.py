"""The vision blocks after which a method reads tokens."""

from __future__ import annotations

from torch import Tensor

from adbench import UserError
from adbench_nets.clip.tower import Tower


def stage_ends(blocks: int, stages: int = 4) -> tuple[int, ...]:
    """The last blocks of equal stages: 6, 12, 18, 24 of 24."""
    return tuple(blocks * stage // stages for stage in range(1, stages + 1))


def chosen_levels(levels: tuple[int, ...], blocks: int) -> tuple[int, ...]:
    """The levels (1-based blocks) that the user chose, or by default the ends of four equal stages.

    Raises:
        UserError: they are not ascending, or the tower has no such block.
    """
    levels = levels or stage_ends(blocks)
    if list(levels) != sorted(set(levels)) or levels[0] < 1 or levels[-1] > blocks:
        raise UserError(f"levels = {levels} must rise from 1 to at most {blocks}, the number of vision blocks of these weights.")
    return levels


def level_tokens(tower: Tower, images: Tensor, levels: tuple[int, ...]) -> list[Tensor]:
    """The tokens (B, L + 1, W) after each level, for images as in `Tower.embed`."""
    tokens, block, outputs = tower.embed(images), 0, []
    for level in levels:
        tokens = tower.run(tokens, block, level)
        block = level
        outputs.append(tokens)
    return outputs
