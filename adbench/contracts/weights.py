"""The weights contract: a card, and what a detector may ask of the resolver."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch


def hub_source(hub: str, revision: str) -> str:
    """Where a file of the model hub is, in words; "" without one."""
    return f"{hub} on the model hub{' at ' if revision else ''}{revision}" if hub else ""


@dataclass(frozen=True, kw_only=True)
class WeightsCard:
    """What is known about a weights file.

    Attributes:
        name: what the user types in `--weights NAME=PATH`, e.g. `ViT-L-14-336/openai`.
        file: file name in the cache.
        url: where it is downloaded from, or "".
        hub: `owner/repository` and file on the model hub, as `owner/repository:file`, or "".
        revision: commit hash of the hub's repository, or "" for the main branch at the first download, whose commit is
            kept from then on.
        sha256: hex digest if known, else "". It pins the content, with or without a revision.
        embedded: `package:file` of weights that ship in the wheel, or "".
        quick_gelu: whether a CLIP was trained with QuickGELU, x sigmoid(1.702 x), as activation; None = unknown, or not a CLIP.
        licence: terms of use.
        notes: what they are, and what they are for.
    """

    name: str
    file: str
    url: str = ""
    hub: str = ""
    revision: str = ""
    sha256: str = ""
    embedded: str = ""
    quick_gelu: bool | None = None
    licence: str = ""
    notes: str = ""

    @property
    def source(self) -> str:
        """Where it is downloaded from, in words, or ""."""
        return " or ".join(filter(None, (hub_source(self.hub, self.revision), self.url)))


class Weights(Protocol):
    """Named weights, as a detector finds them in `ctx.weights`. Every method raises `UserError` for a name it cannot serve."""

    def path(self, name: str) -> Path:
        """The verified local file of these weights; the error names the file, where to get it and the option."""

    def sha256(self, name: str) -> str:
        """Hex digest of the file; part of a cell's identity."""

    def state_dict(self, name: str, *, as_stored: bool = False) -> dict[str, torch.Tensor]:
        """Tensors on the CPU, in the file's own precision, read without executing anything.

        Args:
            name: of the weights.
            as_stored: keep prefixes such as `module.`, for a network whose own names all begin with one.
        """

    def card(self, name: str) -> WeightsCard:
        """What is known about these weights."""
