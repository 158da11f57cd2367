"""WinCLIP: prompts, windows and a memory of normal images (Jeong et al., CVPR 2023)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import open_clip
import torch
from torch import Tensor, nn

from adbench import Context, Detector, ImageBatch, Prediction, Support, UserError
from adbench_anomalib.models import WinClipModel
from adbench_anomalib.parameters import WinclipParameters
from adbench_nets import load_tower, standardised, to_images

WINDOWS_AT_ONCE = 2048
TEXT, PATCHES, WINDOWS = "text", "patches", "windows"


class WinclipDetector(Detector):
    """anomalib's torch model around the CLIP tower shared with other methods."""

    parameters: WinclipParameters

    def fit(self, support: Support, ctx: Context) -> None:
        """Encode the prompts with the set's name, and the normal images if the track grants any. Nothing is trained."""
        self._prepare(ctx)
        name = self.parameters.class_name or support.class_name
        with torch.no_grad(), ctx.autocast():
            references = self._input(support.normal) if len(support.normal) else None
            self.model.setup(name, references)

    def predict(self, batch: ImageBatch) -> Prediction:
        """Scores (B,) in [0, 1]: the probability of the abnormal prompts, averaged with the greatest distance to the normals.

        Maps (B, S, S): harmonic means over the windows that cover a patch, in [0, 1].
        """
        with torch.no_grad(), self.autocast():
            output = self.model(self._input(batch))
        return Prediction(scores=output.pred_score.float(), maps=output.anomaly_map.float())

    def state_dict(self) -> dict[str, Tensor]:
        """Features of the prompts and normal images; CLIP is loaded by name."""
        state = {TEXT: self.model.text_embeddings}
        if self.model.k_shot:
            state[PATCHES] = self.model.patch_embeddings
            state |= {f"{WINDOWS}.{scale}": windows for scale, windows in enumerate(self.model.visual_embeddings)}
        return {key: value.contiguous() for key, value in state.items()}

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore what `state_dict` gave."""
        self._prepare(ctx)
        on_device = {key: value.to(ctx.device) for key, value in state.items()}
        self.model._text_embeddings = on_device[TEXT]
        if PATCHES in on_device:
            self.model._patch_embeddings = on_device[PATCHES]
            self.model._visual_embeddings = [on_device[f"{WINDOWS}.{scale}"] for scale in range(len(self.parameters.scales))]
            self.model.k_shot = len(on_device[PATCHES])

    def _prepare(self, ctx: Context) -> None:
        self.device, self.autocast = ctx.device, ctx.autocast
        self.model = build_model(self.parameters, ctx)

    def _input(self, batch: ImageBatch) -> Tensor:
        images = to_images(batch.pixels(self.parameters.image_size, "bicubic"), self.device)
        return standardised(images, self.parameters.mean, self.parameters.std)


class BatchFirstWinClip(WinClipModel):
    """anomalib's model for current open_clip, whose transformers take (N, L, W).

    anomalib is written for versions before 2.26.1 and gives (L, N, W); with a later one windows attend to each other,
    and to those of other images, instead of to their own patches.
    """

    def _get_window_embeddings(self, feature_map: Tensor, masks: Tensor) -> Tensor:
        """(B, 1 + P, W) tokens before the first norm and (k, M) patches of each window to (B, M, E)."""
        visual = self.clip.visual
        rows = torch.cat([torch.zeros_like(masks[:1]), masks + 1]).T.long()
        tokens = feature_map[:, rows].flatten(0, 1)
        pooled = [visual.ln_post(visual.transformer(visual.ln_pre(part))[:, 0]) for part in tokens.split(WINDOWS_AT_ONCE)]
        return (torch.cat(pooled) @ visual.proj).unflatten(0, (len(feature_map), len(rows)))


def build_model(parameters: WinclipParameters, ctx: Context) -> BatchFirstWinClip:
    """anomalib's model around resolved weights, without prompts yet, on the device.

    Raises:
        UserError: weights that are not a plain CLIP's, or windows larger than the image.
    """
    tower = load_tower(ctx.weights, parameters.weights, parameters.image_size, ctx.device)
    if max(parameters.scales) > min(tower.grid):
        raise UserError(
            f"winclip.scales = {','.join(map(str, parameters.scales))} has a window larger than the {tower.grid[0]} x "
            f"{tower.grid[1]} patches of an image: choose smaller ones, or a larger winclip.image_size."
        )
    with instead_of_download(tower.model):
        model = BatchFirstWinClip(scales=parameters.scales, apply_transform=False)
    return model.to(ctx.device).eval()


@contextmanager
def instead_of_download(clip: nn.Module) -> Iterator[None]:
    """Within this context open_clip returns this model for any request: WinCLIP's constructor takes no weights."""
    create = open_clip.create_model_and_transforms

    def give(*args: Any, **options: Any) -> tuple[nn.Module, None, None]:
        return clip, None, None

    open_clip.create_model_and_transforms = give
    try:
        yield
    finally:
        open_clip.create_model_and_transforms = create
