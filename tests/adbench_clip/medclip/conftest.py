"""What the tests of MedCLIP share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adbench import Context, WeightsResolver


@pytest.fixture
def context(tmp_path: Path) -> Callable[..., Context]:
    """Make a context on the CPU, offline: `context(seed=0, **{weights name: file})`."""
    from adbench_clip import adbench_weights

    def make(seed: int = 0, **given: Path) -> Context:
        weights = WeightsResolver({card.name: card for card in adbench_weights()}, given=given, offline=True)
        return Context("cpu", seed, weights, tmp_path)

    return make
