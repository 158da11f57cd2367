"""Weights that no plugin has a card for, by the names that open_clip, timm and torchvision publish them under."""

from __future__ import annotations

import difflib
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from adbench.contracts.weights import WeightsCard

OPEN_CLIP_FILE = "open_clip_model.safetensors"
TIMM_FILE = "model.safetensors"
TIMM_OWNER = "timm/"
TORCHVISION = "torchvision/"


@cache
def published_card(name: str) -> WeightsCard | None:
    """The card of a published name, or None if it is not published.

    Names are `ARCHITECTURE/TAG` (open_clip), `ARCHITECTURE[.TAG]` (timm) and `torchvision/ENUM.TAG`, e.g.
    `torchvision/ResNet50_Weights.IMAGENET1K_V2`. Imports that library, which takes seconds, so it is tried last.
    """
    if name.startswith(TORCHVISION):
        return _torchvision_card(name)
    return _open_clip_card(name) if "/" in name else _timm_card(name)


def close_published_name(name: str) -> str | None:
    """The published name most like `name`, or None."""
    known = _open_clip_names() if "/" in name else _timm_names()
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    return close[0] if close else None


def _open_clip_card(name: str) -> WeightsCard | None:
    from adbench.contracts.weights import WeightsCard

    try:
        import open_clip
    except ImportError:
        return None
    architecture, _, tag = name.partition("/")
    config: dict[str, Any] = open_clip.get_pretrained_cfg(architecture, tag)
    if not config:
        return None
    repository, _, file = config.get("hf_hub", "").rpartition("/")
    # For weights whose own entry does not say, an architecture named ARCHITECTURE-quickgelu does.
    quick_gelu = config.get("quick_gelu") or (open_clip.get_model_config(architecture) or {}).get("quick_gelu")
    return WeightsCard(
        name=name,
        file=_file_name("open_clip", name, file or OPEN_CLIP_FILE),
        quick_gelu=bool(quick_gelu),
        url=config.get("url", ""),
        hub=f"{repository}:{file or OPEN_CLIP_FILE}" if repository else "",
        notes="As open_clip publishes them.",
    )


def _timm_card(name: str) -> WeightsCard | None:
    from adbench.contracts.weights import WeightsCard

    try:
        from timm.models import get_pretrained_cfg
    except ImportError:
        return None
    try:
        config = get_pretrained_cfg(name, allow_unregistered=False)
    except RuntimeError:  # a known architecture with an unknown tag
        return None
    if config is None or not (config.hf_hub_id or config.url):
        return None
    # Files in repositories of other owners use the key names of other libraries.
    native = (config.hf_hub_id or "").startswith(TIMM_OWNER)
    return WeightsCard(
        name=name,
        file=_file_name("timm", name, TIMM_FILE),
        url=config.url or "",
        hub=f"{config.hf_hub_id}:{config.hf_hub_filename or TIMM_FILE}" if native else "",
        licence=config.license or "",
        notes="As timm publishes them.",
    )


def _torchvision_card(name: str) -> WeightsCard | None:
    from adbench.contracts.weights import WeightsCard

    try:
        from torchvision.models import get_weight
    except ImportError:
        return None
    try:
        url = str(get_weight(name.removeprefix(TORCHVISION)).url)
    except (ValueError, KeyError, AttributeError):  # an unknown enum or tag, or a name that is not of that form
        return None
    return WeightsCard(
        name=name,
        file=_file_name("torchvision", name.removeprefix(TORCHVISION), url),
        url=url,
        licence="BSD-3-Clause",
        notes="As torchvision publishes them.",
    )


def _file_name(library: str, name: str, file: str) -> str:
    suffix = file.rpartition(".")[2]
    return f"{library}-{name.replace('/', '-')}.{suffix}"


def _open_clip_names() -> list[str]:
    try:
        import open_clip
    except ImportError:
        return []
    return [f"{architecture}/{tag}" for architecture, tag in open_clip.list_pretrained()]


def _timm_names() -> list[str]:
    try:
        import timm
    except ImportError:
        return []
    return list(timm.list_pretrained())
