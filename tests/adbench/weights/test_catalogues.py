"""Published names of open_clip and timm."""

from __future__ import annotations

from adbench.weights.catalogues import close_published_name, published_card


def test_timm_names_with_and_without_a_tag() -> None:
    card = published_card("wide_resnet50_2.tv_in1k")
    assert card is not None
    assert card.hub == "timm/wide_resnet50_2.tv_in1k:model.safetensors"
    assert card.url.endswith("wide_resnet50_2-95faca4d.pth")
    plain = published_card("mobilenetv2_100")
    assert plain is not None
    assert plain.hub == "timm/mobilenetv2_100.ra_in1k:model.safetensors"


def test_open_clip_names() -> None:
    card = published_card("ViT-B-16-plus-240/laion400m_e31")
    assert card is not None
    assert card.hub == "timm/vit_base_patch16_plus_clip_240.laion400m_e31:open_clip_model.safetensors"
    assert "/" not in card.file


def test_torchvision_names() -> None:
    card = published_card("torchvision/Wide_ResNet50_2_Weights.IMAGENET1K_V2")
    assert card is not None
    assert card.url.endswith("wide_resnet50_2-9ba9bcbe.pth")
    assert card.file == "torchvision-Wide_ResNet50_2_Weights.IMAGENET1K_V2.pth"


def test_unknown_names() -> None:
    for unknown in ("NoSuchNet_Weights.IMAGENET1K_V1", "ResNet50_Weights.NO_SUCH_TAG", "resnet50"):
        assert published_card(f"torchvision/{unknown}") is None
    assert published_card("wide_resnet50_2.no_such_tag") is None
    assert published_card("no_such_net") is None
    assert published_card("ViT-B-32/no_such_tag") is None
    assert close_published_name("ViT-B-32/opena") == "ViT-B-32/openai"
    assert close_published_name("qqqqq") is None
