from __future__ import annotations

import math

import pytest
import torch
from open_clip.model import CLIP, resize_pos_embed
from randomclip import CONFIG, SIDE, random_state, random_tower

from adbench import UserError
from adbench_nets import build_tower, tokenize
from adbench_nets.clip.tower import resize_positions


def reference() -> CLIP:
    model = CLIP(**CONFIG).eval()
    model.load_state_dict(random_state())
    return model


@torch.no_grad()
def test_blocks_one_by_one_give_what_open_clip_gives() -> None:
    tower = random_tower()
    images = torch.rand(3, 3, SIDE, SIDE)
    tokens = tower.embed(images)
    for block in range(tower.blocks):
        tokens = tower.run(tokens, block, block + 1)
    torch.testing.assert_close(tower.pooled(tokens), reference().encode_image(images))


@torch.no_grad()
def test_texts_cut_at_the_longest_give_what_open_clip_gives() -> None:
    tokens = tokenize(["a brain", "a photo of the large liver with damage in the scene.", ""])
    torch.testing.assert_close(random_tower().encode_text(tokens), reference().encode_text(tokens), rtol=1e-5, atol=1e-6)


def test_nothing_asks_for_a_gradient() -> None:
    tower = random_tower()
    assert not any(weight.requires_grad for weight in tower.model.parameters())
    assert not tower.model.training


@pytest.mark.parametrize(("size", "grid"), [(SIDE, (4, 4)), (33, (4, 4)), (41, (5, 5)), ((22, 50), (3, 7)), (7, (1, 1))])
def test_grid_is_the_side_divided_by_the_patch_rounded_down(size: int | tuple[int, int], grid: tuple[int, int]) -> None:
    tower = random_tower(size)
    height, width = (size, size) if isinstance(size, int) else size
    assert tower.grid == grid
    assert tower.embed(torch.rand(2, 3, height, width)).shape == (2, 1 + math.prod(grid), tower.width)


def test_pixels_beyond_the_last_whole_patch_are_not_seen() -> None:
    tower = random_tower(33)
    images = torch.rand(1, 3, 33, 33)
    changed = images.clone()
    changed[:, :, 28:] = 0
    changed[:, :, :, 28:] = 0
    assert torch.equal(tower.embed(images), tower.embed(changed))


def test_positions_are_resized_as_open_clip_does() -> None:
    state = random_state()
    positions = state["visual.positional_embedding"].clone()
    model = CLIP(**{**CONFIG, "vision_cfg": {**CONFIG["vision_cfg"], "image_size": 42}})
    resize_pos_embed(state, model)
    torch.testing.assert_close(resize_positions(positions, (4, 4), (6, 6)), state["visual.positional_embedding"])


def test_positions_of_an_equal_number_of_cells_are_resized_too() -> None:
    positions = random_state()["visual.positional_embedding"]
    resized = resize_positions(positions, (4, 4), (2, 8))
    assert resized.shape == positions.shape
    assert torch.equal(resized[0], positions[0])
    assert not torch.allclose(resized, positions)


def test_half_precision_is_widened_before_anything_is_computed() -> None:
    halves = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in random_state().items()}
    tower = build_tower(CONFIG, halves, 41)
    wide = build_tower(CONFIG, {key: tensor.float() for key, tensor in halves.items()}, 41)
    assert torch.equal(tower.model.visual.positional_embedding, wide.model.visual.positional_embedding)
    assert all(weight.dtype == torch.float32 for weight in tower.model.parameters())


def broken(**changes: torch.Tensor | None) -> dict[str, torch.Tensor]:
    state = random_state()
    for key, tensor in changes.items():
        name = key.replace("__", ".")
        if tensor is None:
            del state[name]
        else:
            state[name] = tensor
    return state


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (broken(visual__proj=None), r"visual\.proj is missing"),
        (broken(extra=torch.zeros(1)), "extra is unexpected"),
        (broken(visual__proj=torch.zeros(3, 3)), r"visual\.proj has shape \(3, 3\)"),
        (broken(visual__positional_embedding=torch.zeros(5, 16)), "positional_embedding"),
        ({}, r"\(and \d+ more\)"),
    ],
)
def test_a_state_that_does_not_fit_is_refused(state: dict[str, torch.Tensor], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build_tower(CONFIG, state, SIDE)


def test_other_architectures_are_refused() -> None:
    for vision in ({"timm_model_name": "resnet50"}, {"layers": [3, 4, 6, 3]}):
        with pytest.raises(UserError, match="plain ViT"):
            build_tower({**CONFIG, "vision_cfg": {**CONFIG["vision_cfg"], **vision}}, random_state(), SIDE)
    with pytest.raises(UserError, match="embed_dim"):
        build_tower({"vision_cfg": {}}, random_state(), SIDE)


def test_an_image_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(UserError, match="smaller than a patch"):
        build_tower(CONFIG, random_state(), 6)
