"""Made-up runs to report on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from madeup import failed_cell, keep_maps, made_up_cell
from toyplugin import toy_registry

from adbench.api import open_run
from adbench.plan import load_factory
from adbench.report.build import build_report
from adbench.store import RunFolder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """An empty run folder."""
    return RunFolder.create(tmp_path / "run")


@pytest.fixture
def page(folder: RunFolder) -> Callable[..., str]:
    """The report on what was put into `folder`."""
    return lambda **options: build_report([open_run(folder.path)], **options)


@pytest.fixture
def demo(folder: RunFolder) -> RunFolder:
    """Four methods on two toy sets and one that nobody has: several k, seeds, marks, maps, a failure, missing figures."""
    registry = toy_registry()
    for name in ("toy-a", "toy-b"):
        card = registry.dataset(name)
        dataset = load_factory(card.factory, name)(card, None)
        items = [(item.id, item.abnormal) for item in dataset.items("test")]
        known = {"items": items, "fingerprint": dataset.fingerprint(), "synthetic": True}
        for method, k, shift in (("alpha", 2, 1.0), ("alpha", 4, 2.0), ("beta", 4, 0.5), ("gamma", 4, 1.2)):
            for seed in (0, 1):
                record = made_up_cell(
                    folder, method, name, k=k, seed=seed, shift=shift, metrics={"pixel_auroc": 0.9 - k / 100}, **known
                )
                if method == "alpha" and seed == 0:
                    keep_maps(folder, record, dataset, noise=0.5)
        made_up_cell(folder, "oracle", name, shift=3.0, selection="test-oracle", transductive=True, **known)
    failed_cell(folder, "gamma", "elsewhere", "a bug in the plugin")
    made_up_cell(folder, "alpha", "elsewhere")
    return folder
