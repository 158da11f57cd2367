"""Backbones from resolved weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from adbench import Context, LabelledImages, UserError

pytest.importorskip("anomalib")
from adbench_anomalib.backbone import choose_layers, load_backbone, to_input
from adbench_anomalib.parameters import BackboneParameters


def test_tiny_cnn_is_frozen_and_in_evaluation_mode(context: Callable[..., Context]) -> None:
    model = load_backbone(context().weights, "tiny-cnn")
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert choose_layers(model, ()) == ["layer2", "layer3"]


@pytest.mark.parametrize("classes", [0, 7])
def test_classes_are_counted_in_the_file(context: Callable[..., Context], tmp_path: Path, classes: int) -> None:
    original = timm.create_model("test_resnet", num_classes=classes)
    save_file(original.state_dict(), tmp_path / "own")
    model = load_backbone(context(given={"own": tmp_path / "own"}).weights, "own", "test_resnet")
    assert model.state_dict().keys() == original.state_dict().keys()
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in original.state_dict().items())


def test_weights_of_another_network_are_refused(context: Callable[..., Context], tmp_path: Path) -> None:
    save_file({"conv1.weight": torch.ones(2)}, tmp_path / "own")
    with pytest.raises(UserError, match=r"'test_resnet.mine' do not fit timm's test_resnet .*conv1"):
        load_backbone(context(given={"test_resnet.mine": tmp_path / "own"}).weights, "test_resnet.mine")


def test_names_that_tell_no_architecture(context: Callable[..., Context], tmp_path: Path) -> None:
    weights = context(given={"wide_resnet50_3": tmp_path}).weights
    with pytest.raises(UserError, match="no architecture of timm. Did you mean 'wide_resnet50_2'"):
        load_backbone(weights, "wide_resnet50_3")
    with pytest.raises(UserError, match="'net' is no architecture of timm.*METHOD.architecture="):
        load_backbone(weights, "wide_resnet50_3", "net")


def test_layers() -> None:
    model = timm.create_model("mobilenetv2_100")
    assert choose_layers(model, ()) == ["blocks.2", "blocks.4"]
    assert choose_layers(model, ("blocks.1",)) == ["blocks.1"]
    with pytest.raises(UserError, match="no layer 'blocks.22'. Did you mean 'blocks.2'"):
        choose_layers(model, ("blocks.22",))
    with pytest.raises(UserError, match="name its layers"):
        choose_layers(timm.create_model("test_vit"), ())


def test_input_is_normalised(normals: LabelledImages) -> None:
    parameters = BackboneParameters(image_size=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.25, 1.0), interpolation="nearest")
    pixels = torch.from_numpy(normals.pixels(32, "nearest")).double() / 255
    expected = (pixels - 0.5) / torch.tensor([0.5, 0.25, 1.0])[:, None, None]
    torch.testing.assert_close(to_input(normals, parameters, "cpu").double(), expected, atol=1e-6, rtol=0)


def test_the_name_without_a_tag_is_what_anomalib_takes(context: Callable[..., Context]) -> None:
    weights, theirs = context().weights, timm.get_pretrained_cfg("wide_resnet50_2")
    assert weights.card("wide_resnet50_2").hub == f"{theirs.hf_hub_id}:model.safetensors"
    assert weights.card(BackboneParameters().backbone).hub != weights.card("wide_resnet50_2").hub
