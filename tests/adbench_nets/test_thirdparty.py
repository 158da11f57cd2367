"""A detector of a third party, written with the library, passes the conformance checks on tiny weights."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import clippatches
import pytest

from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins
from adbench.testing import check_detector


@pytest.mark.slow
@pytest.mark.parametrize("beside", [(), ("adbench_mvfa",)], ids=["alone", "beside-mvfa"])
def test_it_passes_every_check(beside: tuple[str, ...]) -> None:
    points = [clippatches.entry_point(), *(EntryPoint(name, name, "adbench") for name in beside)]
    results = check_detector("clip-patches", registry=load_registry(load_plugins(points)))
    assert len(results) > 10
    assert [(result.check, result.reason) for result in results if result.status == "failed"] == []
