from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from adbench import UserError, WeightsResolver
from adbench_fewshot.resnet import ResNet18
from adbench_fewshot.trunk import Trunk, load_trunk


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
    assert trunk.training
    assert all(weight.requires_grad for weight in trunk.parameters())


def test_an_architecture_that_the_weights_do_not_fit_is_refused(weights: WeightsResolver) -> None:
    with pytest.raises(UserError, match="Weights 'small' do not fit timm's resnet18"):
        load_trunk(weights, "small", "resnet18")
