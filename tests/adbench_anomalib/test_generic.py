"""`anomalib:NAME`: many models, equal to themselves run by hand, and one line for what cannot be run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from adbench import Context, DetectorCard, LabelledImages, Support, UserError

pytest.importorskip("anomalib")
from adbench_anomalib import ANOMALIB
from adbench_anomalib.generic import AnomalibDetector
from adbench_anomalib.generic_models import build_module, find_class, parse_arguments, resolved_weights
from adbench_anomalib.generic_training import Normals
from adbench_anomalib.models import image_models
from adbench_anomalib.parameters import AnomalibParameters
from adbench_nets import seeded

pytestmark = pytest.mark.anomalib
DINO = "vit_small_patch14_dinov2"
# Name, parameters beside those of the demo preset, and constructor arguments that few images or small ones need.
MODELS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("AnomalyDINO", {"backbone": DINO, "image_size": 70}, {}),
    ("Cfa", {"backbone": "resnet18"}, {}),
    ("Dfkde", {}, {"n_pca_components": 3}),
    ("Dfm", {}, {}),
    ("Fastflow", {"backbone": "resnet18"}, {"flow_steps": 2}),
    ("Fre", {}, {"input_dim": 768, "latent_dim": 20}),
    ("GeneralAD", {"backbone": DINO, "image_size": 70}, {"layers": [12]}),
    ("Ganomaly", {}, {}),
    ("Glass", {}, {}),
    ("MHPatchcore", {"image_size": 256}, {}),
    ("Padim", {}, {"n_features": 20}),
    ("Patchcore", {}, {}),
    ("Patchflow", {}, {}),
    ("Rad", {"backbone": DINO, "image_size": 70}, {}),
    ("ReverseDistillation", {"backbone": "resnet18"}, {}),
    ("Stfpm", {}, {}),
    ("Supersimplenet", {"image_size": 128}, {}),
    ("Uflow", {"backbone": "resnet18"}, {"flow_steps": 1}),
]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Random weights of the networks that some models ask for."""
    found = {}
    with torch.random.fork_rng():
        torch.manual_seed(11)
        for name, classes in (("resnet18", 1000), (DINO, 0)):
            found[name] = tmp_path / name
            save_file(timm.create_model(name, num_classes=classes).state_dict(), found[name])
    return found


@pytest.fixture
def fitted(
    context: Callable[..., Context], demo: Callable[..., Any], support: Callable[..., Support], normals: LabelledImages
) -> Callable[..., AnomalibDetector]:
    """A detector after one epoch: `fitted("Dfm", {constructor arguments}, seed=0, given={}, **changes)`."""

    def make(
        name: str,
        constructor: dict[str, Any] | None = None,
        seed: int = 0,
        given: Any = None,
        normal: LabelledImages = normals,
        **changes: Any,
    ) -> AnomalibDetector:
        card = named(name)
        text = json.dumps(constructor or {})
        detector = AnomalibDetector(
            card, demo(card, **{"image_size": 64, "epochs": 1, "batch_size": 3, "arguments": text, **changes})
        )
        detector.fit(support(normal), context(seed, given))
        return detector

    return make


def named(name: str) -> DetectorCard:
    """The card of `anomalib:NAME`."""
    return replace(ANOMALIB, name=f"anomalib:{name}", argument=name)


def outputs(detector: AnomalibDetector, images: LabelledImages) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and maps or nothing."""
    prediction = detector.predict(images)
    return np.asarray(prediction.scores), np.asarray(0 if prediction.maps is None else prediction.maps)


def test_scores_are_raw(fitted: Callable[..., AnomalibDetector], queries: LabelledImages) -> None:
    scores, maps = outputs(fitted("Patchcore"), queries)
    assert scores.max() > 1
    assert (scores.shape, maps.shape) == ((4,), (4, 64, 64))


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("Padin", {}, "no image model 'Padin'. Did you mean 'Padim'?"),
        ("EfficientAd", {}, "anomalib:EfficientAd cannot be run: it downloads its own weights"),
        ("Cflow", {}, "run cflow, with cflow.maxima=batch"),
        ("WinClip", {}, "run winclip"),
        ("Draem", {}, 'anomalib:Draem.arguments={"dtd_dir": "PATH"}'),
        ("Padim", {}, "n_features must be specified for backbone test_resnet.*change anomalib:Padim.arguments"),
        ("Padim", {"arguments": "n_features=3"}, "anomalib:Padim.arguments is not JSON"),
        ("Padim", {"arguments": "[3]"}, "must be a JSON object"),
        ("Padim", {"arguments": '{"features": 3}'}, "no argument 'features'. Did you mean 'n_features'?"),
        ("Padim", {"backbone": ""}, "Weights 'resnet18.*--offline forbids a download.*--weights resnet18"),
        ("Ganomaly", {"backbone": "resnet18"}, "anomalib:Ganomaly has no single backbone to choose"),
        ("AnomalyDINO", {}, "needs a DINO vision transformer"),
        ("MHPatchcore", {}, "cannot be smaller than center crop size.*image_size"),
    ],
)
def test_one_line_for_what_cannot_be_run(fitted: Callable[..., Any], name: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        fitted(name, **changes)


def test_arguments() -> None:
    assert parse_arguments("Padim", "", []) == {}
    assert parse_arguments("Padim", '{"layers": ["layer1"]}', ["layers"]) == {"layers": ["layer1"]}
    assert find_class("Padim").__name__ == "Padim"


def test_weights_come_from_the_resolver_and_nothing_stays_replaced(context: Callable[..., Context]) -> None:
    before = timm.create_model
    with resolved_weights(context().weights, "tiny-cnn", "test_resnet"):
        assert timm.create_model is not before
    assert timm.create_model is before
    module = build_module("Stfpm", AnomalibParameters(backbone="tiny-cnn", image_size=64), context().weights)
    given = context().weights.state_dict("tiny-cnn")["conv1.0.weight"].float()
    teacher, student = (getattr(module.model, part).feature_extractor for part in ("teacher_model", "student_model"))
    weight = teacher.state_dict()["conv1.0.weight"]
    assert torch.equal(weight, given)
    assert not torch.equal(student.state_dict()["conv1.0.weight"], given)


@pytest.fixture
def pictures(request: pytest.FixtureRequest, normals: LabelledImages, queries: LabelledImages) -> tuple[LabelledImages, ...]:
    """Normal and test images: real ones where they are at hand."""
    try:
        real_images = request.getfixturevalue("real_images")
    except pytest.skip.Exception:
        return normals, queries
    return real_images("train/good", 6), real_images("test/Ungood/img", 4)


def by_anomalib(detector: AnomalibDetector, ctx: Context, normal: LabelledImages, images: LabelledImages, folder: Path) -> Any:
    """Outputs of anomalib's torch model after anomalib's own engine trained it on the same images in the same order."""
    from anomalib.engine import Engine

    with seeded(ctx.seed):
        module = build_module(detector.card.argument, detector.parameters, ctx.weights)
        data = Normals(normal, detector.size, detector.parameters.batch_size, ctx.torch_rng())
        data.name, data.category = "images", None
        Engine(
            max_epochs=1, limit_val_batches=0, num_sanity_val_steps=0, logger=False, default_root_dir=folder, accelerator="cpu",
            devices=1, enable_progress_bar=False, enable_model_summary=False,
        ).fit(module, datamodule=data)  # fmt: skip
    module.eval()
    with torch.no_grad():
        pixels = torch.from_numpy(images.pixels(detector.size, "bilinear")).float() / 255
        return module.model(module.pre_processor.transform(pixels))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "changes", "arguments"), MODELS, ids=[name for name, *_ in MODELS])
def test_equals_anomalib_s_engine(
    fitted: Callable[..., AnomalibDetector],
    context: Callable[..., Context],
    files: dict[str, Path],
    pictures: tuple[LabelledImages, LabelledImages],
    tmp_path: Path,
    name: str,
    changes: dict[str, Any],
    arguments: dict[str, Any],
) -> None:
    normal, images = pictures
    detector = fitted(name, arguments, given=files, normal=normal, **changes)
    scores, maps = outputs(detector, images)
    assert scores.shape == (4,)
    assert np.isfinite(scores).all()
    assert np.isfinite(maps).all()
    expected = by_anomalib(detector, context(given=files), normal, images, tmp_path)
    np.testing.assert_allclose(scores, expected.pred_score.numpy().ravel(), atol=1e-5, rtol=0)
    if expected.anomaly_map is not None:
        np.testing.assert_allclose(maps.ravel(), expected.anomaly_map.numpy().ravel(), atol=1e-5, rtol=0)
    alone = np.concatenate([outputs(detector, images[[position]])[0] for position in range(4)])
    np.testing.assert_allclose(alone, scores, rtol=1e-4, atol=1e-5)

    save_file(detector.state_dict(), tmp_path / "state")
    again = AnomalibDetector(detector.card, detector.parameters)
    again.load_state_dict(load_file(tmp_path / "state"), context(seed=9, given=files))
    assert all(np.array_equal(a, b) for a, b in zip(outputs(again, images), (scores, maps), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", image_models.__all__)
def test_every_model_runs_or_says_why_in_one_line(
    fitted: Callable[..., AnomalibDetector], queries: LabelledImages, name: str
) -> None:
    """Under the demo preset, with nothing downloaded."""
    try:
        scores, _ = outputs(fitted(name), queries)
    except UserError as error:
        message = str(error)
        assert "\n" not in message
        assert message.endswith(".")
        assert f"anomalib:{name}" in message or "--weights" in message
    else:
        assert np.isfinite(scores).all()


def test_weights_that_a_model_names_itself_are_known_before_it_runs(
    context: Callable[..., Context], files: dict[str, Path]
) -> None:
    weights = context(given=files).weights
    for card, parameters, expected in (
        (named("Padim"), AnomalibParameters(image_size=64), ["resnet18"]),
        (named("Ganomaly"), AnomalibParameters(image_size=64), []),
        (named("Padim"), AnomalibParameters(backbone="tiny-cnn"), []),
    ):
        assert list(ANOMALIB.own_weights(card, parameters, weights)) == expected
    with pytest.raises(UserError, match="Weights 'resnet18' .*--offline forbids a download"):
        ANOMALIB.own_weights(named("Padim"), AnomalibParameters(), context().weights)


def test_torchvision_s_weights_have_names(context: Callable[..., Context]) -> None:
    with pytest.raises(UserError, match="--weights torchvision/EfficientNet_B5_Weights.IMAGENET1K_V1=PATH"):
        build_module("Csflow", AnomalibParameters(), context().weights)


@pytest.mark.slow
def test_equals_the_engine_s_loop_on_real_images(
    real_images: Callable[..., LabelledImages],
    context: Callable[..., Context],
    support: Callable[..., Support],
    files: dict[str, Path],
) -> None:
    """Two epochs of Stfpm written out by hand: anomalib's step, optimiser and torch model, the same order of images."""
    from anomalib.data import ImageBatch

    normal, test = real_images("train/good", 5), real_images("test/Ungood/img", 3)
    card = named("Stfpm")
    parameters = AnomalibParameters(backbone="resnet18", image_size=64, epochs=2, batch_size=2)
    ctx = context(seed=5, given=files)
    detector = AnomalibDetector(card, parameters)
    detector.fit(support(normal), ctx)

    with seeded(5):
        module = build_module("Stfpm", parameters, ctx.weights)
        loader = Normals(normal, (64, 64), 2, ctx.torch_rng()).train_dataloader()
    module.log = lambda *args, **kwargs: None
    sgd = module.configure_optimizers()
    module.train()
    for _ in range(2):
        for batch in loader:
            sgd.zero_grad()
            module.training_step(ImageBatch(image=module.pre_processor.transform(batch.image)))["loss"].backward()
            sgd.step()
    module.eval()
    with torch.no_grad():
        expected = module.model(module.pre_processor.transform(torch.from_numpy(test.pixels(64, "bilinear")).float() / 255))
    scores, maps = outputs(detector, test)
    np.testing.assert_allclose(scores, expected.pred_score.numpy().ravel(), atol=1e-5, rtol=0)
    np.testing.assert_allclose(maps, expected.anomaly_map.reshape(maps.shape).numpy(), atol=1e-5, rtol=0)
