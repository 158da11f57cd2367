"""The embedded tiny CLIP: its file keeps only the vocabulary rows used in training."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

IDS = "token_embedding.ids"
ROWS = "token_embedding.rows"
TABLE = "token_embedding.weight"
VOCABULARY = 49408


def expand(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict in open_clip's key names, float32, from one with a compact vocabulary table.

    A token outside the training texts gets the mean of the kept rows, so that any prompt can be encoded; two unknown
    words of the same length then look the same.

    Args:
        state: `token_embedding.ids` (T,) int32 and `token_embedding.rows` (T, width) instead of
            `token_embedding.weight`; the other tensors unchanged. Without `token_embedding.ids` only the precision
            changes.
    """
    full = {
        key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in state.items() if key not in (IDS, ROWS)
    }
    if IDS in state:
        rows = state[ROWS].float()
        table = rows.mean(dim=0).repeat(VOCABULARY, 1)
        table[state[IDS].long()] = rows
        full[TABLE] = table
    return full


def compact(state: Mapping[str, Tensor], ids: Tensor) -> dict[str, Tensor]:
    """The reverse of `expand`: float16, with only the rows `ids` (T,) of the vocabulary table."""
    kept = {
        key: tensor.half().contiguous() if tensor.is_floating_point() else tensor for key, tensor in state.items() if key != TABLE
    }
    kept[IDS] = ids.to(torch.int32)
    kept[ROWS] = state[TABLE][ids.long()].half().contiguous()
    return kept
