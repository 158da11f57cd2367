from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import resnet50, swin_t
from transformers import BertConfig

from adbench_clip.medclip.architecture import TINY_TEXT, WITH_RESNET, WITH_SWIN, Architecture, tiny
from adbench_clip.medclip.network import MedClip, ResnetTower, TextTower


@pytest.fixture(scope="module")
def model() -> MedClip:
    """A tiny one of random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return MedClip(tiny(40)).eval().requires_grad_(False)


def test_embeddings_have_unit_length(model: MedClip) -> None:
    image, cells = model.encode_images(torch.rand(2, 1, 224, 224))
    assert (image.shape, cells.shape) == ((2, 32), (2, 49, 32))
    texts = model.encode_texts(torch.tensor([[2, 7, 3, 0]]), torch.tensor([[1, 1, 1, 0]]))
    for embeddings in (image, cells, texts):
        torch.testing.assert_close(embeddings.norm(dim=-1), torch.ones(embeddings.shape[:-1]))


def test_the_image_embedding_is_that_of_the_mean_cell(model: MedClip) -> None:
    images = torch.rand(2, 3, 224, 224)
    pooled, cells = model.vision_model(images)
    torch.testing.assert_close(pooled, cells.mean(dim=1))


def test_the_resnet_is_torchvision_s_with_another_classifier() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        tower = ResnetTower(8).eval()
    reference = resnet50(weights=None)
    reference.fc = nn.Linear(2048, 8, bias=False)
    reference.load_state_dict(tower.model.state_dict())
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        pooled, cells = tower(images)
        torch.testing.assert_close(tower.project(pooled), reference.eval()(images))
        torch.testing.assert_close(tower.project(cells).mean(dim=1), tower.project(pooled), atol=1e-5, rtol=1e-4)
    assert cells.shape == (1, 4, 2048)


def test_the_releases_have_the_sizes_of_their_parts() -> None:
    with torch.device("meta"):
        swin, resnet = MedClip(WITH_SWIN), MedClip(WITH_RESNET)
        reference = swin_t(weights=None)
    reference.head = nn.Identity()
    assert count(swin.vision_model.model) == count(reference)
    assert count(swin.text_model.model) == 108_310_272  # as published for BERT base, cased
    assert swin.vision_model.projection_head.weight.shape == swin.text_model.projection_head.weight.shape == (512, 768)
    assert resnet.vision_model.model.fc.weight.shape == (512, 2048)
    assert count(resnet.text_model) == count(swin.text_model)


def count(module: nn.Module) -> int:
    """Parameters."""
    return sum(parameter.numel() for parameter in module.parameters())


def test_a_medclip_with_a_resnet() -> None:
    with torch.random.fork_rng():
        model = MedClip(Architecture({"vocab_size": 20, **TINY_TEXT}, None, 8)).eval()
    with torch.no_grad():
        image, cells = model.encode_images(torch.rand(1, 1, 64, 64))
    assert (image.shape, cells.shape) == ((1, 8), (1, 4, 8))


def test_texts_are_averaged_over_padding_too() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        tower = TextTower(BertConfig(vocab_size=20, **TINY_TEXT), 6).eval()
    ids, mask = torch.tensor([[2, 9, 3, 0]]), torch.tensor([[1, 1, 1, 0]])
    with torch.no_grad():
        states = torch.stack(tower.hidden_states(ids, mask))
        torch.testing.assert_close(tower(ids, mask), tower.projection_head(states.mean(dim=2).mean(dim=0)))
        assert not torch.allclose(tower(ids, mask), tower(ids[:, :3], mask[:, :3]))
        torch.testing.assert_close(tower.hidden_states(ids, mask)[2][:, :3], tower.hidden_states(ids[:, :3], mask[:, :3])[2])


@pytest.mark.parametrize(("stored", "scale"), [(math.log(14), 14.0), (7.0, math.exp(4.6052)), (-2.0, 1.0)])
def test_the_scale_is_clamped_where_it_is_kept(stored: float, scale: float) -> None:
    with torch.random.fork_rng():
        model = MedClip(tiny(20))
    model.logit_scale.data.fill_(stored)
    images, texts = F.normalize(torch.rand(2, 5), dim=-1), F.normalize(torch.rand(3, 5), dim=-1)
    torch.testing.assert_close(model.logits(images, texts).detach(), scale * images @ texts.T)
    assert float(model.logit_scale.detach().exp()) == pytest.approx(scale)
