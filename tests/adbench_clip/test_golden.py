"""The detector from pixels to maps and scores against `golden/april`; `benchmarks/parity.py` compares all the rest."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from randomclip import context, few_shot
from safetensors.torch import load_file

from adbench.testing import memory_images
from adbench_clip.april import AprilGanDetector
from adbench_clip.cards import APRIL_GAN
from adbench_clip.parameters import AprilGanParameters
from adbench_nets.clip import loading


@pytest.mark.parametrize("image_score", ["token", "map"])
def test_maps_and_scores(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image_score: str) -> None:
    golden = shared / "golden"
    config = json.loads((golden / "clip/config.json").read_text())
    with np.load(golden / "april/maps.npz") as stored, np.load(golden / "clip/token_embedding_ternary.npz") as table:
        arrays = {name: stored[name] for name in stored.files}
        clip = load_file(golden / "clip/clip_without_token_embedding_fp16.safetensors")
        clip["token_embedding.weight"] = torch.from_numpy(table["q"]).float() / 64
    monkeypatch.setattr(loading, "named_config", lambda name: config["model_config"])
    layers = load_file(golden / "april/linear_init.safetensors")
    pixels, support_pixels = (arrays[key].transpose(0, 2, 3, 1) for key in ("images_u8", "support_u8"))
    found = {}
    for number, name in enumerate(map(str, arrays["class_names"])):
        support = few_shot()
        support = dataclasses.replace(support, class_name=name, normal=memory_images(support_pixels))
        parameters = AprilGanParameters(
            weights="golden",
            projections="layers",
            image_size=config["img_size"],
            levels=tuple(config["features"]),
            image_score=image_score,
        )
        detector = AprilGanDetector(APRIL_GAN, parameters)
        detector.fit(support, context(tmp_path, golden=clip, layers=layers))
        rows = np.flatnonzero(arrays["class_of_image"] == number)
        prediction = detector.predict(memory_images(pixels[rows]))
        found |= {row: (prediction.scores[i], prediction.maps[i]) for i, row in enumerate(rows)}
    scores, maps = (torch.stack([found[row][part] for row in sorted(found)]).numpy() for part in (0, 1))
    wanted = arrays["zero_map"] + arrays["few_map"]
    np.testing.assert_allclose(maps, wanted, atol=6e-5)
    expected = {"token": arrays["text_prob"], "map": wanted.max(axis=(1, 2))}[image_score]
    np.testing.assert_allclose(scores, expected, atol={"token": 1e-5, "map": 6e-5}[image_score])
