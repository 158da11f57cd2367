"""MedCLIP: pixels, both towers, logits, the two contrastive losses and their gradients against `medclip/`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from adbench_clip.medclip.architecture import Architecture
from adbench_clip.medclip.detector import MEAN, STD, to_input
from adbench_clip.medclip.loading import build_medclip, current_name
from adbench_clip.medclip.network import MedClip
from adbench_clip.medclip.texts import class_logits
from parity_checks.report import Report

CONFIG, DATA, WEIGHTS = "medclip/config.json", "medclip/data.npz", "medclip/model_fp16.safetensors"
CLASSES = ("normal", "abnormal")
# Gradients that are zero except for rounding.
NO_GRADIENT = 1e-5


def check(folder: Path, report: Report) -> None:
    """Compare every array."""
    parts = [name.partition(":")[2] for part in ("bert", "swin") for name in report.demand(f"{CONFIG}:{part}/*")]
    config = report.load_keys(CONFIG, [*parts, "image_size", "patch_size", "proj"])
    report.exact(f"{CONFIG}:image_mean", MEAN)
    report.exact(f"{CONFIG}:image_std", STD)
    state = {key: torch.tensor(value) for key, value in report.load_file(WEIGHTS).items()}
    model = build_medclip(_architecture(config), state).eval()
    pixels = _check_pixels(report, int(config["image_size"]))
    images = _check_images(model, pixels, report)
    _check_classes(model, images, report)
    _check_losses(model, pixels, list(state), report)
    _check_clamp(model, images, report)


def _architecture(config: dict[str, object]) -> Architecture:
    fields = {part: {} for part in ("bert", "swin")}
    for name, value in config.items():
        part, slash, key = name.partition("/")
        if slash:
            fields[part][key] = value
    vision = {"image_size": config["image_size"], "patch_size": config["patch_size"], **fields["swin"]}
    return Architecture(fields["bert"], vision, int(str(config["proj"])))


def _check_pixels(report: Report, size: int) -> Tensor:
    names = sorted(report.demand(f"{DATA}:image_*"), key=lambda name: int(name.rpartition("_")[2]))
    squares = np.stack([_padded(report.load(name), size) for name in names])
    pixels = to_input(squares[:, None].repeat(3, axis=1))
    report.compare(f"{DATA}:pixel_values", pixels, atol=3e-6)
    return pixels


def _padded(image: np.ndarray, size: int) -> np.ndarray:
    """(1 or 3, h, w) uint8 to (S, S) uint8 as in the release; the harness only resizes."""
    colour = Image.fromarray(image.transpose(1, 2, 0) if len(image) == 3 else image[0])
    side = max(size, *colour.size)
    square = Image.new("L", (side, side))
    square.paste(colour.convert("L"), ((side - colour.width) // 2, (side - colour.height) // 2))
    return np.asarray(square.resize((size, size), Image.Resampling.BICUBIC))


@torch.no_grad()
def _check_images(model: MedClip, pixels: Tensor, report: Report) -> Tensor:
    three = pixels.expand(-1, 3, -1, -1)
    report.compare(f"{DATA}:swin_patch_embeddings", model.vision_model.model.embeddings(three[:1])[0], atol=2e-5)
    pooled, cells = model.vision_model(three)
    shown = len(report.expected(f"{DATA}:swin_last_hidden"))
    report.compare(f"{DATA}:swin_last_hidden", cells[:shown], atol=2e-5)
    report.compare(f"{DATA}:swin_pooled", pooled, atol=2e-5)
    images = model.encode_images(pixels)[0]
    report.compare(f"{DATA}:img_embeds", images, atol=3e-6)
    return images


@torch.no_grad()
def _check_classes(model: MedClip, images: Tensor, report: Report) -> None:
    classes = []
    for name in CLASSES:
        ids, mask = (torch.from_numpy(report.load(f"{DATA}:{key}_{name}")) for key in ("input_ids", "attention_mask"))
        for key, states in zip(("bert_h1", "bert_h2", "bert_last"), model.text_model.hidden_states(ids, mask), strict=True):
            report.compare(f"{DATA}:{key}_{name}", states, atol=3e-5)
        texts = model.encode_texts(ids, mask)
        report.compare(f"{DATA}:text_embeds_{name}", texts, atol=3e-6)
        report.compare(f"{DATA}:logits_{name}", model.logits(images, texts), atol=7e-5)
        classes.append(texts)
    for ensemble in ("mean", "max"):
        report.compare(f"{DATA}:class_logits_{ensemble}", class_logits(model, images, classes, ensemble), atol=7e-5)


def _check_losses(model: MedClip, pixels: Tensor, stored: list[str], report: Report) -> None:
    image_labels, text_labels = (torch.from_numpy(report.load(f"{DATA}:{key}")) for key in ("img_labels", "text_labels"))
    logits = _pair_logits(model, model.encode_images(pixels)[0], report)
    pairs = torch.eye(len(logits))
    report.compare(f"{DATA}:loss_hard", _both_ways(logits, pairs, pairs), atol=2e-5)
    alike = image_labels @ text_labels.T
    soft = _both_ways(logits, alike.softmax(dim=1), alike.T.softmax(dim=1))
    report.compare(f"{DATA}:loss_soft", soft, atol=2e-5)
    soft.backward()
    _check_gradients(model, stored, report)


def _pair_logits(model: MedClip, images: Tensor, report: Report) -> Tensor:
    ids, mask = (torch.from_numpy(report.load(f"{DATA}:pair_{key}")) for key in ("ids", "mask"))
    return model.logits(images, model.encode_texts(ids, mask))


def _both_ways(logits: Tensor, of_images: Tensor, of_texts: Tensor) -> Tensor:
    """The mean of two cross entropies: of images with targets over texts (N, N), and of texts with targets over images."""
    ways = ((logits, of_images), (logits.T, of_texts))
    return torch.stack([-(target * scores.log_softmax(dim=1)).sum() / len(scores) for scores, target in ways]).mean()


def _check_gradients(model: MedClip, stored: list[str], report: Report) -> None:
    parameters = dict(model.named_parameters())
    gradients = {key: parameters[current_name(key)].grad for key in stored}
    norms = {key: float(gradient.norm()) for key, gradient in gradients.items() if gradient is not None}
    for name, there in (("gradnorm_names", set(norms)), ("grad_none_names", set(stored) - set(norms))):
        wanted = [str(key) for key in report.expected(f"{DATA}:{name}")]
        report.exact(f"{DATA}:{name}", [key for key in wanted if key in there] + sorted(there - set(wanted)))
    wanted_norms = np.asarray(report.expected(f"{DATA}:gradnorms"), dtype=np.float64)
    found = np.array([norms.get(str(key), np.nan) for key in report.expected(f"{DATA}:gradnorm_names")])
    vanishing = (wanted_norms < NO_GRADIENT) & (found < NO_GRADIENT)
    note = f"{vanishing.sum()} vanish in both"
    report.compare(f"{DATA}:gradnorms", np.where(vanishing, wanted_norms, found), rtol=1e-4, note=note)


@torch.no_grad()
def _check_clamp(model: MedClip, images: Tensor, report: Report) -> None:
    model.logit_scale.fill_(5.0)
    report.compare(f"{DATA}:logits_scale5", _pair_logits(model, images, report), atol=2e-4)
    report.compare(f"{DATA}:logit_scale_after_5", model.logit_scale, atol=1e-7)
