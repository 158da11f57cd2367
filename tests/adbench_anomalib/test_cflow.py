"""CFlow-AD: equal to anomalib's where asked to be, and scores that depend on one image alone where not."""

from __future__ import annotations

import inspect
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
from adbench_anomalib import CFLOW
from adbench_anomalib.cflow import CflowDetector
from adbench_anomalib.cflow_flows import learning_rate, new_flows, train_batch
from adbench_anomalib.parameters import CflowParameters
from adbench_nets import log_likelihood, position_encoding, shuffled

pytestmark = pytest.mark.anomalib
SMALL = {"image_size": 64, "meta_epochs": 1, "sub_epochs": 1, "blocks": 2}


@pytest.fixture
def fitted(
    context: Callable[..., Context], demo: Callable[..., Any], support: Callable[..., Support], normals: LabelledImages
) -> Callable[..., CflowDetector]:
    """A detector after one epoch: `fitted(seed=0, **changes)`."""

    def make(seed: int = 0, **changes: Any) -> CflowDetector:
        detector = CflowDetector(CFLOW, demo(CFLOW, **SMALL, **changes))
        detector.fit(support(normals), context(seed))
        return detector

    return make


def test_scores_and_maps(fitted: Callable[..., CflowDetector], predicted: Callable[..., Any], queries: LabelledImages) -> None:
    detector = fitted()
    scores, maps = predicted(detector, queries)
    assert (scores.shape, maps.shape) == ((4,), (4, 64, 64))
    np.testing.assert_array_equal(scores, maps.max(axis=(1, 2)))
    assert detector.maxima.shape == (2,)


@pytest.mark.parametrize(("maxima", "alone"), [("train", True), ("batch", False), ("test-set", False)])
def test_scores_depend_on_the_batch_only_where_asked(
    fitted: Callable[..., CflowDetector], predicted: Callable[..., Any], queries: LabelledImages, maxima: str, alone: bool
) -> None:
    detector = fitted(maxima=maxima)
    together = predicted(detector, queries)[1]
    one_by_one = np.concatenate([predicted(detector, queries[[position]])[1] for position in range(4)])
    assert np.allclose(together, one_by_one, atol=1e-5) == alone
    assert CFLOW.is_transductive(detector.parameters) != alone


def test_the_release_takes_the_maxima_of_the_whole_set(
    fitted: Callable[..., CflowDetector], predicted: Callable[..., Any], queries: LabelledImages
) -> None:
    detector = fitted(maxima="test-set")
    parts = np.concatenate([prediction.maps for prediction in detector.predict_all(queries.batches(3))])
    np.testing.assert_allclose(parts, predicted(detector, queries)[1], atol=1e-5)


def test_no_training_pixel_is_more_normal_than_the_maxima(
    fitted: Callable[..., CflowDetector], predicted: Callable[..., Any], normals: LabelledImages
) -> None:
    maps = predicted(fitted(), normals)[1]
    assert maps.min() >= -1e-5
    assert maps.max() < 2


def test_wrong_weights(context: Callable[..., Context], support: Callable[..., Support], normals: LabelledImages) -> None:
    with pytest.raises(UserError, match="--offline forbids .*--weights wide_resnet50_2.tv_in1k=PATH"):
        CflowDetector(CFLOW, CflowParameters()).fit(support(normals), context())


def test_permutations_are_rotations_unless_hard() -> None:
    soft, hard = (
        new_flows([8], CflowParameters(permutation=kind), torch.Generator())[0].module_list[0].w_perm for kind in ("soft", "hard")
    )
    assert set(hard.unique().tolist()) == {0.0, 1.0}
    assert len(soft.unique()) > 30


@pytest.mark.parametrize(("vectors", "steps"), [(3, 1), (8, 2), (11, 2), (12, 3)])
def test_what_fills_no_step_joins_the_last(monkeypatch: pytest.MonkeyPatch, vectors: int, steps: int) -> None:
    flows = new_flows([6], CflowParameters(position_channels=4, blocks=1), torch.Generator())
    adam = torch.optim.Adam(flows.parameters())
    sizes: list[int] = []
    forward = type(flows[0]).forward
    monkeypatch.setattr(type(flows[0]), "forward", lambda self, x, c: sizes.append(len(x)) or forward(self, x, c))
    train_batch(flows, [torch.rand(1, 6, 1, vectors)], adam, 4, torch.Generator().manual_seed(0))
    assert (len(sizes), sum(sizes)) == (steps, vectors)


def test_learning_rate_warms_up_and_falls() -> None:
    parameters = CflowParameters()
    rates = [learning_rate(parameters, progress) for progress in np.arange(0, 25, 0.25)]
    assert rates[0] == pytest.approx(2e-5)
    assert max(rates) < 2e-4
    assert rates[8] == pytest.approx(2e-7 + (2e-4 - 2e-7) * (1 + np.cos(np.pi * 2 / 25)) / 2)
    assert np.all(np.diff(rates[:8]) > 0)
    assert np.all(np.diff(rates[8:]) <= 0)
    assert rates[8] == rates[11] > rates[12]
    assert learning_rate(replace(parameters, schedule="constant"), 7.5) == 2e-4


def test_what_is_said_of_anomalib_s_defaults() -> None:
    from anomalib.models.image.cflow.lightning_model import Cflow

    theirs = {name: given.default for name, given in inspect.signature(Cflow).parameters.items()}
    ours = CflowParameters(fibre=64, lr=1e-4)
    assert (theirs["fiber_batch_size"], theirs["lr"]) == (ours.fibre, ours.lr)
    assert (theirs["condition_vector"], theirs["coupling_blocks"]) == (ours.position_channels, ours.blocks)
    assert theirs["clamp_alpha"] == ours.clamp


def test_positions_and_likelihoods_are_anomalib_s_to_the_last_bit() -> None:
    from anomalib.models.image.cflow.utils import get_logp, positional_encoding_2d

    assert torch.equal(position_encoding(32, 5, 7), positional_encoding_2d(32, 5, 7))
    z, log_determinant = torch.randn(50, 12), torch.randn(50)
    assert torch.equal(log_likelihood(z, log_determinant), get_logp(12, z, log_determinant) / 12)


OURS = [{}, {"maxima": "train"}, {"fibre": 256}, {"lr": 2e-4}, {"schedule": "cosine"}, {"permutation": "soft"}]


@pytest.mark.slow
@pytest.mark.parametrize("ours", OURS, ids=lambda ours: "".join(ours) or "as-anomalib")
def test_equals_anomalib_on_real_images(
    real_images: Callable[..., LabelledImages],
    context: Callable[..., Context],
    support: Callable[..., Support],
    predicted: Callable[..., Any],
    resnet18: Path,
    ours: dict[str, Any],
) -> None:
    """With all parameters as anomalib's; a single one that is ours makes a difference."""
    from anomalib.data import ImageBatch
    from anomalib.models.image.cflow.lightning_model import Cflow

    normal, test = real_images("train/good", 5), real_images("test/Ungood/img", 3)
    parameters = CflowParameters(
        backbone="resnet18",
        layers=("layer2", "layer3"),
        image_size=64,
        batch_size=2,
        meta_epochs=1,
        sub_epochs=2,
        blocks=2,
        position_channels=16,
        maxima="batch",
        fibre=12,
        lr=1e-3,
        schedule="constant",
        permutation="hard",
    )
    ctx = context(seed=5, given={"resnet18": resnet18})
    initial = CflowDetector(CFLOW, parameters)
    initial._prepare(ctx)
    module = Cflow(
        "resnet18", ("layer2", "layer3"), fiber_batch_size=12, condition_vector=16, coupling_blocks=2, lr=1e-3, pre_trained=False,
        pre_processor=Cflow.configure_pre_processor((64, 64)), post_processor=False, evaluator=False, visualizer=False,
    )  # fmt: skip
    module.model.decoders.load_state_dict(initial.flows.state_dict())
    extractor = module.model.encoder.feature_extractor
    state = load_file(resnet18)
    extractor.load_state_dict({key: state[key] for key in extractor.state_dict()})
    detector = CflowDetector(CFLOW, replace(parameters, **ours))
    detector.fit(support(normal), ctx)

    adam = module.configure_optimizers()
    module.optimizers = lambda: adam
    module.manual_backward = lambda loss: loss.backward()
    module.log = lambda *args, **kwargs: None
    order, permute = ctx.torch_rng(), torch.randperm
    with pytest.MonkeyPatch.context() as patch:
        # Images and vectors are shuffled by one generator of ours, and by the global one there.
        patch.setattr(torch, "randperm", lambda count, generator=order: permute(count, generator=generator))
        for _ in range(2):
            for rows in shuffled(len(normal), 2, order):
                pixels = module.pre_processor.transform(torch.from_numpy(normal[rows].pixels(64, "bilinear")).float() / 255)
                module.training_step(ImageBatch(image=pixels))
    with torch.no_grad():
        expected = module.model(module.pre_processor.transform(torch.from_numpy(test.pixels(64, "bilinear")).float() / 255))
    scores, maps = predicted(detector, test)
    if ours:
        assert not np.allclose(maps, expected.anomaly_map.numpy(), atol=1e-4)
        return
    np.testing.assert_allclose(scores, expected.pred_score.numpy(), atol=1e-5, rtol=0)
    np.testing.assert_allclose(maps, expected.anomaly_map.numpy(), atol=1e-5, rtol=0)
