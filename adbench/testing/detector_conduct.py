"""Checks of a detector's conduct: it looks only at what it was granted, and leaves nothing behind."""

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
    """Test labels, masks and files are not looked for, and scores do not depend on them."""
    fitted, test = bench.usual(), bench.test
    batch = WatchedBatch(RecordingSource(test.images, None), range(len(test)))
    with _bait() as bait, recording(Recorder((), bait)) as recorder:
        # The true labels are in memory here, as they are in a run; then the opposite ones are.
        referee = memory_images(test.images, test.labels, test.masks)
        found = bench.collected(fitted, [batch])
        referee = memory_images(test.images, ~test.labels, [~mask for mask in test.masks])
        again = bench.collected(fitted, [batch])
        del referee
    if looks := looks_at(batch):
        raise CheckFailed(f"predict reads {', '.join(looks)} of a batch, which has only len, ids, pixels and batches to offer")
    if recorder.taken:
        raise CheckFailed(f"predict looks into the user's data: {Path(recorder.taken[0]).name}")
    demand_same(found, again, "when the labels of the test images are other ones", tolerance=1e-6)


@contextmanager
def _bait() -> Iterator[Path]:
    """A data root with a set in it that tells labels by its folders."""
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
        "with and without images for validation, which are granted to choose a checkpoint only",
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
    # As the run folder keeps it.
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
        raise CheckFailed(f"fit or predict wants to reach {', '.join(dict.fromkeys(connected))}")


def _watched(bench: DetectorBench) -> Recorder:
    """What fit, predict and state_dict touch; looked at once for all checks."""

    def look() -> Recorder:
        bench.make()  # imports what it needs
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
        "Score from `batch.pixels(size)` alone: the rest of a batch is not part of the contract, and labels of a test set are "
        "nobody's to learn from.",
    ),
    Check(
        "fits-only-what-is-granted",
        fits_only_what_is_granted,
        'Learn from support.normal, .abnormal and .auxiliary; use support.valid for nothing, or declare selection="valid".',
    ),
    Check(
        "state-saved-and-loaded",
        state_saved_and_loaded,
        "Return all that fit learned from state_dict() as tensors, and restore it in load_state_dict(state, ctx), where fit was "
        "not called.",
    ),
    Check(
        "no-files-outside", no_files_outside, "Write into ctx.scratch, also temporary files: tempfile.mkdtemp(dir=ctx.scratch)."
    ),
    Check(
        "no-network",
        no_network,
        "Get weights from ctx.weights, which obeys --offline, and build networks without pretrained=True; see "
        "adbench.WeightsCard.",
    ),
)
