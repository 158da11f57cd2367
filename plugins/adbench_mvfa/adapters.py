"""The trained part of MVFA: one bottleneck per level and head; its inner tokens are read and its output goes back into the stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from adbench_nets import load_weights

Projectors = Literal["none", "last", "all"]


class Adapter(nn.Module):
    """LeakyReLU(Linear W -> E), the token that is read, then LeakyReLU(Linear E -> W), which goes back; no biases.

    A bare projector is a Linear W -> E whose token is read and does not go back.
    """

    fc2: nn.Sequential | None

    def __init__(self, width: int, bottleneck: int, projector: bool = False) -> None:
        super().__init__()
        down = nn.Linear(width, bottleneck, bias=False)
        self.fc1 = nn.Sequential(down) if projector else nn.Sequential(down, nn.LeakyReLU())
        self.fc2 = None if projector else nn.Sequential(nn.Linear(bottleneck, width, bias=False), nn.LeakyReLU())


class Adapters(nn.Module):
    """The adapters of all levels.

    Attributes:
        levels: 1-based blocks of the backbone that they follow, ascending.
        residual: share of each head's adapter in the stream.
        heads: the adapters that `seg` and `det` read, one per level; the same ones if they share.

    The names of the weights are the release's: `seg_adapters.0.fc1.0.weight`; a single head's begin with `adapters`.
    """

    def __init__(
        self,
        width: int,
        bottleneck: int,
        levels: Iterable[int],
        *,
        residual: float = 0.1,
        single: bool = False,
        projectors: Projectors = "none",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.residual = residual
        self.single = single
        last = len(self.levels) - 1

        def stack(name: str) -> list[Adapter]:
            bare = [projectors == "all" or (projectors == "last" and level == last) for level in range(last + 1)]
            modules = [Adapter(width, bottleneck, projector) for projector in bare]
            self.add_module(name, nn.ModuleList(modules))
            return modules

        if single:
            shared = stack("adapters")
            self.heads = {"seg": shared, "det": shared}
        else:
            self.heads = {"seg": stack("seg_adapters"), "det": stack("det_adapters")}
        for weight in self.parameters():
            # nn.Linear's initialisation, from our own generator.
            nn.init.kaiming_uniform_(weight, a=5**0.5, generator=generator)

    def weights(self, head: str) -> list[nn.Parameter]:
        """The weights of one head."""
        return [weight for adapter in self.heads[head] for weight in adapter.parameters()]

    def level(self, index: int, stream: Tensor, onward: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Read one level.

        Args:
            index: index of the level, from 0.
            stream: (B, L + 1, W), the block's output.
            onward: whether more blocks follow and need the stream.

        Returns:
            Segmentation and detection tokens (B, L + 1, E), and the stream that continues: (1 - 2 r) x + r seg + r det.
        """
        seg, det = self.heads["seg"][index], self.heads["det"][index]
        seg_token = seg.fc1(stream)
        det_token = seg_token if self.single else det.fc1(stream)
        if onward and seg.fc2 is not None and det.fc2 is not None:
            seg_back = seg.fc2(seg_token)
            det_back = seg_back if self.single else det.fc2(det_token)
            stream = (1 - 2 * self.residual) * stream + self.residual * seg_back + self.residual * det_back
        return seg_token, det_token, stream

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Load weights by name; other tensors of the state, e.g. a saved memory, are ignored.

        Raises:
            UserError: a weight is missing or of another shape, or there are more adapters.
        """
        load_weights(
            self,
            state,
            "The saved adapters",
            "Use the weights, levels and heads they were trained with.",
            "this CLIP and these levels",
            part=True,
        )
