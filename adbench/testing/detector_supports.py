"""Checks of a detector on unusual images: few, tiny anomalies, constant, of odd sizes, or none at all."""

from __future__ import annotations

from adbench.contracts.protocol import Support
from adbench.errors import UserError
from adbench.testing.checks import Check, CheckFailed, explained
from adbench.testing.detector_bench import NONE, DetectorBench
from adbench.testing.pictures import (
    Pictures,
    abnormal_pictures,
    constant_pictures,
    normal_pictures,
    one_pixel_pictures,
)

ODD_SHAPES = ((37, 53), (101, 64), (16, 90))


def one_normal_image(bench: DetectorBench) -> None:
    """Learns from a single normal image (and, few-shot, a single abnormal one)."""
    _works(bench, bench.support(normal=normal_pictures(1, seed=1), abnormal=abnormal_pictures(1, seed=1)), bench.test[:4])


def one_pixel_anomalies(bench: DetectorBench) -> None:
    """Handles anomalies of one pixel, which resizing may remove from a mask."""
    support = bench.support(
        abnormal=one_pixel_pictures(4, seed=1), valid=normal_pictures(4, seed=2) + one_pixel_pictures(4, seed=2)
    )
    _works(bench, support, one_pixel_pictures(4, seed=3))


def constant_images(bench: DetectorBench) -> None:
    """Handles images of a single grey level, in the support and the test set."""
    grey = constant_pictures([120, 120, 120, 120])
    support = bench.support(normal=grey, abnormal=constant_pictures([120, 255, 0, 200], abnormal=True))
    _works(bench, support, constant_pictures([0, 120, 255]))


def odd_sizes(bench: DetectorBench) -> None:
    """Handles images of any size, even within one batch."""
    support = bench.support(
        normal=normal_pictures(4, seed=1, shapes=ODD_SHAPES),
        abnormal=abnormal_pictures(4, seed=1, shapes=ODD_SHAPES),
        valid=normal_pictures(3, seed=2, shapes=ODD_SHAPES) + abnormal_pictures(3, seed=2, shapes=ODD_SHAPES),
    )
    _works(bench, support, normal_pictures(3, seed=3, shapes=ODD_SHAPES) + abnormal_pictures(3, seed=3, shapes=ODD_SHAPES))


def _works(bench: DetectorBench, support: Support, images: Pictures) -> None:
    bench.scores(bench.fit(support), images)


def too_little_support(bench: DetectorBench) -> None:
    """Says in one sentence (`UserError`) that a support is too small to work with."""
    from adbench.running.evaluate import collect

    for track in bench.card.tracks:
        for case, support in _too_little(bench, track).items():
            batches = bench.batches()
            try:
                predictions = bench.predictions(bench.fit(support), batches)
            except UserError:
                continue
            except Exception as error:
                raise CheckFailed(f"{case} under {track} ends in {explained(error)}") from error
            try:
                collect(bench.card, True, batches, predictions)
            except UserError as error:
                raise CheckFailed(f"{case} under {track} is not refused: {error}") from error


def _too_little(bench: DetectorBench, track: str) -> dict[str, Support]:
    nothing = bench.support(track, normal=NONE, abnormal=NONE, valid=NONE)
    if track != "few-shot":
        return {"a support without any image": nothing}
    return {
        "a support without any image": nothing,
        "a support without normal images": bench.support(track, normal=NONE, valid=NONE),
        "a support without abnormal images": bench.support(track, abnormal=NONE, valid=NONE),
    }


CHECKS = (
    Check(
        "one-normal-image",
        one_normal_image,
        "Guard standard deviations (one image has none), and ask for no more neighbours than there are images.",
    ),
    Check(
        "one-pixel-anomalies",
        one_pixel_anomalies,
        "A resized mask may be empty: guard divisions by the number of abnormal pixels, and losses over none.",
    ),
    Check("constant-images", constant_images, "Guard divisions by a range or deviation, which is 0 on a constant image."),
    Check("odd-sizes", odd_sizes, "Ask for pixels and masks at a fixed size: `batch.pixels(side)`, `images.masks(side)`."),
    Check(
        "too-little-support",
        too_little_support,
        "Check len(support.normal), len(support.abnormal) and support.auxiliary in fit, and raise adbench.UserError with one "
        "sentence on what is needed.",
    ),
)
