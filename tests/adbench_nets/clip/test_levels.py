from __future__ import annotations

import pytest
import torch
from randomclip import SIDE, random_tower

from adbench import UserError
from adbench_nets import chosen_levels, level_tokens, stage_ends


def test_stages_end_where_the_paper_says() -> None:
    assert stage_ends(24) == (6, 12, 18, 24)
    assert stage_ends(8) == (2, 4, 6, 8)


def test_no_levels_asked_for_are_the_ends_of_the_stages() -> None:
    assert chosen_levels((), 12) == (3, 6, 9, 12)
    assert chosen_levels((1, 12), 12) == (1, 12)


@pytest.mark.parametrize("levels", [(0, 2), (2, 2), (3, 1), (1, 13)], ids=str)
def test_levels_that_are_not_there_are_refused(levels: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="from 1 to at most 12"):
        chosen_levels(levels, 12)


@torch.no_grad()
def test_tokens_of_levels_are_those_that_leave_their_blocks() -> None:
    tower, images = random_tower(), torch.rand(2, 3, SIDE, SIDE)
    left: list[torch.Tensor] = []
    for block in tower.model.visual.transformer.resblocks:
        block.register_forward_hook(lambda _, __, output: left.append(output))
    tower.model.encode_image(images)  # open_clip's own way through all four
    second, last = level_tokens(tower, images, (2, 4))
    torch.testing.assert_close(second, left[1])
    torch.testing.assert_close(last, left[3])
