from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from adbench import Context, UserError
from adbench_clip.medclip import loading
from adbench_clip.medclip.architecture import tiny
from adbench_clip.medclip.loading import build_medclip, current_names, load_medclip
from adbench_clip.medclip.network import MedClip

WORDS = 30
# From the names of transformers 5 back to those of its version 4, in which the releases are.
FORMER = (
    (r"attention\.q_proj", "attention.self.query"),
    (r"attention\.k_proj", "attention.self.key"),
    (r"attention\.v_proj", "attention.self.value"),
    (r"attention\.o_proj", "attention.output.dense"),
    (r"attention\.relative_position_bias\.", "attention.self."),
    (r"mlp\.fc1", "intermediate.dense"),
    (r"mlp\.fc2", "output.dense"),
)


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """Random tensors of a tiny MedCLIP."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return MedClip(tiny(WORDS)).state_dict()


@pytest.fixture
def released(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same as a release has it: former names, and what the architecture gives anyway."""
    renamed = {}
    for key, tensor in state.items():
        former_key = key
        for pattern, former in FORMER:
            former_key = re.sub(pattern, former, former_key)
        renamed[former_key] = tensor
    renamed["text_model.model.embeddings.position_ids"] = torch.arange(77)[None]
    renamed["vision_model.model.encoder.layers.0.blocks.0.attention.self.relative_position_index"] = torch.zeros(49, 49)
    return renamed


def outputs(model: MedClip) -> tuple[Tensor, ...]:
    """Of fixed images and texts."""
    with torch.no_grad():
        images = torch.linspace(-1, 1, 224 * 224).reshape(1, 1, 224, 224)
        return *model.encode_images(images), model.encode_texts(torch.tensor([[2, 5, 3]]), torch.ones(1, 3))


def test_former_names_become_the_present_ones(state: dict[str, Tensor], released: dict[str, Tensor]) -> None:
    assert len(set(released) - set(state)) > 20
    assert set(current_names(released)) == set(state)
    assert set(current_names(state)) == set(state)


def test_a_release_is_read_out_of_its_zip_file(
    context: Callable[..., Context],
    state: dict[str, Tensor],
    released: dict[str, Tensor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.save(released, tmp_path / "pytorch_model.bin")
    with zipfile.ZipFile(tmp_path / "release.zip", "w") as archive:
        archive.write(tmp_path / "pytorch_model.bin", "pytorch_model.bin")
    monkeypatch.setattr(loading, "WITH_SWIN", tiny(WORDS))
    ctx = context(**{"MedCLIP-ViT": tmp_path / "release.zip"})
    model = load_medclip(ctx.weights, "MedCLIP-ViT")
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    expected = outputs(build_medclip(tiny(WORDS), state).eval())
    assert all(torch.equal(a, b) for a, b in zip(outputs(model), expected, strict=True))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("logit_scale"), "logit_scale is missing"),
        (lambda state: state.update(extra=torch.ones(1)), "extra is unexpected"),
        (
            lambda state: state.update(renamed=state.pop("vision_model.projection_head.weight")),
            r"vision_model.projection_head.weight is missing \(and 1 more\)",
        ),
        (
            lambda state: state.update({"text_model.projection_head.weight": torch.ones(3, 32)}),
            r"text_model.projection_head.weight has shape \(3, 32\) instead of \(32, 32\)",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    released: dict[str, Tensor], change: Callable[[dict[str, Tensor]], object], message: str
) -> None:
    wrong = dict(released)
    change(wrong)
    with pytest.raises(UserError, match=message):
        build_medclip(tiny(WORDS), wrong)


@pytest.mark.slow
def test_weights_of_something_else_are_refused(context: Callable[..., Context], tmp_path: Path) -> None:
    save_file({"layer1.weight": torch.zeros(3)}, tmp_path / "other")
    with pytest.raises(UserError, match="do not fit the requested MedCLIP architecture.*--weights NAME=PATH"):
        load_medclip(context(mine=tmp_path / "other").weights, "mine")


def test_weights_that_are_not_there_are_named(context: Callable[..., Context]) -> None:
    with pytest.raises(UserError, match="--offline forbids .*get medclip-vit-pretrained.zip .*--weights MedCLIP-ViT=PATH"):
        load_medclip(context().weights, "MedCLIP-ViT")


def test_nothing_is_drawn_from_the_global_generator(state: dict[str, Tensor]) -> None:
    before = torch.get_rng_state()
    build_medclip(tiny(WORDS), state)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_transformers_the_extra_is_named(context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "transformers" else find(name))
    with pytest.raises(UserError, match=r"pip install 'adbench-vision\[medclip\]'"):
        load_medclip(context().weights, "tiny-medclip")


def test_cards_are_read_without_transformers() -> None:
    code = (
        "import sys, adbench_clip as p; p.adbench_detectors(); print({'torch', 'transformers', 'open_clip'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
