"""PatchCore: equal to anomalib's, and what the harness asks of a detector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from adbench import Context, LabelledImages, Support, UserError
from adbench.testing import memory_images

pytest.importorskip("anomalib")
from adbench_anomalib import PATCHCORE
from adbench_anomalib.models import PatchcoreModel
from adbench_anomalib.parameters import PatchcoreParameters
from adbench_anomalib.patchcore import PatchcoreDetector

pytestmark = pytest.mark.anomalib


@pytest.fixture
def fitted(
    context: Callable[..., Context], demo: Callable[..., Any], support: Callable[..., Support], normals: LabelledImages
) -> Callable[..., PatchcoreDetector]:
    """A detector after `fit`: `fitted(seed=0, normal=normals, **changes)`."""

    def make(seed: int = 0, normal: LabelledImages = normals, **changes: Any) -> PatchcoreDetector:
        detector = PatchcoreDetector(PATCHCORE, demo(PATCHCORE, image_size=64, **changes))
        detector.fit(support(normal), context(seed))
        return detector

    return make


def outputs(detector: PatchcoreDetector, images: LabelledImages) -> tuple[np.ndarray, np.ndarray]:
    prediction = detector.predict(images)
    return np.asarray(prediction.scores), np.asarray(prediction.maps)


def test_scores_and_maps(fitted: Callable[..., PatchcoreDetector], queries: LabelledImages) -> None:
    scores, maps = outputs(fitted(), queries)
    assert scores.shape == (4,)
    assert maps.shape == (4, 64, 64)
    assert scores.dtype == maps.dtype == np.float32
    assert scores.argmax() == 3
    # Raw distances: nothing squashed them into [0, 1].
    assert scores.max() > 1


def test_an_image_is_scored_by_itself(fitted: Callable[..., PatchcoreDetector], queries: LabelledImages) -> None:
    detector = fitted(neighbours=9)
    scores, maps = outputs(detector, queries)
    for position in range(4):
        alone = outputs(detector, queries[[position]])
        np.testing.assert_allclose(alone[0][0], scores[position], rtol=1e-5)
        np.testing.assert_allclose(alone[1][0], maps[position], rtol=1e-4, atol=1e-5)


def test_one_normal_and_a_memory_smaller_than_the_neighbours(
    fitted: Callable[..., PatchcoreDetector], normals: LabelledImages, queries: LabelledImages
) -> None:
    detector = fitted(normal=normals[:1], coreset_ratio=0.001, neighbours=9)
    assert len(detector.state_dict()["memory_bank"]) == 1
    assert np.isfinite(outputs(detector, queries)[0]).all()


def test_max_patches_draws_evenly_from_all_images(fitted: Callable[..., PatchcoreDetector]) -> None:
    full = fitted(coreset_ratio=1.0).state_dict()["memory_bank"]
    thin = fitted(coreset_ratio=1.0, max_patches=60, batch_size=4).state_dict()["memory_bank"]
    assert (len(full), len(thin)) == (6 * 64, 60)
    rows = torch.cdist(thin, full).argmin(dim=1)
    assert torch.bincount(rows // 64, minlength=6).tolist() == [10] * 6


def test_batch_size_of_fitting_changes_nothing(fitted: Callable[..., PatchcoreDetector]) -> None:
    banks = [fitted(coreset_ratio=1.0, batch_size=size).state_dict()["memory_bank"] for size in (4, 32)]
    torch.testing.assert_close(banks[0], banks[1], atol=1e-5, rtol=1e-5)


def test_a_vision_transformer(
    context: Callable[..., Context], support: Callable[..., Support], normals: LabelledImages, tmp_path: Path
) -> None:
    save_file(timm.create_model("test_vit", num_classes=3).state_dict(), tmp_path / "vit")
    parameters = PatchcoreParameters(backbone="test_vit", layers=("blocks.2", "blocks.5"), image_size=64)
    ctx = context(given={"test_vit": tmp_path / "vit"})
    detector = PatchcoreDetector(PATCHCORE, parameters)
    detector.fit(support(normals), ctx)
    assert outputs(detector, normals)[1].shape == (6, 64, 64)
    with pytest.raises(UserError, match="image_size = 70 is not a multiple .* use 64"):
        PatchcoreDetector(PATCHCORE, replace(parameters, image_size=70)).fit(support(normals), ctx)


def test_wrong_weights(context: Callable[..., Context], support: Callable[..., Support], normals: LabelledImages) -> None:
    detector = PatchcoreDetector(PATCHCORE, PatchcoreParameters())
    with pytest.raises(UserError, match="--offline forbids .*wide_resnet50_2.*--weights wide_resnet50_2.tv_in1k=PATH"):
        detector.fit(support(normals), context())


@pytest.mark.slow
@pytest.mark.parametrize("neighbours", [1, 9])
def test_equals_anomalib_on_real_images(
    shared: Path, context: Callable[..., Context], support: Callable[..., Support], neighbours: int
) -> None:
    def read(folder: str, count: int) -> LabelledImages:
        files = sorted((shared / "data" / "Brain_AD" / folder).rglob("*.png"))[:count]
        return memory_images(np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files]))

    size, ratio, seed = 128, 0.1, 5
    weights = shared / "weights" / "mobilenetv2_100" / "model.safetensors"
    normal, test = read("train/good", 6), read("test/Ungood/img", 3)
    parameters = PatchcoreParameters(
        backbone="mobilenetv2_100",
        image_size=size,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        coreset_ratio=ratio,
        neighbours=neighbours,
    )
    detector = PatchcoreDetector(PATCHCORE, parameters)
    detector.fit(support(normal), context(seed, given={"mobilenetv2_100": weights}))
    scores, maps = outputs(detector, test)

    state = {key: value.float() for key, value in load_file(weights).items() if not key.startswith("classifier.")}
    model = PatchcoreModel(["blocks.2", "blocks.4"], "mobilenetv2_100", pre_trained=False, num_neighbors=neighbours)
    # Through timm's features_only, another way than ours; it has no layers above the last level asked for.
    extractor = model.feature_extractor.feature_extractor
    extractor.load_state_dict({key: state[key] for key in extractor.state_dict()})
    model.train()
    model((torch.from_numpy(normal.pixels(size, "bilinear")).float() / 255 - 0.5) / 0.5)
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (anomalib draws from it)
    model.subsample_embedding(ratio)
    model.eval()
    expected = model((torch.from_numpy(test.pixels(size, "bilinear")).float() / 255 - 0.5) / 0.5)
    np.testing.assert_allclose(scores, expected.pred_score.numpy(), atol=1e-5, rtol=0)
    np.testing.assert_allclose(maps, expected.anomaly_map[:, 0].numpy(), atol=1e-5, rtol=0)
