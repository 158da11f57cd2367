"""The one nearest-neighbour search of all methods that keep a memory of normal tokens."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SIMILARITIES_AT_ONCE = 1 << 24


@torch.no_grad()
def nearest_distance(queries: Tensor, memory: Tensor) -> Tensor:
    """Distance of every query to its nearest memory token.

    Args:
        queries: (..., E) tokens of any length.
        memory: (M, E) tokens of any length, M > 0.

    Returns:
        (...) float32, the minimum over the memory of 1 - cosine, in [0, 2]. At most 64 MB are used at once.
    """
    keys = F.normalize(memory.float(), dim=-1).T
    flat = F.normalize(queries.float(), dim=-1).reshape(-1, queries.shape[-1])
    rows = max(1, SIMILARITIES_AT_ONCE // keys.shape[1])
    nearest = [1.0 - (part @ keys).amax(dim=1) for part in flat.split(rows)]
    return torch.cat(nearest).reshape(queries.shape[:-1])
