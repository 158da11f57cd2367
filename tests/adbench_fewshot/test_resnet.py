from __future__ import annotations

import timm
import torch

from adbench_fewshot.resnet import ResNet18, widths_of

PUBLISHED = (64, 64, 128, 256, 512)


def test_it_is_the_resnet_of_timm() -> None:
    torch.manual_seed(0)
    reference = timm.create_model("resnet18", pretrained=False, num_classes=0).eval()
    ours = ResNet18(PUBLISHED).eval()
    ours.load_state_dict(reference.state_dict(), strict=True)
    images = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), reference.forward_features(images))


def test_widths_are_read_off_the_tensors_of_a_resnet18_alone() -> None:
    assert widths_of(ResNet18((4, 6, 8, 10, 12)).state_dict()) == (4, 6, 8, 10, 12)
    for other in ("resnet34", "resnet10t", "test_resnet", "test_efficientnet"):
        assert widths_of(timm.create_model(other, pretrained=False).state_dict()) is None
