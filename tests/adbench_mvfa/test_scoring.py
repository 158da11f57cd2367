from __future__ import annotations

import torch

from adbench_mvfa.scoring import detection_scores


def test_pooling_is_over_patches() -> None:
    logits = torch.zeros(1, 2, 4, 2)
    logits[0, 1, 0, 1] = 100.0
    torch.testing.assert_close(detection_scores(logits), torch.tensor([[0.5, 0.625]]))
    torch.testing.assert_close(detection_scores(logits, "max"), torch.tensor([[0.5, 1.0]]))
