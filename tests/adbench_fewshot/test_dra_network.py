from __future__ import annotations

import pytest
import torch

from adbench_fewshot.dra_network import HEADS, DraNetwork, combined_score, mean_scores, response_map, top_mean
from adbench_fewshot.resnet import ResNet18


@pytest.fixture
def network() -> DraNetwork:
    torch.manual_seed(0)
    made = DraNetwork(ResNet18((4, 4, 4, 6, 8)), 8, 0.1, 2)
    made.initialise_heads(torch.Generator().manual_seed(0))
    return made.eval()


def test_a_tenth_of_the_positions_count_and_at_least_one() -> None:
    responses = torch.arange(25.0).reshape(1, 5, 5)
    assert top_mean(responses, 0.1).tolist() == [23.5]
    assert top_mean(responses, 0.01).tolist() == [24]
    assert top_mean(responses, 1.0).tolist() == [12]


def test_the_second_scale_sees_every_other_pixel(network: DraNetwork) -> None:
    images = torch.randn(2, 3, 64, 64)
    first, second = network.features(images)
    assert first.shape == (2, 8, 2, 2)
    torch.testing.assert_close(second, network.features(images[:, :, ::2, ::2])[0])


def test_heads_learn_from_their_own_images(network: DraNetwork) -> None:
    x, references = torch.randn(4, 8, 3, 3), torch.randn(2, 8, 3, 3)
    labels = torch.tensor([0, 1, 2, 2])
    trained, tested = network.outputs(x, references, labels), network.outputs(x, references)
    assert [len(trained.scores[head]) for head in HEADS] == [4, 2, 3, 4]
    torch.testing.assert_close(trained.scores["seen"], tested.scores["seen"][:2])
    torch.testing.assert_close(trained.scores["pseudo"], tested.scores["pseudo"][[0, 2, 3]])


def test_only_the_composite_head_looks_at_references(network: DraNetwork) -> None:
    x = torch.randn(4, 8, 3, 3)
    first, second = (network.outputs(x, torch.randn(2, 8, 3, 3)).scores for _ in range(2))
    assert [bool(torch.equal(first[head], second[head])) for head in HEADS] == [True, True, True, False]


def test_the_holistic_head_counts_negative() -> None:
    scores = {head: torch.tensor([float(number)]) for number, head in enumerate(HEADS)}
    assert combined_score(scores).tolist() == [-0.0 + 1 + 2 + 3]
    assert combined_score({**scores, "holistic": torch.tensor([4.0])}).tolist() == [2]


def test_scores_are_means_over_scales_and_the_map_has_the_finest_grid(network: DraNetwork) -> None:
    features = network.features(torch.randn(3, 3, 128, 128))
    outputs = [network.outputs(level, level[:2]) for level in features]
    for head in HEADS:
        torch.testing.assert_close(mean_scores(outputs)[head], (outputs[0].scores[head] + outputs[1].scores[head]) / 2)
    assert response_map(outputs, ("seen",)).shape == (3, 4, 4)
    torch.testing.assert_close(response_map(outputs[:1], ("seen",)), outputs[0].responses["seen"])
