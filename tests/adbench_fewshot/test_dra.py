from __future__ import annotations

import numpy as np
import pytest
import torch

from adbench import UserError


def test_training_separates_what_it_was_shown(make_detector, make_context, support) -> None:
    detector = make_detector("dra", epochs=4, steps=10, lr=2e-3)
    shown = support()
    detector.fit(shown, make_context())
    normal, abnormal = detector.predict(shown.normal).scores, detector.predict(shown.abnormal).scores
    assert abnormal.min() > normal.max()


def test_without_training_the_trunk_is_as_it_was(fitted, small_resnet) -> None:
    from safetensors.torch import load_file

    state = fitted("dra", epochs=0).state_dict()
    for name, tensor in load_file(small_resnet).items():
        if not name.startswith("fc."):
            torch.testing.assert_close(state[f"network.feature_extractor.net.{name}"], tensor)


def test_references_are_the_first_normals_of_the_support(fitted, queries) -> None:
    detector = fitted("dra", references=2)
    before = detector.predict(queries).scores
    state = detector.state_dict()
    assert state["normals"].shape == (3, 3, 64, 64)
    state["normals"][2] = 0
    detector.load_state_dict(state, detector._ctx)
    np.testing.assert_array_equal(detector.predict(queries).scores, before)
    state["normals"][1] = 0
    detector.load_state_dict(state, detector._ctx)
    assert not np.array_equal(detector.predict(queries).scores, before)


def test_the_map_of_all_heads_is_another(fitted, queries) -> None:
    seen, every = (fitted("dra", map_heads=heads).predict(queries) for heads in ("seen", "all"))
    np.testing.assert_array_equal(seen.scores, every.scores)
    assert (every.maps > seen.maps).all()


def test_any_network_of_timm_can_be_the_trunk(make_detector, make_context, support, queries) -> None:
    detector = make_detector("dra", weights="tiny-cnn")
    detector.fit(support(), make_context())
    assert detector.predict(queries).maps.shape == (5, 2, 2)


def test_masks_are_not_needed(make_detector, make_context, support, queries) -> None:
    with_masks, without = make_detector("dra"), make_detector("dra")
    with_masks.fit(support(), make_context())
    without.fit(support(masks=False), make_context())
    np.testing.assert_array_equal(with_masks.predict(queries).scores, without.predict(queries).scores)


def test_a_foreign_state_is_refused(make_detector, make_context) -> None:
    with pytest.raises(UserError, match="not the state of a fitted DRA"):
        make_detector("dra").load_state_dict({"x": torch.zeros(1)}, make_context())
