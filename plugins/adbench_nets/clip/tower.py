"""A frozen CLIP with any image side, whose vision blocks can be run a few at a time."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from open_clip.model import CLIP
from torch import Tensor, nn

from adbench import UserError
from adbench_nets.fitting import load_weights

BOOKKEEPING = ("input_resolution", "context_length", "vocab_size")
UNSUPPORTED_VISION = ("timm_model_name", "attentional_pool", "no_ln_pre", "final_ln_after_pool")
UNSUPPORTED_TEXT = ("hf_model_name", "embed_cls", "no_causal_mask")


class Tower:
    """CLIP in evaluation mode; no parameter requires a gradient.

    Tokens are (B, L + 1, W): the class token, then the patches row by row, L = grid height x grid width.

    Attributes:
        model: the open_clip model.
        grid: patches (rows, columns): the side divided by the patch side, rounded down.
        blocks: number of vision blocks.
        width: W, the vision width.
        embed_dim: E, the width of the joint space of images and texts.
    """

    def __init__(self, model: CLIP) -> None:
        self.model = model.eval().requires_grad_(False)
        self.grid: tuple[int, int] = tuple(model.visual.grid_size)
        self.blocks = len(model.visual.transformer.resblocks)
        self.width = int(model.visual.class_embedding.shape[0])
        self.embed_dim = int(model.visual.proj.shape[1])

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return self.model.visual.class_embedding.device

    def embed(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) float images, already normalised, to the tokens that enter the first block."""
        visual = self.model.visual
        patches = visual.conv1(images).flatten(2).transpose(1, 2)
        class_token = visual.class_embedding.to(patches.dtype).expand(len(patches), 1, -1)
        tokens = torch.cat([class_token, patches], dim=1)
        return visual.ln_pre(tokens + visual.positional_embedding.to(tokens.dtype))

    def run(self, tokens: Tensor, after: int, upto: int) -> Tensor:
        """From tokens after block `after` (0 = embedded) to tokens after block `upto` (1-based)."""
        for block in self.model.visual.transformer.resblocks[after:upto]:
            tokens = block(tokens)
        return tokens

    def joint(self, tokens: Tensor) -> Tensor:
        """From tokens (..., W) of the last block to the joint space, (..., E), not normalised."""
        visual = self.model.visual
        return visual.ln_post(tokens) @ visual.proj

    def pooled(self, tokens: Tensor) -> Tensor:
        """The image embedding (B, E), not normalised, from tokens of the last block."""
        return self.joint(tokens[:, 0])

    def encode_text(self, tokens: Tensor) -> Tensor:
        """(N, context) token ids, end of text the largest, to embeddings (N, E), not normalised.

        Only the columns up to the longest text are computed: attention is causal, so what follows a text's end does
        not change its embedding.
        """
        model = self.model
        ends = tokens.argmax(dim=-1)
        length = int(ends.max()) + 1
        states = model.token_embedding(tokens[:, :length]) + model.positional_embedding[:length]
        states = model.ln_final(model.transformer(states, attn_mask=model.attn_mask[:length, :length]))
        return _project(states[torch.arange(len(tokens), device=ends.device), ends], model.text_projection)


def build_tower(
    model_config: Mapping[str, Any],
    state: Mapping[str, Tensor],
    size: int | tuple[int, int],
    device: str | torch.device = "cpu",
    quick_gelu: bool = False,
) -> Tower:
    """Build a tower for images of a side (or height and width).

    The default activation is the exact GELU, whatever the weights were trained with: MVFA and APRIL-GAN use it, so
    their figures differ from a QuickGELU model's. The position embedding is resized in
    float32.

    Args:
        model_config: open_clip's `embed_dim`, `vision_cfg`, `text_cfg`; its image size is the native one.
        state: all tensors of the model in OpenAI's and open_clip's key names, any floating dtype.
        size: side of the images, or height and width, in pixels.
        device: device of the tower.
        quick_gelu: x sigmoid(1.702 x) as activation of both towers, which OpenAI's weights were trained with.

    Raises:
        UserError: an architecture other than CLIP's plain ViT, an image smaller than a patch, or tensors of
            the state that are missing, unexpected or of other shapes.
    """
    config = _plain_vit(model_config)
    native = _pair(config["vision_cfg"]["image_size"])
    patch = config["vision_cfg"]["patch_size"]
    height, width = _pair(size)
    if min(height, width) < patch:
        raise UserError(f"Images of {height} x {width} pixels are smaller than a patch of {patch}: raise image_size.")
    config["vision_cfg"]["image_size"] = (height, width)
    with torch.device("meta"):
        model = CLIP(**config, quick_gelu=quick_gelu)
    tensors = {
        key: tensor.to(device, torch.float32) if tensor.is_floating_point() else tensor.to(device)
        for key, tensor in state.items()
        if key not in BOOKKEEPING
    }
    key = "visual.positional_embedding"
    if key in tensors:
        tensors[key] = resize_positions(tensors[key], _grid(native, patch), _grid((height, width), patch))
    load_weights(
        model,
        tensors,
        "These weights",
        "Give the complete weights of that architecture with --weights NAME=PATH.",
        "the requested CLIP architecture",
        assign=True,
    )
    length = model.context_length
    model.attn_mask = torch.full((length, length), -math.inf, device=device).triu(1)
    return Tower(model)


def resize_positions(positions: Tensor, native: tuple[int, int], grid: tuple[int, int]) -> Tensor:
    """Resize a position embedding (1 + native cells, W) to (1 + cells, W): bicubic with antialias, class row kept."""
    if native == grid or len(positions) != 1 + native[0] * native[1]:
        return positions
    cells = positions[1:].T.reshape(1, -1, *native)
    resized = F.interpolate(cells, size=grid, mode="bicubic", align_corners=False, antialias=True)
    return torch.cat([positions[:1], resized[0].flatten(1).T])


def _plain_vit(model_config: Mapping[str, Any]) -> dict[str, Any]:
    config = {key: copy.deepcopy(model_config[key]) for key in ("embed_dim", "vision_cfg", "text_cfg") if key in model_config}
    if len(config) < 3:
        raise UserError("A CLIP model config needs embed_dim, vision_cfg and text_cfg.")
    vision, text = config["vision_cfg"], config["text_cfg"]
    odd = [key for key in UNSUPPORTED_VISION if vision.get(key)] + [key for key in UNSUPPORTED_TEXT if text.get(key)]
    if odd or isinstance(vision.get("layers"), list) or text.get("pool_type", "argmax") != "argmax":
        raise UserError(
            "Only CLIP with OpenAI's plain ViT and text transformer can be used here: choose e.g. ViT-L-14-336/openai."
        )
    vision.setdefault("image_size", 224)
    vision.setdefault("patch_size", 16)
    return config


def _project(embedding: Tensor, projection: Tensor | nn.Linear) -> Tensor:
    return projection(embedding) if isinstance(projection, nn.Linear) else embedding @ projection


def _grid(size: tuple[int, int], patch: int) -> tuple[int, int]:
    return (size[0] // patch, size[1] // patch)


def _pair(size: int | tuple[int, int] | list[int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
