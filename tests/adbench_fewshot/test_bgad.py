from __future__ import annotations

import numpy as np
import pytest
import torch

from adbench import UserError


def test_masks_are_needed(make_detector, make_context, support) -> None:
    with pytest.raises(UserError, match="learns from masks, and this set has none"):
        make_detector("bgad").fit(support(masks=False), make_context())


@pytest.mark.slow
def test_training_finds_what_it_was_shown(make_detector, make_context, support, queries) -> None:
    from adbench.metrics.ranking import auroc

    detector = make_detector("bgad", epochs=6, sub_epochs=4, lr=2e-3)
    detector.fit(support(), make_context())
    prediction = detector.predict(queries)
    assert prediction.maps.shape == (5, 64, 64)
    assert auroc(queries.labels, prediction.scores) == 1
    assert auroc(queries.masks(64).ravel(), np.asarray(prediction.maps).ravel()) > 0.8


def test_the_score_is_the_largest_pixel(fitted, queries) -> None:
    prediction = fitted("bgad").predict(queries)
    np.testing.assert_array_equal(prediction.scores, np.asarray(prediction.maps).max(axis=(1, 2)))


def test_the_encoder_stays_and_the_flows_move(make_detector, make_context, support) -> None:
    short, long = make_detector("bgad"), make_detector("bgad", epochs=3)
    short.fit(support(), make_context())
    long.fit(support(), make_context())
    first, second = short.state_dict(), long.state_dict()
    assert not any("encoder" in name for name in first)
    assert torch.equal(first["flows.0.module_list.0.w_perm"], second["flows.0.module_list.0.w_perm"])
    assert not torch.equal(first["flows.0.module_list.0.subnet.0.weight"], second["flows.0.module_list.0.subnet.0.weight"])
    assert all(not weight.requires_grad for weight in short._encoder.parameters())


def test_few_images_train_nothing_where_the_rest_is_dropped(fitted) -> None:
    """3 images give 3 * 64 patches at stride 8: less than a step of 4096."""
    once, twice = (fitted("bgad", levels=(2,), token_batch=4096, remainder="drop", epochs=epochs) for epochs in (1, 3))
    for name, tensor in once.state_dict().items():
        if name.startswith("flows."):
            assert torch.equal(tensor, twice.state_dict()[name])


def test_pasted_defects_change_the_training(fitted, queries) -> None:
    plain, pasted = (fitted("bgad", pasted=copies).predict(queries).scores for copies in (0, 2))
    assert not np.array_equal(plain, pasted)


def test_the_whole_test_set_decides_under_maxima_test_set(fitted, queries) -> None:
    """The release's score: nothing is more normal than the most normal pixel of the test set."""
    detector = fitted("bgad", maxima="test-set")
    parts = [queries[:2], queries[2:]]
    split = torch.cat([torch.as_tensor(part.maps) for part in detector.predict_all(parts)])
    torch.testing.assert_close(split, torch.as_tensor(detector.predict(queries).maps), rtol=1e-4, atol=1e-5)
    assert split.min() == 0
    assert "maxima.levels" not in detector.state_dict()


def test_a_state_without_maxima_is_refused_where_they_are_needed(fitted, make_detector, make_context) -> None:
    state = fitted("bgad", maxima="test-set").state_dict()
    with pytest.raises(UserError, match="has no 'maxima.levels'"):
        make_detector("bgad").load_state_dict(state, make_context())


@pytest.mark.parametrize("levels", [(), (2, 1), (1, 1), (4, 5)])
def test_levels_must_exist_and_rise(levels, make_detector, make_context, support) -> None:
    with pytest.raises(UserError, match="must rise from 0 to at most 4"):
        make_detector("bgad", levels=levels).fit(support(), make_context())
