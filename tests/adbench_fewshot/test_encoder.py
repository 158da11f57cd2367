from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from adbench import UserError, WeightsResolver
from adbench_fewshot.encoder import Levels, Trunk, load_levels, load_trunk, to_input
from adbench_fewshot.resnet import ResNet18


@pytest.fixture
def weights(tmp_path: Path, small_resnet: Path) -> WeightsResolver:
    """A small ResNet-18, and a network of timm."""
    torch.manual_seed(0)
    save_file(timm.create_model("test_efficientnet", num_classes=7).state_dict(), tmp_path / "net.safetensors")
    return WeightsResolver(
        {}, given={"small": small_resnet, "test_efficientnet.mine": tmp_path / "net.safetensors"}, offline=True
    )


def test_a_resnet18_is_known_by_its_tensors_and_others_by_name(weights: WeightsResolver) -> None:
    assert isinstance(load_trunk(weights, "small"), ResNet18)
    trunk = load_trunk(weights, "test_efficientnet.mine")
    assert isinstance(trunk, Trunk)
    assert trunk(torch.zeros(2, 3, 64, 64)).shape == (2, trunk.width, 2, 2)
    assert all(weight.requires_grad for weight in trunk.parameters())


def test_levels_are_those_of_timm(weights: WeightsResolver) -> None:
    levels = load_levels(weights, "test_efficientnet.mine", (1, 3))
    reference = timm.create_model("test_efficientnet", features_only=True, out_indices=(1, 3), pretrained=False).eval()
    reference.load_state_dict(levels.model.state_dict(), strict=False)
    images = torch.randn(2, 3, 64, 64)
    assert levels.widths == tuple(reference.feature_info.channels())
    for found, expected in zip(levels(images), reference(images), strict=True):
        torch.testing.assert_close(found, expected)


def test_the_encoder_of_the_paper_has_its_levels_at_strides_4_8_and_16() -> None:
    with torch.device("meta"):
        encoder = Levels(timm.create_model("tf_efficientnet_b6", num_classes=0).eval(), (1, 2, 3))
        shapes = [tuple(level.shape[1:]) for level in encoder(torch.zeros(1, 3, 256, 256))]
    assert shapes == [(40, 64, 64), (72, 32, 32), (200, 16, 16)]
    assert encoder.widths == (40, 72, 200)


def test_a_name_that_tells_no_architecture_asks_for_one(weights: WeightsResolver) -> None:
    with pytest.raises(UserError, match=r"'small' tells no architecture of timm.*METHOD.architecture="):
        load_levels(weights, "small", (1,))


def test_an_architecture_that_the_weights_do_not_fit_is_refused(weights: WeightsResolver) -> None:
    with pytest.raises(UserError, match="Weights 'small' do not fit this network"):
        load_trunk(weights, "small", "resnet18")


def test_pixels_are_normalised_as_for_imagenet() -> None:
    images = to_input(np.full((1, 3, 2, 2), 255, np.uint8))
    torch.testing.assert_close(images[0, :, 0, 0], torch.tensor([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]))
