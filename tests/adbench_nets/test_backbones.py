"""Networks of timm from resolved weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from adbench import UserError, WeightsResolver
from adbench_nets import TINY_CNN, FeatureMaps, load_backbone


def resolver(**given: Path) -> WeightsResolver:
    return WeightsResolver({TINY_CNN.name: TINY_CNN}, given=given, offline=True)


@pytest.fixture
def efficientnet(tmp_path: Path) -> WeightsResolver:
    """A network of timm with seven classes, as `test_efficientnet.mine` and, without a telling name, as `own`."""
    torch.manual_seed(0)
    save_file(timm.create_model("test_efficientnet", num_classes=7).state_dict(), tmp_path / "net.safetensors")
    return resolver(**{"test_efficientnet.mine": tmp_path / "net.safetensors", "own": tmp_path / "net.safetensors"})


def test_tiny_cnn_is_frozen_and_in_evaluation_mode() -> None:
    model = load_backbone(resolver(), "tiny-cnn")
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("classes", [0, 7])
def test_classes_are_counted_in_the_file(tmp_path: Path, classes: int) -> None:
    original = timm.create_model("test_resnet", num_classes=classes)
    save_file(original.state_dict(), tmp_path / "own")
    model = load_backbone(resolver(own=tmp_path / "own"), "own", "test_resnet")
    assert model.state_dict().keys() == original.state_dict().keys()
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in original.state_dict().items())


def test_the_classifier_is_left_out_where_asked(efficientnet: WeightsResolver) -> None:
    whole, headless = (load_backbone(efficientnet, "test_efficientnet.mine", classifier=keep) for keep in (True, False))
    assert set(whole.state_dict()) - set(headless.state_dict()) == {"classifier.weight", "classifier.bias"}


@pytest.mark.parametrize("prefix", ["module.", "model.", "backbone.", "module.backbone."])
def test_a_checkpoint_of_a_training_loads_like_the_plain_file(tmp_path: Path, prefix: str) -> None:
    original = timm.create_model("test_resnet", num_classes=0)
    torch.save({"model": {prefix + key: value for key, value in original.state_dict().items()}, "epoch": 3}, tmp_path / "own")
    model = load_backbone(resolver(own=tmp_path / "own"), "own", "test_resnet")
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in original.state_dict().items())


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_file({"conv1.weight": torch.ones(2)}, tmp_path / "own")
    with pytest.raises(UserError, match=r"'test_resnet.mine' do not fit timm's test_resnet: conv1.0.weight is missing"):
        load_backbone(resolver(**{"test_resnet.mine": tmp_path / "own"}), "test_resnet.mine")


def test_names_that_tell_no_architecture(tmp_path: Path) -> None:
    weights = resolver(wide_resnet50_3=tmp_path)
    with pytest.raises(UserError, match="not a timm architecture. Did you mean 'wide_resnet50_2'"):
        load_backbone(weights, "wide_resnet50_3")
    with pytest.raises(UserError, match="'net' is not a timm architecture.*METHOD.architecture="):
        load_backbone(weights, "wide_resnet50_3", "net")
    with pytest.raises(UserError, match="Name the one of weights 'own'"):
        load_backbone(weights, "own")


def test_feature_maps_are_those_of_timm(efficientnet: WeightsResolver) -> None:
    maps = FeatureMaps(load_backbone(efficientnet, "own", "test_efficientnet"), (1, 3))
    reference = timm.create_model("test_efficientnet", features_only=True, out_indices=(1, 3), pretrained=False).eval()
    reference.load_state_dict(maps.model.state_dict(), strict=False)
    images = torch.randn(2, 3, 64, 64)
    assert maps.widths == tuple(reference.feature_info.channels())
    for found, expected in zip(maps(images), reference(images), strict=True):
        torch.testing.assert_close(found, expected)
    last = FeatureMaps(maps.model)
    assert [level.shape for level in last(images)] == [(2, *last.widths, 2, 2)]


@pytest.mark.parametrize("levels", [(), (3, 1), (1, 1), (0, 99)], ids=str)
def test_levels_that_are_not_there_are_refused(efficientnet: WeightsResolver, levels: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="must rise from 0 to at most"):
        FeatureMaps(load_backbone(efficientnet, "test_efficientnet.mine"), levels)


def test_the_encoder_of_bgad_has_its_levels_at_strides_4_8_and_16() -> None:
    with torch.device("meta"):
        encoder = FeatureMaps(timm.create_model("tf_efficientnet_b6", num_classes=0).eval(), (1, 2, 3))
        shapes = [tuple(level.shape[1:]) for level in encoder(torch.zeros(1, 3, 256, 256))]
    assert shapes == [(40, 64, 64), (72, 32, 32), (200, 16, 16)]
    assert encoder.widths == (40, 72, 200)
