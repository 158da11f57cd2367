"""A trained MVFA that scores images: compact raw scores first, pixel-size maps from them when needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from adbench_mvfa.adapters import Adapters
from adbench_mvfa.fusion import Branches
from adbench_mvfa.network import Tokens, adapt
from adbench_mvfa.scoring import detection_scores
from adbench_nets import Tower, memory_grids, memory_maps, patch_logits, probability_maps

Head = Literal["seg", "det"]
Memory = dict[Head, list[Tensor]]
CHUNK = 16


@dataclass(frozen=True)
class Compact:
    """Raw scores of B images before enlarging: a whole test set fits into memory.

    Attributes:
        logits: (B, K, L, 2) of the head that makes the map, or None.
        grids: (B, K, rows, columns) distances of the same head to the memory, or None.
        text_score, memory_score: (B,) of the detection head, or None.
    """

    logits: Tensor | None
    grids: Tensor | None
    text_score: Tensor | None
    memory_score: Tensor | None


@dataclass(frozen=True)
class Scorer:
    """Everything needed to score.

    Attributes:
        text: (E, 2) text features of the class.
        memory: for each searched head, K tensors (N, T, E), N remembered views with T tokens each; empty for the
        zero-shot track.
        map_head: the head that makes the map: the detection head if the other one was not trained.
        score_from_map: the image score is the maximum of the fused map, else the detection head's.
        size: (height, width) of maps.
    """

    tower: Tower
    adapters: Adapters
    text: Tensor
    memory: Memory
    map_head: Head
    score_from_map: bool
    size: tuple[int, int]
    pooling: Literal["mean", "max"]
    use_text: bool
    autocast: Callable[[], Any]

    @torch.no_grad()
    def compact(self, first_stage: Tensor) -> Compact:
        """Score images given by their first-stage tokens (B, L + 1, W)."""
        with self.autocast():
            tokens = adapt(self.tower, self.adapters, first_stage)
        of_map = tokens.seg if self.map_head == "seg" else tokens.det
        grids = self._grids(of_map, self.map_head) if self.memory else None
        memory_score = None
        if grids is not None and not self.score_from_map:
            memory_score = self._memory_score(grids if self.map_head == "det" else self._grids(tokens.det, "det"))
        return Compact(
            logits=patch_logits(of_map, self.text) if self.use_text else None,
            grids=grids,
            text_score=self._text_score(tokens.det) if self.use_text and not self.score_from_map else None,
            memory_score=memory_score,
        )

    @torch.no_grad()
    def branches(self, compact: Compact) -> Branches:
        """Enlarge compact scores to maps."""
        return Branches(
            text_map=None if compact.logits is None else self._text_map(compact.logits),
            memory_map=None if compact.grids is None else memory_maps(compact.grids, self.size),
            text_score=compact.text_score,
            memory_score=compact.memory_score,
        )

    def _text_map(self, logits: Tensor) -> Tensor:
        return probability_maps(logits, self.tower.grid, self.size).sum(dim=1)

    def _grids(self, tokens: list[Tensor], head: Head) -> Tensor:
        return memory_grids(tokens, [level.flatten(0, 1) for level in self.memory[head]], self.tower.grid)

    def _text_score(self, det_tokens: list[Tensor]) -> Tensor:
        return detection_scores(patch_logits(det_tokens, self.text), self.pooling).sum(dim=1)

    def _memory_score(self, det_grids: Tensor) -> Tensor:
        pixels = memory_maps(det_grids, self.size).flatten(1)
        return pixels.mean(dim=1) if self.pooling == "mean" else pixels.amax(dim=1)


@torch.no_grad()
def remember(
    tower: Tower, adapters: Adapters, stems: Tensor, heads: set[Head], class_tokens: bool, autocast: Callable[[], Any]
) -> Memory:
    """The memory of normal images given by their first-stage tokens (N, L + 1, W): K tensors (N, T, E) per head."""

    def parts() -> Iterator[Tokens]:
        for part in stems.split(CHUNK):
            with autocast():
                yield adapt(tower, adapters, part)

    start = 0 if class_tokens else 1
    collected: dict[Head, list[list[Tensor]]] = {head: [] for head in sorted(heads)}
    for tokens in parts():
        for head in collected:
            levels = tokens.seg if head == "seg" else tokens.det
            collected[head].append([level[:, start:].float() for level in levels])
    return {head: [torch.cat(level) for level in zip(*pieces, strict=True)] for head, pieces in collected.items()}
