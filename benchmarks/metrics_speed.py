"""Time and extra memory of our metrics against scikit-learn's, torchmetrics' and anomalib's.

    python benchmarks/metrics_speed.py [--only auroc|aupro|bootstrap] [--pixels N] [--maps N] [--images N]

Every measurement runs in its own process: inputs are made, one tiny call triggers lazy imports, and then the call is
timed (the best of up to five), with the growth of the process's peak memory. Scores are float32. The targets of each part
follow it, met or missed; the exit code is 1 if one is missed or could not be tried.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SIDE = 240
REPEATS = 5  # the best counts ...
ENOUGH_SECONDS = 10.0  # ... of as many as fit
MEBI = 1024.0  # ru_maxrss counts kibibytes on Linux
Found = dict[str, dict[str, Any]]  # name of a measurement to its outcome


def main() -> None:
    """Run the chosen parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(PARTS), action="append", help="part to run; may be repeated")
    parser.add_argument("--pixels", type=int, default=50_000_000, help="scores for the AUROC")
    parser.add_argument("--maps", type=int, default=200, help="maps of 240 x 240 for the AUPRO")
    parser.add_argument("--images", type=int, default=3_715, help="maps of 240 x 240 for the intervals")
    parser.add_argument("--measure", choices=sorted(MEASURED), help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(_measure(arguments.measure, arguments.size)))
        return
    sizes = {"auroc": arguments.pixels, "aupro": arguments.maps, "bootstrap": arguments.images}
    met = True
    for part in arguments.only or PARTS:
        title, names, targets = PARTS[part]
        print(title.format(size=sizes[part]))
        found = _compare(names, sizes[part])
        for words, holds in targets:
            try:
                outcome = "met" if holds(found) else "MISSED"
            except KeyError as error:
                outcome = f"NOT TRIED: {error} failed"
            print(f"  target: {words}: {outcome}")
            met = met and outcome == "met"
    sys.exit(0 if met else 1)


def _compare(names: tuple[str, ...], size: int) -> Found:
    ours: dict[str, Any] = {}
    measured: Found = {}
    for name in names:
        command = [sys.executable, __file__, "--measure", name, "--size", str(size)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            print(f"  {name:<26} failed (exit {done.returncode})")
            continue
        found = measured[name] = json.loads(done.stdout.splitlines()[-1])
        line = f"  {name:<26} {found['seconds']:8.3f} s {found['extra_mib']:6.0f} MiB more (peak {found['peak_mib']:.0f})  {found['value']}"
        if ours and not name.startswith("adbench"):
            times, memory = found["seconds"] / ours["seconds"], ours["extra_mib"] / max(found["extra_mib"], 1)
            line += f"  ours: {times:.1f} times faster, {memory:.2f} of the memory"
        ours = ours or found
        print(line, flush=True)
    return measured


def _measure(name: str, size: int) -> dict[str, Any]:
    prepare, call = MEASURED[name]
    call(*prepare(2 if prepare is not _pixels else 1_000))
    inputs = prepare(size)
    before = _peak()
    seconds = []
    while len(seconds) < REPEATS and sum(seconds) < ENOUGH_SECONDS:
        start = time.perf_counter()
        value = call(*inputs)
        seconds.append(time.perf_counter() - start)
    return {"seconds": min(seconds), "extra_mib": (_peak() - before) / MEBI, "peak_mib": _peak() / MEBI, "value": value}


def _peak() -> float:
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _pixels(size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.random(size, dtype=np.float32) < 0.03
    scores = rng.standard_normal(size, dtype=np.float32)
    scores[labels] += 1
    return labels, scores


def _maps(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Discs as lesions in five of six images; scores with noise per image and per pixel."""
    rng = np.random.default_rng(0)
    masks = np.zeros((size, SIDE, SIDE), bool)
    rows, columns = np.ogrid[:SIDE, :SIDE]
    for number in range(size):
        for _ in range(0 if number % 6 == 5 else int(rng.integers(1, 5))):
            row, column, radius = rng.integers(20, SIDE - 20), rng.integers(20, SIDE - 20), rng.integers(3, 20)
            masks[number] |= (rows - row) ** 2 + (columns - column) ** 2 < radius**2
    scores = rng.standard_normal(masks.shape, dtype=np.float32)
    scores += rng.standard_normal((size, 1, 1), dtype=np.float32) / 2
    scores[masks] += 1
    return masks, scores


def _maps_on_disk(size: int) -> tuple[np.ndarray, np.ndarray]:
    folder = tempfile.mkdtemp()
    paths = [Path(folder) / name for name in ("masks.npy", "maps.npy")]
    for path, array in zip(paths, _maps(size), strict=True):
        np.save(path, array)
    masks, maps = (np.load(path, mmap_mode="r") for path in paths)
    for path in paths:  # an open file stays readable
        path.unlink()
    Path(folder).rmdir()
    return masks, maps


def _our_auroc(labels: np.ndarray, scores: np.ndarray) -> float:
    from adbench.metrics import auroc

    return auroc(labels, scores)


def _sklearn_auroc(labels: np.ndarray, scores: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores))


def _torchmetrics_auroc(labels: np.ndarray, scores: np.ndarray) -> float:
    import torch
    from torchmetrics.functional.classification import binary_auroc

    return float(binary_auroc(torch.from_numpy(scores), torch.from_numpy(labels).int()))


def _our_aupro(masks: np.ndarray, maps: np.ndarray) -> float:
    from adbench.metrics import aupro

    return aupro(masks, maps)


def _anomalib_aupro(masks: np.ndarray, maps: np.ndarray) -> float:
    import torch
    from anomalib.metrics.aupro import _AUPRO

    metric = _AUPRO()
    metric.update(torch.from_numpy(maps), torch.from_numpy(masks).int())
    return float(metric.compute())


def _our_intervals(masks: np.ndarray, maps: np.ndarray) -> list[str]:
    from adbench.metrics import pixel_histograms, pixel_intervals

    figures = pixel_intervals(pixel_histograms(masks, maps), resamples=1000)
    return [f"{figure.value:.4f} [{figure.low:.4f}, {figure.high:.4f}]" for figure in figures]


MEASURED: dict[str, tuple[Callable[[int], tuple[np.ndarray, np.ndarray]], Callable[..., Any]]] = {
    "adbench auroc": (_pixels, _our_auroc),
    "scikit-learn auroc": (_pixels, _sklearn_auroc),
    "torchmetrics auroc": (_pixels, _torchmetrics_auroc),
    "adbench aupro": (_maps, _our_aupro),
    "anomalib aupro": (_maps, _anomalib_aupro),
    "adbench intervals": (_maps, _our_intervals),
    "adbench intervals, on disk": (_maps_on_disk, _our_intervals),
}


def _ratio(found: Found, ours: str, theirs: str) -> float:
    return float(found[theirs]["seconds"] / found[ours]["seconds"])


def _apart(found: Found, ours: str, theirs: str) -> float:
    return abs(float(found[theirs]["value"]) - float(found[ours]["value"]))


# Title, what is measured (ours first), and the targets: description, and a test of the outcomes.
PARTS: dict[str, tuple[str, tuple[str, ...], list[tuple[str, Callable[[Found], bool]]]]] = {
    "auroc": (
        "AUROC of {size:,} pixels",
        ("adbench auroc", "scikit-learn auroc", "torchmetrics auroc"),
        [
            ("scikit-learn's figure to 1e-9", lambda found: _apart(found, "adbench auroc", "scikit-learn auroc") < 1e-9),
            ("faster than scikit-learn", lambda found: _ratio(found, "adbench auroc", "scikit-learn auroc") > 1),
            ("faster than torchmetrics", lambda found: _ratio(found, "adbench auroc", "torchmetrics auroc") > 1),
        ],
    ),
    "aupro": (
        "AUPRO of {size:,} maps of 240 x 240",
        ("adbench aupro", "anomalib aupro"),
        [
            ("anomalib's figure to 1e-6", lambda found: _apart(found, "adbench aupro", "anomalib aupro") < 1e-6),
            ("20 times as fast as anomalib", lambda found: _ratio(found, "adbench aupro", "anomalib aupro") >= 20),
        ],
    ),
    "bootstrap": (
        "Intervals of pixel AUROC and AUPRO, 1,000 resamples of {size:,} maps of 240 x 240",
        ("adbench intervals", "adbench intervals, on disk"),
        [
            ("under 60 s", lambda found: max(found[name]["seconds"] for name in PARTS["bootstrap"][1]) < 60),
            (
                "peak under 2 GiB, inputs included",
                lambda found: max(found[name]["peak_mib"] for name in PARTS["bootstrap"][1]) < 2048,
            ),
        ],
    ),
}

if __name__ == "__main__":
    main()
