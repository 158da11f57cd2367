from __future__ import annotations

import torch

from adbench_nets import shuffled


def test_an_epoch_sees_every_image_once_and_repeats_with_the_seed() -> None:
    first, again = (torch.Generator().manual_seed(5) for _ in range(2))
    epochs = [shuffled(10, 4, first) for _ in range(3)]
    assert epochs == [shuffled(10, 4, again) for _ in range(3)]
    for epoch in epochs:
        assert [len(step) for step in epoch] == [4, 4, 2]
        assert sorted(index for step in epoch for index in step) == list(range(10))
    assert epochs[0] != epochs[1]


def test_no_image_gives_no_step() -> None:
    assert shuffled(0, 4, torch.Generator()) == []
