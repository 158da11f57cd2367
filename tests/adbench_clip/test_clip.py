from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from open_clip.model import CLIP as ReferenceClip
from randomclip import CONFIG, SIDE, context, few_shot, mixed_images, random_state, zero_shot

from adbench import LabelledImages, Prediction, Support, UserError, WeightsCard
from adbench_clip.cards import CLIP
from adbench_clip.clip import ClipDetector
from adbench_clip.parameters import ClipParameters
from adbench_nets import ABNORMAL_STATES, CLIP_MEAN, CLIP_STD, NORMAL_STATES, prompts, standardised, to_images, tokenize

SMALL = {"weights": "clip", "image_size": SIDE, "quick_gelu": True}
ZERO_SHOT = zero_shot()
FEW_NORMAL = dataclasses.replace(few_shot(k=3), track="few-normal", abnormal=few_shot().abnormal[0:0])
BOTH = pytest.mark.parametrize("support", [ZERO_SHOT, FEW_NORMAL], ids=["zero-shot", "few-normal"])


def fitted(scratch: Path, support: Support, **changes) -> ClipDetector:
    detector = ClipDetector(CLIP, ClipParameters(**{**SMALL, **changes}))
    detector.fit(support, context(scratch))
    return detector


def assert_equal(first: Prediction, second: Prediction) -> None:
    np.testing.assert_array_equal(first.scores, second.scores)
    np.testing.assert_array_equal(first.maps, second.maps)


def reference_model(quick_gelu: bool) -> ReferenceClip:
    model = ReferenceClip(**CONFIG, quick_gelu=quick_gelu).eval()
    model.load_state_dict(random_state())
    return model


def reference_blocks(model: ReferenceClip, images: LabelledImages) -> list[torch.Tensor]:
    """What every block of open_clip's own forward gives, (B, L + 1, W)."""
    seen: list[torch.Tensor] = []
    hooks = [
        block.register_forward_hook(lambda module, given, output: seen.append(output))
        for block in model.visual.transformer.resblocks
    ]
    model.encode_image(standardised(to_images(images.pixels(SIDE), "cpu"), CLIP_MEAN, CLIP_STD))
    for hook in hooks:
        hook.remove()
    return seen


def reference_text(model: ReferenceClip) -> torch.Tensor:
    """(E, 2) for the class `thing`."""
    means = [
        F.normalize(model.encode_text(tokenize(prompts("thing", states))), dim=-1).mean(dim=0)
        for states in (NORMAL_STATES, ABNORMAL_STATES)
    ]
    return F.normalize(torch.stack(means, dim=1), dim=0)


@torch.no_grad()
@pytest.mark.parametrize("quick_gelu", [True, False])
def test_zero_shot_is_what_open_clip_says_of_image_and_patches(tmp_path: Path, quick_gelu: bool) -> None:
    images, model = mixed_images(4, False), reference_model(quick_gelu)
    prediction = fitted(tmp_path, ZERO_SHOT, quick_gelu=quick_gelu).predict(images)
    last, text = reference_blocks(model, images)[-1], reference_text(model)
    joint = F.normalize(model.visual.ln_post(last) @ model.visual.proj, dim=-1)
    logits = 100 * joint @ text
    torch.testing.assert_close(prediction.scores, logits[:, 0].softmax(dim=-1)[:, 1], atol=1e-4, rtol=0)
    # At the corners, enlarging with aligned corners changes nothing.
    corners = logits[:, 1:].unflatten(1, (4, 4))[:, [0, 0, -1, -1], [0, -1, 0, -1]].softmax(dim=-1)[..., 1]
    torch.testing.assert_close(prediction.maps[:, [0, 0, -1, -1], [0, -1, 0, -1]], corners, atol=1e-4, rtol=0)


@torch.no_grad()
def test_few_normal_adds_the_distance_to_normal_patches_of_four_stages(tmp_path: Path) -> None:
    images, model = mixed_images(4, False), reference_model(True)
    zero = fitted(tmp_path, ZERO_SHOT).predict(images)
    few = fitted(tmp_path, FEW_NORMAL).predict(images)
    queries, normals = reference_blocks(model, images), reference_blocks(model, FEW_NORMAL.normal)
    distances = torch.zeros(4, 1, 4, 4)
    for level, known in zip(queries, normals, strict=True):
        cosines = F.cosine_similarity(level[:, 1:, None], known[:, 1:].flatten(0, 1)[None, None], dim=-1)
        distances += (1 - cosines.amax(dim=-1)).unflatten(1, (1, 4, 4)) / 4
    expected = F.interpolate(distances, size=(SIDE, SIDE), mode="bilinear", align_corners=True)[:, 0]
    torch.testing.assert_close(few.maps, (zero.maps + expected) / 2, atol=1e-5, rtol=0)
    torch.testing.assert_close(few.scores, (zero.scores + expected.amax(dim=(1, 2))) / 2, atol=1e-5, rtol=0)


@BOTH
def test_an_image_does_not_know_its_neighbours(tmp_path: Path, support: Support) -> None:
    detector, images = fitted(tmp_path, support), mixed_images(6, False)
    whole, alone = detector.predict(images), detector.predict(images[[4]])
    np.testing.assert_allclose(alone.scores, whole.scores[4:5], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(alone.maps, whole.maps[4:5], rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("changes", [{"levels": (2,)}, {"image_size": 41}, {"mean": (0.0, 0.0, 0.0)}], ids=str)
def test_every_option_runs_and_changes_scores(tmp_path: Path, changes: dict) -> None:
    images = mixed_images(3, False)
    prediction = fitted(tmp_path, FEW_NORMAL, **changes).predict(images)
    assert torch.isfinite(prediction.scores).all()
    assert not np.array_equal(prediction.scores, fitted(tmp_path, FEW_NORMAL).predict(images).scores)


def test_the_prompts_name_the_set_or_what_was_asked_for(tmp_path: Path) -> None:
    usual = fitted(tmp_path, ZERO_SHOT).state_dict()["text"]
    asked = fitted(tmp_path, ZERO_SHOT, class_name="other").state_dict()["text"]
    named = fitted(tmp_path, dataclasses.replace(ZERO_SHOT, class_name="other")).state_dict()["text"]
    assert torch.equal(asked, named)
    assert not torch.equal(asked, usual)


def test_few_normal_without_a_normal_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="normal images"):
        fitted(tmp_path, dataclasses.replace(FEW_NORMAL, normal=FEW_NORMAL.normal[0:0]))


def test_other_weights_and_levels_are_refused(tmp_path: Path) -> None:
    detector = ClipDetector(CLIP, ClipParameters(**{**SMALL, "weights": "other"}))
    with pytest.raises(UserError, match="not those of a CLIP"):
        detector.fit(ZERO_SHOT, context(tmp_path, other={"fc.weight": torch.zeros(2, 2)}))
    with pytest.raises(UserError, match="levels"):
        fitted(tmp_path, ZERO_SHOT, levels=(1, 9))


@torch.no_grad()
def test_the_activation_is_the_card_s_where_none_is_asked_for(tmp_path: Path) -> None:
    images = mixed_images(3, False)
    by_card = {}
    for told in (True, False):
        ctx = context(tmp_path)
        ctx.weights._cards["clip"] = WeightsCard(name="clip", file="clip.pt", quick_gelu=told)
        detector = ClipDetector(CLIP, ClipParameters(**{**SMALL, "quick_gelu": None}))
        detector.fit(ZERO_SHOT, ctx)
        by_card[told] = detector.predict(images)
        assert_equal(by_card[told], fitted(tmp_path, ZERO_SHOT, quick_gelu=told).predict(images))
    assert not np.array_equal(by_card[True].maps, by_card[False].maps)


def test_weights_whose_activation_nothing_tells_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"whether weights 'clip' were trained with QuickGELU.*--set clip.quick_gelu=true"):
        fitted(tmp_path, ZERO_SHOT, quick_gelu=None)
