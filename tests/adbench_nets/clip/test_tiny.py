"""The embedded tiny CLIP: small, complete, and of use to the prompts of every method."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import open_clip
import pytest
import torch
from open_clip.model import CLIP
from safetensors.torch import load_file
from torch import Tensor

from adbench_nets import ABNORMAL_STATES, NORMAL_STATES, build_tower, prompts, text_features
from adbench_nets.clip.tiny import IDS, ROWS, TABLE, VOCABULARY, compact, expand

FOLDER = Path(str(resources.files("adbench_nets")))
CLASS_NAMES = ("Brain", "Liver", "retinal OCT", "Chest X-ray film", "histopathological image")


@pytest.fixture(scope="module")
def stored() -> dict[str, Tensor]:
    return load_file(FOLDER / "tiny_clip.safetensors")


@pytest.fixture(scope="module")
def config() -> dict:
    return json.loads((FOLDER / "tiny_clip.json").read_text(encoding="utf-8"))["model_config"]


def test_files_are_small() -> None:
    assert (FOLDER / "tiny_clip.safetensors").stat().st_size < 2_500_000


def test_loads_strictly_into_open_clip(stored: dict[str, Tensor], config: dict) -> None:
    CLIP(**config, quick_gelu=False).load_state_dict(expand(stored), strict=True)


def test_has_four_stages(config: dict) -> None:
    assert config["vision_cfg"]["layers"] % 4 == 0


def test_every_word_of_the_prompt_ensemble_was_trained(stored: dict[str, Tensor]) -> None:
    texts = [text for name in CLASS_NAMES for states in (NORMAL_STATES, ABNORMAL_STATES) for text in prompts(name, states)]
    assert set(open_clip.tokenize(texts).unique().tolist()) <= set(stored[IDS].tolist())


@pytest.mark.parametrize("name", ["Brain", "a word the training never saw"])
def test_text_features_tell_normal_from_abnormal(stored: dict[str, Tensor], config: dict, name: str) -> None:
    features = text_features(build_tower(config, expand(stored), 112), name)
    assert torch.isfinite(features).all()
    cosine = float(features[:, 0] @ features[:, 1])
    assert -0.5 < cosine < 0.9995


def test_any_side_gives_finite_tokens(stored: dict[str, Tensor], config: dict) -> None:
    tower = build_tower(config, expand(stored), (98, 70))
    tokens = tower.run(tower.embed(torch.rand(2, 3, 98, 70)), 0, tower.blocks)
    assert tokens.shape == (2, 1 + 7 * 5, tower.width)
    assert torch.isfinite(tower.pooled(tokens)).all()


def test_compact_and_expand_are_inverse_on_kept_rows() -> None:
    state = {TABLE: torch.arange(VOCABULARY * 2.0).reshape(-1, 2) % 64, "other": torch.ones(3)}
    ids = torch.tensor([0, 7, 49407])
    small = compact(state, ids)
    assert small[ROWS].shape == (3, 2)
    assert small[ROWS].dtype == torch.float16
    back = expand(small)
    torch.testing.assert_close(back[TABLE][ids], state[TABLE][ids])
    torch.testing.assert_close(back[TABLE][1], state[TABLE][ids].mean(dim=0))
    torch.testing.assert_close(back["other"], state["other"])


def test_expand_leaves_a_complete_state_alone() -> None:
    state = {TABLE: torch.rand(5, 2), "count": torch.tensor(3)}
    back = expand(state)
    assert back.keys() == state.keys()
    assert back["count"].dtype == torch.int64
