from __future__ import annotations

from pathlib import Path

import pytest
import torch
from randomclip import CONFIG, SIDE, StateWeights, random_state

from adbench import UserError, WeightsResolver
from adbench_nets import CLIP_L_336, TINY_CLIP, load_tower, quick_gelu_of
from adbench_nets.clip.loading import inferred_config, named_config


def test_the_architecture_is_read_off_the_shapes() -> None:
    config = inferred_config(random_state())
    assert config["vision_cfg"] == CONFIG["vision_cfg"]
    assert config["text_cfg"] == CONFIG["text_cfg"]
    assert config["embed_dim"] == CONFIG["embed_dim"]


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
    with pytest.raises(UserError, match="do not fit the requested CLIP architecture"):
        load_tower(StateWeights({"ViT-B-32/openai": random_state()}), "ViT-B-32/openai", 224)


def test_the_embedded_weights_load() -> None:
    tower = load_tower(WeightsResolver({"tiny-clip": TINY_CLIP}, offline=True), "tiny-clip", 112)
    assert tower.blocks % 4 == 0
    assert tower.embed(torch.rand(1, 3, 112, 112)).shape[2] == tower.width


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("tiny-clip", False),
        ("ViT-L-14-336/openai", True),
        ("ViT-B-16/openai", True),
        ("ViT-B-32-quickgelu/laion400m_e32", True),
        ("ViT-B-32/laion2b_s34b_b79k", False),
        ("mine", None),
        ("resnet18.tv_in1k", None),
    ],
)
def test_the_activation_is_told_by_the_card_or_by_open_clip(name: str, told: bool | None) -> None:
    weights = WeightsResolver(
        {card.name: card for card in (TINY_CLIP, CLIP_L_336)}, given={"mine": Path("mine.pt")}, offline=True
    )
    assert quick_gelu_of(weights, name) is told
