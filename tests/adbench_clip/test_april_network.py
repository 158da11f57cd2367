from __future__ import annotations

import torch
from randomclip import SIDE, random_network
from torch import nn

from adbench_clip.april_network import Projections, mean_score, remember
from adbench_nets import CLIP_MEAN, CLIP_STD, standardised


def test_layers_start_as_those_of_torch_do() -> None:
    ours = Projections(400, 30, 2, torch.Generator().manual_seed(1))
    theirs = nn.Linear(400, 30)
    for mine, reference in zip(ours.fc[0].parameters(), theirs.parameters(), strict=True):
        assert mine.shape == reference.shape
        assert mine.abs().max() <= 0.05
        # Both are uniform in +- 1 / sqrt(400).
        torch.testing.assert_close(mine.std(), torch.tensor(0.05 / 3**0.5), rtol=0.3, atol=0)
    again = Projections(400, 30, 2, torch.Generator().manual_seed(1))
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), again.parameters(), strict=True))


def test_each_level_has_its_own_layer() -> None:
    projections = Projections(3, 2, 2)
    tokens = torch.randn(4, 2, 5, 3)
    first, second = projections(tokens)
    torch.testing.assert_close(first, tokens[:, 0] @ projections.fc[0].weight.T + projections.fc[0].bias)
    torch.testing.assert_close(second, tokens[:, 1] @ projections.fc[1].weight.T + projections.fc[1].bias)


def test_tokens_are_those_of_standardised_images() -> None:
    images = torch.rand(2, 3, SIDE, SIDE)
    bare, plain = random_network(), random_network(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    tokens = bare.freeze(images)
    assert tokens.shape == (2, 3, 17, 16)
    torch.testing.assert_close(tokens, plain.freeze(standardised(images, CLIP_MEAN, CLIP_STD)))


def test_the_class_token_comes_from_the_last_block_whatever_the_levels() -> None:
    images, text = torch.rand(2, 3, SIDE, SIDE), torch.eye(12)[:, :2]
    early, late = random_network(levels=(1, 2)), random_network(levels=(3, 4))
    torch.testing.assert_close(
        early.compact(early.freeze(images), text, []).token, late.compact(late.freeze(images), text, []).token
    )


@torch.no_grad()
def test_a_memory_adds_distances_of_unprojected_patches_to_the_map() -> None:
    of, text = random_network(), torch.eye(12)[:, :2]
    tokens = of.freeze(torch.rand(2, 3, SIDE, SIDE))
    memory = remember(tokens)
    assert [level.shape for level in memory] == [(32, 16)] * 3
    # Every patch is in the memory: nothing is added.
    bare, own = of.compact(tokens, text, []), of.compact(tokens, text, memory)
    torch.testing.assert_close(of.maps(own), of.maps(bare), atol=1e-4, rtol=0)
    # Far from the memory, 1 - cosine = 2 of each of the three levels is.
    opposite = of.compact(tokens, text, [-level[:1].expand(1, -1) for level in remember(tokens[:1])])
    assert (of.maps(opposite) - of.maps(bare)).amax() <= 6 + 1e-5
    assert (of.maps(opposite) - of.maps(bare)).amin() > 0


def test_the_image_score_is_a_mean_with_the_scaled_maximum() -> None:
    token, highest = torch.tensor([0.2, 0.4]), torch.tensor([3.0, 7.0])
    torch.testing.assert_close(mean_score(token, highest, (3.0, 5.0)), torch.tensor([0.1, 1.2]))
