from __future__ import annotations

import pytest
import torch
from randomclip import CONFIG, SIDE, StateWeights, random_state, random_tower

from adbench import UserError, WeightsResolver
from adbench_clip import TINY, adbench_weights
from adbench_clip.loading import inferred_config, load_tower, named_config


def test_the_architecture_is_read_off_the_shapes() -> None:
    config = inferred_config(random_state())
    assert config["vision_cfg"] == CONFIG["vision_cfg"]
    assert config["text_cfg"] == CONFIG["text_cfg"]
    assert config["embed_dim"] == CONFIG["embed_dim"]


@pytest.mark.parametrize("prefix", ["", "module.", "model."])
def test_a_file_of_the_user_loads_with_and_without_a_wrapper(prefix: str) -> None:
    state = {prefix + key: tensor for key, tensor in random_state().items()}
    tower = load_tower(StateWeights({"mine": state}), "mine", SIDE)
    images = torch.rand(1, 3, SIDE, SIDE)
    assert torch.equal(tower.embed(images), random_tower().embed(images))


def test_bookkeeping_of_openai_is_ignored() -> None:
    state = {**random_state(), "input_resolution": torch.tensor(28), "vocab_size": torch.tensor(49408)}
    assert load_tower(StateWeights({"mine": state}), "mine", SIDE).blocks == 4


def test_weights_of_something_else_are_refused() -> None:
    with pytest.raises(UserError, match="not those of a CLIP ViT"):
        load_tower(StateWeights({"mine": {"layer1.weight": torch.zeros(3)}}), "mine", SIDE)


def test_published_names_tell_the_architecture() -> None:
    config = named_config("ViT-L-14-336/openai")
    assert config is not None
    assert (config["vision_cfg"]["layers"], config["vision_cfg"]["width"], config["embed_dim"]) == (24, 1024, 768)
    assert named_config("mine") is None
    assert named_config("no-such/tag") is None


def test_a_published_name_with_weights_of_another_size_is_refused() -> None:
    with pytest.raises(UserError, match="do not fit the CLIP architecture"):
        load_tower(StateWeights({"ViT-B-32/openai": random_state()}), "ViT-B-32/openai", 224)


def test_the_embedded_weights_load() -> None:
    tower = load_tower(WeightsResolver({"tiny-clip": TINY}, offline=True), "tiny-clip", 112)
    assert tower.blocks % 4 == 0
    assert tower.embed(torch.rand(1, 3, 112, 112)).shape[2] == tower.width


def test_every_card_says_where_its_file_is() -> None:
    cards = adbench_weights()
    assert len({card.name for card in cards}) == len(cards)
    assert all(card.hub or card.url or card.embedded for card in cards)
    assert all(card.licence for card in cards)
