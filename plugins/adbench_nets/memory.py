"""The nearest-neighbour search of methods that keep a memory of normal patches."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SIMILARITIES_AT_ONCE = 1 << 24


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch has no types here
def nearest_distance(queries: Tensor, memory: Tensor) -> Tensor:
    """Cosine distance of every query to its nearest neighbour in a memory.

    Memory and queries are compared block by block, in at most 64 MB of extra memory.

    Args:
        queries: (..., E) of any length and floating dtype.
        memory: (M, E), likewise, M > 0, on the same device.

    Returns:
        (...) float32, the minimum over the memory of 1 - cosine, in [0, 2]. A zero vector has distance 1 from all.
    """
    keys = F.normalize(memory.float(), dim=-1).T
    flat = F.normalize(queries.float(), dim=-1).reshape(-1, queries.shape[-1])
    rows = max(1, SIMILARITIES_AT_ONCE // keys.shape[1])
    nearest = [1.0 - (part @ keys).amax(dim=1) for part in flat.split(rows)]
    return torch.cat(nearest).reshape(queries.shape[:-1])
