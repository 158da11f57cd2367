"""RD4AD: equal to anomalib's, and what the harness asks of a detector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from adbench import Context, LabelledImages, Support, UserError

pytest.importorskip("anomalib")
from adbench_anomalib import RD4AD
from adbench_anomalib.models import AnomalyMapGenerationMode, ReverseDistillationModel
from adbench_anomalib.parameters import Rd4adParameters
from adbench_anomalib.rd4ad import Rd4adDetector, build_model, build_student
from adbench_anomalib.reverse import Fusion, Unfolding
from adbench_nets import shuffled

pytestmark = pytest.mark.anomalib


@pytest.fixture
def fitted(
    context: Callable[..., Context], demo: Callable[..., Any], support: Callable[..., Support], normals: LabelledImages
) -> Callable[..., Rd4adDetector]:
    """A detector after one epoch: `fitted(seed=0, **changes)`."""

    def make(seed: int = 0, **changes: Any) -> Rd4adDetector:
        detector = Rd4adDetector(RD4AD, demo(RD4AD, image_size=64, epochs=1, **changes))
        detector.fit(support(normals), context(seed))
        return detector

    return make


def test_scores_and_maps(fitted: Callable[..., Rd4adDetector], predicted: Callable[..., Any], queries: LabelledImages) -> None:
    detector = fitted()
    scores, maps = predicted(detector, queries)
    assert (scores.shape, maps.shape) == ((4,), (4, 64, 64))
    np.testing.assert_array_equal(scores, maps.max(axis=(1, 2)))
    for position in range(4):
        np.testing.assert_allclose(predicted(detector, queries[[position]])[1][0], maps[position], atol=1e-5)


def test_training_lowers_the_scores_of_normal_images(
    fitted: Callable[..., Rd4adDetector],
    context: Callable[..., Context],
    support: Callable[..., Support],
    predicted: Callable[..., Any],
    normals: LabelledImages,
) -> None:
    detector = fitted(batch_size=3)
    longer = Rd4adDetector(RD4AD, replace(detector.parameters, epochs=8))
    longer.fit(support(normals), context())
    assert predicted(longer, normals)[1].mean() < 0.8 * predicted(detector, normals)[1].mean()


def test_clear_errors(context: Callable[..., Context]) -> None:
    with pytest.raises(UserError, match="rd4ad.image_size = 100 is not a multiple of 32: use 96"):
        build_model(Rd4adParameters(backbone="tiny-cnn", image_size=100), context())
    with pytest.raises(UserError, match="these have 6, 3 cells per side: choose other rd4ad.layers"):
        build_model(Rd4adParameters(backbone="tiny-cnn", layers=("layer3", "layer4"), image_size=96), context())
    with pytest.raises(UserError, match="--offline forbids .*--weights wide_resnet50_2.tv_in1k=PATH"):
        build_model(Rd4adParameters(), context())


def test_networks_of_anomalib_and_of_ours() -> None:
    widths, halvings = [256, 512, 1024], [2, 1, 0]
    with torch.device("meta"):
        for choice, inner in (("authors", 1024), ("anomalib", 512)):
            bottleneck, _ = build_student("wide_resnet50_2", widths, halvings, choice)
            assert bottleneck.bn_layer[0].conv2.out_channels == inner
        assert build_student("resnet50", widths, halvings, "authors")[0].bn_layer[0].conv2.out_channels == 512
        assert isinstance(build_student("resnet50", widths[:2], halvings[1:], "authors")[1], Unfolding)
        assert isinstance(build_student("test_resnet", [32, 48, 192], halvings, "authors")[0], Fusion)


@pytest.mark.parametrize("choice", ["authors", "anomalib"])
def test_the_bottleneck_of_wide_resnets_is_anomalib_s_only_where_asked(choice: str) -> None:
    with torch.device("meta"):
        bottleneck, decoder = build_student("wide_resnet50_2", [256, 512, 1024], [2, 1, 0], choice)
    theirs = ReverseDistillationModel(
        "wide_resnet50_2", (256, 256), ["layer1", "layer2", "layer3"], AnomalyMapGenerationMode.ADD, pre_trained=False
    )
    assert shapes(decoder) == shapes(theirs.decoder)
    assert (shapes(bottleneck) == shapes(theirs.bottleneck)) == (choice == "anomalib")


def shapes(module: torch.nn.Module) -> dict[str, torch.Size]:
    """Of all parameters and buffers."""
    return {name: tensor.shape for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize("halvings", [[2, 1, 0], [3, 0, 0], [0]])
def test_the_decoder_gives_back_what_the_bottleneck_gets(halvings: list[int]) -> None:
    widths = [5, 6, 7][: len(halvings)]
    features = [torch.rand(2, width, 4 << halving, 4 << halving) for width, halving in zip(widths, halvings, strict=True)]
    embedding = Fusion(widths, halvings)(features)
    assert embedding.shape == (2, 2 * widths[-1], 2, 2)
    decoded = Unfolding(widths, halvings)(embedding)
    assert [level.shape for level in decoded] == [feature.shape for feature in features]


@pytest.mark.slow
@pytest.mark.parametrize(("maps", "betas"), [("add", (0.5, 0.99)), ("multiply", (0.5, 0.99)), ("add", (0.5, 0.999))])
def test_equals_anomalib_on_real_images(
    real_images: Callable[..., LabelledImages],
    context: Callable[..., Context],
    support: Callable[..., Support],
    predicted: Callable[..., Any],
    resnet18: Path,
    maps: str,
    betas: tuple[float, float],
) -> None:
    """With anomalib's betas; those of the paper, our default, make a difference."""
    from anomalib.data import ImageBatch
    from anomalib.models.image.reverse_distillation.anomaly_map import AnomalyMapGenerationMode
    from anomalib.models.image.reverse_distillation.lightning_model import ReverseDistillation

    normal, test = real_images("train/good", 5), real_images("test/Ungood/img", 3)
    parameters = Rd4adParameters(
        backbone="resnet18", image_size=64, batch_size=2, epochs=2, betas=betas, bottleneck="anomalib", maps=maps
    )
    ctx = context(seed=5, given={"resnet18": resnet18})
    untrained = Rd4adDetector(RD4AD, replace(parameters, lr=1e-30))
    untrained.fit(support(normal[:2]), ctx)  # batch statistics move, weights do not
    detector = Rd4adDetector(RD4AD, parameters)
    detector.fit(support(normal), ctx)

    pre_processor = ReverseDistillation.configure_pre_processor((64, 64))
    module = ReverseDistillation(
        "resnet18", anomaly_map_mode=AnomalyMapGenerationMode(maps), pre_trained=False, pre_processor=pre_processor,
        post_processor=False, evaluator=False, visualizer=False,
    )  # fmt: skip
    extractor = module.model.encoder.feature_extractor
    state = load_file(resnet18)
    extractor.load_state_dict({key: state[key] for key in extractor.state_dict()})
    initial = {key: value for key, value in untrained.state_dict().items() if "running" not in key and "tracked" not in key}
    assert not module.model.load_state_dict(initial, strict=False).unexpected_keys
    module.log = lambda *args, **kwargs: None
    adam = module.configure_optimizers()
    as_anomalib = adam.defaults["betas"] == betas
    module.train()
    order = ctx.torch_rng()
    for _ in range(2):
        for rows in shuffled(len(normal), 2, order):
            pixels = module.pre_processor.transform(torch.from_numpy(normal[rows].pixels(64, "bilinear")).float() / 255)
            adam.zero_grad()
            module.training_step(ImageBatch(image=pixels))["loss"].backward()
            adam.step()
    module.eval()
    with torch.no_grad():
        expected = module.model(module.pre_processor.transform(torch.from_numpy(test.pixels(64, "bilinear")).float() / 255))
    scores, found = predicted(detector, test)
    if not as_anomalib:
        assert betas == Rd4adParameters().betas
        assert not np.allclose(found, expected.anomaly_map[:, 0].numpy(), atol=1e-4)
        return
    np.testing.assert_allclose(scores, expected.pred_score.numpy().ravel(), atol=1e-5, rtol=0)
    np.testing.assert_allclose(found, expected.anomaly_map[:, 0].numpy(), atol=1e-5, rtol=0)
