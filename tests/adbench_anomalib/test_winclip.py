"""WinCLIP: equal to anomalib's under the open_clip that it was written for, and what the harness asks of a detector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from adbench import Context, LabelledImages, Support, UserError, WeightsResolver

pytest.importorskip("anomalib")
from adbench_anomalib import WINCLIP, adbench_weights
from adbench_anomalib.models import WinClipModel
from adbench_anomalib.parameters import WinclipParameters
from adbench_anomalib.winclip import WinclipDetector, build_model, instead_of_download
from adbench_nets import load_tower

pytestmark = pytest.mark.anomalib


@pytest.fixture
def context(tmp_path: Path) -> Callable[..., Context]:
    """Make a context that knows the tiny CLIP too."""

    def make(seed: int = 0) -> Context:
        cards = {card.name: card for card in adbench_weights()}
        return Context(device="cpu", seed=seed, weights=WeightsResolver(cards, offline=True), scratch=tmp_path)

    return make


@pytest.fixture
def fitted(context: Callable[..., Context], demo: Callable[..., Any], normals: LabelledImages) -> Callable[..., WinclipDetector]:
    """A detector after `fit` with k normals: `fitted(k=0, class_name="Brain", seed=0, **changes)`."""

    def make(k: int = 0, class_name: str = "Brain", seed: int = 0, **changes: Any) -> WinclipDetector:
        detector = WinclipDetector(WINCLIP, demo(WINCLIP, **changes))
        nothing = normals[:0]
        track = "few-normal" if k else "zero-shot"
        detector.fit(Support(track, k, class_name, normals[:k], nothing, (), nothing), context(seed))
        return detector

    return make


@pytest.mark.parametrize("k", [0, 2])
def test_an_image_is_scored_by_itself(
    fitted: Callable[..., WinclipDetector], predicted: Callable[..., Any], queries: LabelledImages, k: int
) -> None:
    detector = fitted(k)
    scores, maps = predicted(detector, queries)
    assert (scores.shape, maps.shape) == ((4,), (4, 112, 112))
    for position in range(4):
        alone = predicted(detector, queries[[position]])
        np.testing.assert_allclose(alone[0][0], scores[position], atol=1e-5)
        np.testing.assert_allclose(alone[1][0], maps[position], atol=1e-5)


@pytest.mark.parametrize("k", [0, 2])
def test_nothing_is_random(
    fitted: Callable[..., WinclipDetector], predicted: Callable[..., Any], queries: LabelledImages, k: int
) -> None:
    first, second = (predicted(fitted(k, seed=seed), queries) for seed in (3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_the_set_s_name_is_in_the_prompts(fitted: Callable[..., WinclipDetector]) -> None:
    brain, liver = fitted().state_dict()["text"], fitted(class_name="Liver").state_dict()["text"]
    assert not torch.equal(brain, liver)
    assert torch.equal(fitted(class_name="Liver").state_dict()["text"], liver)


def test_a_name_of_the_user_goes_first(context: Callable[..., Context], normals: LabelledImages) -> None:
    texts = []
    for chosen, given in (("Liver", "Brain"), ("", "Liver")):
        detector = WinclipDetector(WINCLIP, WinclipParameters(weights="tiny-clip", image_size=112, class_name=chosen))
        nothing = normals[:0]
        detector.fit(Support("zero-shot", 0, given, nothing, nothing, (), nothing), context())
        texts.append(detector.state_dict()["text"])
    assert torch.equal(*texts)


def test_normals_change_the_scores(
    fitted: Callable[..., WinclipDetector], predicted: Callable[..., Any], normals: LabelledImages, queries: LabelledImages
) -> None:
    with_memory = fitted(4)
    assert not np.allclose(predicted(with_memory, queries)[0], predicted(fitted(), queries)[0])
    # A normal image of the memory has no distance to it: its score is half of the zero-shot one.
    np.testing.assert_allclose(predicted(with_memory, normals[:4])[0], predicted(fitted(), normals[:4])[0] / 2, atol=1e-5)


def test_clear_errors(context: Callable[..., Context]) -> None:
    with pytest.raises(UserError, match="winclip.scales = 2,9 has a window larger than the 8 x 8 patches"):
        build_model(WinclipParameters(weights="tiny-clip", image_size=112, scales=(2, 9)), context())
    with pytest.raises(UserError, match="--offline forbids .*--weights ViT-B-16-plus-240/laion400m_e31=PATH"):
        build_model(WinclipParameters(), context())


class OldTransformer(nn.Module):
    """The vision transformer with windows in the order of axes (L, N, W) that open_clip had before 2.26.1."""

    def __init__(self, transformer: nn.Module, length: int) -> None:
        super().__init__()
        self.transformer = transformer
        self.length = length

    def forward(self, x: Tensor) -> Tensor:
        """Whole images come batch first from the open_clip of today, windows come as anomalib turns them."""
        if x.shape[1] == self.length:
            return self.transformer(x)
        return self.transformer(x.permute(1, 0, 2)).permute(1, 0, 2)


@pytest.mark.slow
@pytest.mark.parametrize(("k", "name"), [(0, ""), (2, ""), (0, "object"), (2, "object")])
def test_equals_anomalib_on_real_images(
    real_images: Callable[..., LabelledImages],
    context: Callable[..., Context],
    predicted: Callable[..., Any],
    k: int,
    name: str,
) -> None:
    """Also with the class name that is anomalib's default, where ours is the set's."""
    normal, test = real_images("train/good", 2), real_images("test/Ungood/img", 3)
    ctx = context()
    detector = WinclipDetector(WINCLIP, WinclipParameters(weights="tiny-clip", image_size=112, class_name=name))
    detector.fit(Support("few-normal", k, "Brain", normal[:k], normal[:0], (), normal[:0]), ctx)

    with instead_of_download(load_tower(ctx.weights, "tiny-clip", 112).model):
        model = WinClipModel()
    model.clip.visual.transformer = OldTransformer(model.clip.visual.transformer, 1 + 8 * 8)
    model.setup(name or "Brain", to_clip(normal) if k else None)
    expected = model(to_clip(test))
    scores, maps = predicted(detector, test)
    np.testing.assert_allclose(scores, expected.pred_score.numpy(), atol=1e-5, rtol=0)
    np.testing.assert_allclose(maps, expected.anomaly_map.numpy(), atol=1e-5, rtol=0)


def to_clip(images: LabelledImages) -> Tensor:
    """Through anomalib's own pre-processing, but for the size."""
    from anomalib.models.image.winclip.lightning_model import WinClip

    normalise = WinClip.configure_pre_processor().transform.transforms[-1]
    return normalise(torch.from_numpy(images.pixels(112, "bicubic")).float() / 255)
