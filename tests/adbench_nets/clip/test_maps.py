from __future__ import annotations

import torch
import torch.nn.functional as F

from adbench_nets import memory_grids, memory_maps, patch_logits, probability_maps, with_distances


def test_logits_are_hundred_cosines_without_the_class_token() -> None:
    tokens = [torch.randn(2, 5, 6), torch.randn(2, 5, 6)]
    text = F.normalize(torch.randn(6, 2), dim=0)
    logits = patch_logits(tokens, text)
    assert logits.shape == (2, 2, 4, 2)
    torch.testing.assert_close(logits[1, 0, 2, 1], 100 * F.cosine_similarity(tokens[0][1, 3], text[:, 1], dim=0))


def test_every_image_can_have_its_own_text() -> None:
    tokens, texts = [torch.randn(2, 5, 6)], F.normalize(torch.randn(2, 6, 2), dim=1)
    both = patch_logits(tokens, texts)
    torch.testing.assert_close(both[1], patch_logits([tokens[0][1:]], texts[1])[0])


def test_logits_are_enlarged_before_the_softmax() -> None:
    logits = torch.zeros(1, 1, 4, 2)
    logits[0, 0, 3, 1] = 8.0
    maps = probability_maps(logits, (2, 2), (3, 3))
    torch.testing.assert_close(maps[0, 0, 1, 1], torch.sigmoid(torch.tensor(2.0)))
    torch.testing.assert_close(maps[0, 0, 2, 2], torch.sigmoid(torch.tensor(8.0)))


def test_distances_keep_the_place_of_their_patch() -> None:
    tokens = torch.eye(7)[None]  # class token, then six patches
    memory = [torch.eye(7)[[0, 2]]]
    grids = memory_grids([tokens], memory, (2, 3))
    assert grids.tolist() == [[[[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]]]
    assert memory_maps(grids.repeat(1, 4, 1, 1), (2, 3))[0, 0].tolist() == [4.0, 0.0, 4.0]


def test_what_a_text_says_is_averaged_with_distances() -> None:
    distances = torch.tensor([[[0.0, 0.4]], [[0.2, 0.1]]])
    scores, maps = with_distances(torch.tensor([0.6, 1.0]), torch.zeros(2, 1, 2), distances)
    torch.testing.assert_close(scores, torch.tensor([0.5, 0.6]))
    torch.testing.assert_close(maps, distances / 2)
