"""What DRA and BGAD have in common."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from adbench import Prediction, UserError

METHODS = ["dra", "bgad"]


def assert_equal(first: Prediction, second: Prediction) -> None:
    np.testing.assert_array_equal(first.scores, second.scores)
    np.testing.assert_array_equal(first.maps, second.maps)


@pytest.mark.parametrize("method", METHODS)
def test_scores_and_maps_are_finite(method, fitted, queries) -> None:
    detector = fitted(method)
    with torch.no_grad():
        prediction = detector.predict(queries)
    assert prediction.scores.shape == (5,)
    assert prediction.maps.shape[0] == 5
    assert prediction.maps.ndim == 3
    assert np.isfinite(prediction.scores).all()
    assert np.isfinite(prediction.maps).all()


@pytest.mark.parametrize("method", METHODS)
def test_an_image_does_not_know_its_neighbours(method, fitted, queries) -> None:
    detector = fitted(method)
    whole = detector.predict(queries)
    batches = [queries[[3]], queries[[0, 1, 2, 4]]]
    alone, others = detector.predict_all(batches)
    np.testing.assert_allclose(alone.scores, whole.scores[[3]], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(alone.maps, whole.maps[[3]], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(others.scores, whole.scores[[0, 1, 2, 4]], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_one_image_of_each_kind_is_enough(method, make_detector, make_context, support, queries) -> None:
    detector = make_detector(method)
    detector.fit(support(1, 1), make_context())
    assert np.isfinite(detector.predict(queries).scores).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("normals", "abnormals"), [(0, 2), (2, 0)])
def test_both_kinds_of_images_are_needed(method, normals: int, abnormals: int, make_detector, make_context, support) -> None:
    with pytest.raises(UserError, match="normal and abnormal images.*few-shot"):
        make_detector(method).fit(support(normals, abnormals), make_context())


@pytest.mark.parametrize("method", METHODS)
def test_the_state_of_another_network_is_refused(method, fitted, make_detector, make_context) -> None:
    state = fitted(method).state_dict()
    lacking = {name: tensor for name, tensor in state.items() if not name.endswith("subnet.0.bias") and "fc1" not in name}
    with pytest.raises(UserError, match="saved tensors do not fit"):
        make_detector(method).load_state_dict(lacking, make_context())


@pytest.mark.parametrize("method", METHODS)
def test_weights_of_another_network_are_refused(method, make_detector, make_context, support, tmp_path: Path) -> None:
    save_file({"conv1.weight": torch.zeros(3, 3)}, tmp_path / "other.safetensors")
    detector = make_detector(method, weights="small", architecture="resnet18")
    with pytest.raises(UserError, match="Weights 'small' do not fit timm's resnet18"):
        detector.fit(support(), make_context(small=tmp_path / "other.safetensors"))


@pytest.mark.parametrize("method", METHODS)
def test_weights_that_are_not_there_are_named(method, make_detector, make_context, support) -> None:
    with pytest.raises(UserError, match=r"--weights resnet18.tv_in1k=PATH"):
        make_detector(method, weights="resnet18.tv_in1k").fit(support(), make_context())


@pytest.mark.parametrize(("method", "changed"), [("dra", {"reference_draw": "random"}), ("bgad", {"maxima": "test-set"})])
def test_the_releases_behaviour_is_marked_and_repeatable(method, changed, fitted, make_detector, queries) -> None:
    detector = fitted(method, **changed)
    assert detector.card.is_transductive(detector.parameters)
    assert not detector.card.is_transductive(make_detector(method).parameters)
    parts = [queries[:2], queries[2:]]
    first, second = list(detector.predict_all(parts)), list(detector.predict_all(parts))
    for one, other in zip(first, second, strict=True):
        assert_equal(one, other)
    assert not np.allclose(detector.predict(queries[2:]).scores, first[1].scores, rtol=1e-3)
