"""The methods as a user runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from randomclip import context, few_shot, mixed_images, zero_shot
from safetensors.torch import save_file

import adbench
from adbench.contracts.detector import Context
from adbench_clip.april import AprilGanDetector
from adbench_clip.cards import APRIL_GAN, CLIP
from adbench_clip.clip import ClipDetector
from adbench_clip.parameters import AprilGanParameters, ClipParameters

METHODS = {"clip": "few-normal", "april-gan": "few-shot"}
BOTH = pytest.mark.parametrize("method", list(METHODS))


def run(method: str, out: Path, **options) -> adbench.Run:
    return adbench.run(method, "phantom-oct17", track=METHODS[method], preset="demo", limit=2, out=out, **options)


@pytest.mark.slow
@BOTH
def test_a_set_without_masks_is_measured(method: str, tmp_path: Path) -> None:
    (record,) = run(method, tmp_path / "run", shots=[2]).records
    assert record.status == "done"
    assert 0 <= record.metrics["image_auroc"] <= 1
    assert record.metrics.get("pixel_auroc") is None


@BOTH
def test_more_shots_than_images_are_refused(method: str, tmp_path: Path) -> None:
    (record,) = run(method, tmp_path / "run", shots=[99]).records
    assert record.status == "failed"
    assert "choose a smaller --shots" in record.error["message"]


@BOTH
def test_a_file_of_something_else_is_refused(method: str, tmp_path: Path) -> None:
    save_file({"fc.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    wrong = {"tiny-clip": tmp_path / "other.safetensors"}
    (record,) = run(method, tmp_path / "run", shots=[2], weights=wrong).records
    assert record.status == "failed"
    assert "do not fit the requested CLIP architecture" in record.error["message"]


@BOTH
def test_mixed_precision_gives_nearly_the_same_scores(method: str, tmp_path: Path) -> None:
    scores = []
    for precision in ("fp32", "bf16"):
        plain = context(tmp_path)
        ctx = Context("cpu", 0, plain.weights, tmp_path, precision)
        if method == "clip":
            detector = ClipDetector(CLIP, ClipParameters(weights="clip", image_size=28, quick_gelu=True))
            detector.fit(zero_shot(), ctx)
        else:
            detector = AprilGanDetector(APRIL_GAN, AprilGanParameters(weights="clip", image_size=28, epochs=0))
            detector.fit(few_shot(), ctx)
        scores.append(detector.predict(mixed_images(4, False)).maps)
    assert scores[1].dtype == torch.float32
    assert torch.corrcoef(torch.stack([part.flatten() for part in scores]))[0, 1] > 0.95
