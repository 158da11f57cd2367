from __future__ import annotations

import torch

from adbench_mvfa.losses import detection_bce


def test_bce_takes_the_probability_as_a_logit_or_as_it_is() -> None:
    score, label = torch.tensor([0.2, 0.9]), torch.tensor([0.0, 1.0])
    logistic = torch.stack([-torch.log(1 - torch.sigmoid(score[0])), -torch.log(torch.sigmoid(score[1]))])
    torch.testing.assert_close(detection_bce(score, label, "logits"), logistic)
    torch.testing.assert_close(detection_bce(score, label, "probability"), -torch.log(torch.tensor([0.8, 0.9])))
