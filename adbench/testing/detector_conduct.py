"""Checks of a detector's conduct: it reads only what it was granted, and leaves nothing behind."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from adbench.files.cache import cache_root
from adbench.testing.checks import Check, CheckFailed
from adbench.testing.detector_bench import NONE, DetectorBench, demand_same
from adbench.testing.memory import RecordingSource, memory_images
from adbench.testing.watch import Recorder, WatchedBatch, looks_at, recording


def no_label_access(bench: DetectorBench) -> None:
    """The detector does not look for test labels, masks or files, and scores do not depend on them."""
    fitted, test = bench.usual(), bench.test
    batch = WatchedBatch(RecordingSource(test.images, None), range(len(test)))
    with _bait() as bait, recording(Recorder((), bait)) as recorder:
        # First the true labels are in memory, as in a run, then the opposite ones.
        referee = memory_images(test.images, test.labels, test.masks)
        found = bench.collected(fitted, [batch])
        referee = memory_images(test.images, ~test.labels, [~mask for mask in test.masks])
        again = bench.collected(fitted, [batch])
        del referee
    if looks := looks_at(batch):
        raise CheckFailed(f"predict reads {', '.join(looks)} of a batch, which offers only len, ids, pixels and batches")
    if recorder.taken:
        raise CheckFailed(f"predict looks into the user's data: {Path(recorder.taken[0]).name}")
    demand_same(found, again, "when the labels of the test images change", tolerance=1e-6)


@contextmanager
def _bait() -> Iterator[Path]:
    """A data root with a set whose folders reveal labels."""
    with tempfile.TemporaryDirectory(prefix="adbench-bait-") as folder:
        root = Path(os.path.realpath(folder))
        for name in ("test/good/img/000.png", "test/Ungood/img/001.png"):
            (root / name).parent.mkdir(parents=True)
            (root / name).touch()
        with patch.dict(os.environ, {"ADBENCH_DATA": str(root)}):
            yield root


def fits_only_what_is_granted(bench: DetectorBench) -> None:
    """Learns nothing from the validation images unless the card declares `selection="valid"`, nor from the user's data."""
    if taken := _watched(bench).taken:
        raise CheckFailed(f"fit or predict looks into the user's data: {Path(taken[0]).name}")
    if bench.card.checkpoint(bench.parameters) == "valid":
        return
    without = bench.fit(bench.support(valid=NONE))
    demand_same(
        bench.usual_scores(),
        bench.scores(without, bench.test),
        "with and without images for validation, which are granted only to choose a checkpoint",
        tolerance=1e-6,
    )


def state_saved_and_loaded(bench: DetectorBench) -> None:
    """A new detector that loads the saved state gives identical scores."""
    from safetensors.torch import load_file, save_file

    fitted = bench.usual()
    state = fitted.detector.state_dict()
    if not state:
        raise CheckFailed("state_dict() is empty after fit")
    context = bench.context()
    file = context.scratch / "state.safetensors"
    # As stored in the run folder.
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}, file)
    loaded = bench.make()
    loaded.load_state_dict(load_file(file), context)
    found = bench.scores(dataclasses.replace(fitted, detector=loaded, context=context), bench.test)
    demand_same(bench.usual_scores(), found, "after saving and loading the state", tolerance=1e-6)


def no_files_outside(bench: DetectorBench) -> None:
    """Nothing is written outside the scratch folder."""
    written = _watched(bench).written
    if written:
        more = f" and {len(written) - 1} more" if len(written) > 1 else ""
        raise CheckFailed(f"{written[0]} is written{more}")


def no_network(bench: DetectorBench) -> None:
    """The network is not touched offline."""
    connected = _watched(bench).connected
    if connected:
        raise CheckFailed(f"fit or predict tries to reach {', '.join(dict.fromkeys(connected))}")


def _watched(bench: DetectorBench) -> Recorder:
    """What fit, predict and state_dict touch; recorded once for all checks."""

    def look() -> Recorder:
        bench.make()  # for its imports
        context = bench.context()
        allowed = (context.scratch, cache_root())
        support = bench.support()
        folders = tuple(Path(os.path.realpath(folder)) for folder in allowed)
        with _bait() as bait, recording(Recorder(folders, bait)) as recorder:
            try:
                fitted = bench.fit(support, context)
                bench.scores(fitted, bench.test)
                fitted.detector.state_dict()
            except OSError:
                if not recorder.connected:
                    raise
        return recorder

    found: Recorder = bench.once("watched", look)
    return found


CHECKS = (
    Check(
        "no-label-access",
        no_label_access,
        "Score from `batch.pixels(size)` alone: the rest of a batch is not part of the contract, and test labels "
        "must not be used.",
    ),
    Check(
        "fits-only-what-is-granted",
        fits_only_what_is_granted,
        'Learn from support.normal, .abnormal and .auxiliary; do not use support.valid, or declare selection="valid".',
    ),
    Check(
        "state-saved-and-loaded",
        state_saved_and_loaded,
        "Return everything fit learned from state_dict() as tensors, and restore it in load_state_dict(state, ctx), where fit was "
        "not called.",
    ),
    Check("no-files-outside", no_files_outside, "Write to ctx.scratch, temporary files too: tempfile.mkdtemp(dir=ctx.scratch)."),
    Check(
        "no-network",
        no_network,
        "Get weights from ctx.weights, which obeys --offline, and build networks without pretrained=True; see "
        "adbench.WeightsCard.",
    ),
)
