"""Backbones from resolved weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import timm
import torch

from adbench import Context, LabelledImages, UserError

pytest.importorskip("anomalib")
from adbench_anomalib.backbone import backbone_input, choose_layers
from adbench_anomalib.parameters import BackboneParameters

pytestmark = pytest.mark.anomalib


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
    torch.testing.assert_close(backbone_input(normals, parameters, "cpu").double(), expected, atol=1e-6, rtol=0)


def test_the_name_without_a_tag_is_what_anomalib_takes(context: Callable[..., Context]) -> None:
    weights, theirs = context().weights, timm.get_pretrained_cfg("wide_resnet50_2")
    assert weights.card("wide_resnet50_2").hub == f"{theirs.hf_hub_id}:model.safetensors"
    assert weights.card(BackboneParameters().backbone).hub != weights.card("wide_resnet50_2").hub
