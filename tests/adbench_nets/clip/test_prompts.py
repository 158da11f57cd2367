from __future__ import annotations

import torch
import torch.nn.functional as F
from randomclip import random_tower

from adbench_nets import ABNORMAL_STATES, NORMAL_STATES, TEMPLATES, prompt_embeddings, prompts, text_features, tokenize


def test_all_states_meet_all_templates_state_by_state() -> None:
    texts = prompts("Brain", NORMAL_STATES)
    assert len(texts) == 7 * 35
    assert len(set(texts)) == len(texts)
    assert texts[0] == "a bad photo of a Brain."
    assert texts[len(TEMPLATES)] == "a bad photo of a flawless Brain."
    assert len(prompts("Brain", ABNORMAL_STATES)) == 5 * 35


def test_braces_in_a_name_are_kept() -> None:
    assert prompts("{odd}", ("damaged {}",))[0] == "a bad photo of a damaged {odd}."


def test_features_are_unit_means_of_unit_embeddings() -> None:
    tower = random_tower()
    features = text_features(tower, "Brain")
    assert features.shape == (12, 2)
    torch.testing.assert_close(features.norm(dim=0), torch.ones(2))
    embeddings = prompt_embeddings(tower, prompts("Brain", ABNORMAL_STATES))
    expected = sum(embedding / embedding.norm() for embedding in embeddings)
    torch.testing.assert_close(features[:, 1], F.normalize(expected, dim=0), rtol=1e-4, atol=1e-6)


def test_the_case_of_a_name_does_not_matter() -> None:
    assert torch.equal(tokenize(["a Brain"]), tokenize(["a brain"]))
