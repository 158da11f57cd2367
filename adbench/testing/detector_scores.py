"""Checks of a detector's scores: well formed, the right way up, and dependent on one image only."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from adbench.contracts.detector import Prediction
from adbench.contracts.images import LabelledImages, resize_mask
from adbench.contracts.protocol import Support
from adbench.errors import UserError
from adbench.testing.checks import Check, CheckFailed, CheckSkipped
from adbench.testing.detector_bench import DetectorBench, demand_same
from adbench.testing.memory import changed_arrays, unlabelled
from adbench.testing.pictures import abnormal_pictures

if TYPE_CHECKING:
    from adbench.running.evaluate import Predictions

LEAST_AUROC = 0.6


def scores_well_formed(bench: DetectorBench) -> None:
    """One finite floating-point score per image and maps (B, h, w), in every batch."""
    batches = bench.batches()
    predictions = bench.predictions(bench.usual(), batches)
    for prediction in predictions:
        if not isinstance(prediction, Prediction):
            raise CheckFailed(f"predict returned {type(prediction).__name__}, not an adbench.Prediction")
    from adbench.running.evaluate import collect

    collect(bench.card, True, batches, predictions)


def higher_is_more_anomalous(bench: DetectorBench) -> None:
    """Images with a large planted anomaly get higher scores than normal ones, and so do its pixels.

    A network declared random on the card is judged only if it learns from images of the set: zero-shot it has nothing
    but its weights.
    """
    from adbench.metrics.ranking import auroc

    found = _telling_scores(bench)
    quality = auroc(bench.test.labels, found.scores)
    if quality < LEAST_AUROC:
        hint = " (the sign looks wrong)" if quality < 1 - LEAST_AUROC else ""
        raise CheckFailed(f"obvious anomalies are told from normal images with an AUROC of only {quality:.2f}{hint}")
    if found.maps is not None:
        masks = np.stack([resize_mask(mask, found.maps.shape[1:]) for mask in bench.test.masks])
        quality = auroc(masks, found.maps)
        if quality < LEAST_AUROC:
            raise CheckFailed(f"the pixels of obvious anomalies are found with an AUROC of only {quality:.2f}")


def _telling_scores(bench: DetectorBench) -> Predictions:
    if bench.track != "zero-shot" or not bench.card.has_random_weights(bench.parameters):
        return bench.usual_scores()
    learning = [track for track in bench.card.tracks if track != "zero-shot"]
    if not learning:
        raise CheckSkipped("the card declares its weights random, and it learns from no images")
    return bench.scores(bench.fit(bench.support(learning[0])), bench.test)


def deterministic(bench: DetectorBench) -> None:
    """The same seed gives the same scores, bit for bit."""
    again = bench.scores(bench.fit(bench.support()), bench.test)
    demand_same(bench.usual_scores(), again, "between two runs with the same seed", exact=True)


def independent_of_batch_size(bench: DetectorBench) -> None:
    """A score does not depend on how the test set is cut into batches."""
    _inductive(bench)
    for size in (1, 5, len(bench.test)):
        demand_same(bench.usual_scores(), bench.scores(bench.usual(), bench.test, size), f"in batches of {size}")


def independent_of_order(bench: DetectorBench) -> None:
    """A score depends neither on the order of the images nor on their ids."""
    _inductive(bench)
    backwards = list(range(len(bench.test)))[::-1]
    found = bench.scores(bench.usual(), bench.test[backwards])
    there = dataclasses.replace(found, scores=found.scores[backwards], maps=None if found.maps is None else found.maps[backwards])
    demand_same(bench.usual_scores(), there, "when the images come in another order")


def independent_of_neighbours(bench: DetectorBench) -> None:
    """A score does not depend on which other images are in the batch or the test set."""
    _inductive(bench)
    some = bench.test[:4]
    alone = bench.scores(bench.usual(), some)
    crowded = bench.scores(bench.usual(), some + abnormal_pictures(12, seed=4), batch_size=16)
    there = dataclasses.replace(crowded, scores=crowded.scores[:4], maps=None if crowded.maps is None else crowded.maps[:4])
    demand_same(alone, there, "when other images are in the batch")


def _inductive(bench: DetectorBench) -> None:
    if bench.card.is_transductive(bench.parameters):
        raise CheckSkipped("the card declares it transductive")


def inputs_unchanged(bench: DetectorBench) -> None:
    """Pixels, masks and labels are left unchanged."""
    fitted = bench.usual()
    batch = unlabelled(bench.test.images)
    bench.collected(fitted, [batch])
    for (name, images), (_, fresh) in zip(_fields(fitted.support), _fields(bench.support()), strict=True):
        if not np.array_equal(images.labels, fresh.labels):
            raise CheckFailed(f"the labels of support.{name} were changed")
        if changed := changed_arrays(images):
            raise CheckFailed(f"the {' and '.join(changed)} of support.{name} were changed in place")
    if changed_arrays(batch):
        raise CheckFailed("the pixels of a test batch were changed in place")


def _fields(support: Support) -> list[tuple[str, LabelledImages]]:
    named = [("normal", support.normal), ("abnormal", support.abnormal), ("valid", support.valid)]
    return named + [(f"auxiliary[{i}]", images) for i, images in enumerate(support.auxiliary)]


def devices_agree(bench: DetectorBench) -> None:
    """A GPU gives the same scores as the CPU, up to rounding."""
    if bench.gpu is None:
        raise CheckSkipped("torch finds no GPU here")
    fitted = bench.usual()
    context = bench.context(bench.gpu)
    moved = bench.make()
    moved.load_state_dict(fitted.detector.state_dict(), context)
    there = bench.scores(dataclasses.replace(fitted, detector=moved, context=context), bench.test)
    demand_same(bench.usual_scores(), there, f"between {bench.device} and {bench.gpu}", tolerance=0.02)
    try:
        bench.scores(bench.fit(bench.support(), bench.context(bench.gpu)), bench.test)
    except UserError as error:
        raise CheckFailed(f"fitted on {bench.gpu}: {error}") from error


CHECKS = (
    Check(
        "scores-well-formed",
        scores_well_formed,
        "Return adbench.Prediction(scores, maps): scores (B,) and maps (B, h, w), float32 or float64, without NaN; guard "
        "divisions and logarithms.",
    ),
    Check(
        "higher-is-more-anomalous",
        higher_is_more_anomalous,
        "Negate scores or maps that measure how normal an image is; else check that the demo preset trains enough.",
    ),
    Check(
        "deterministic",
        deterministic,
        "Draw random numbers from ctx.numpy_rng() or ctx.torch_rng(), keep no state between instances, and sort the contents "
        "of sets and folders.",
    ),
    Check(
        "independent-of-batch-size",
        independent_of_batch_size,
        "Put the network into eval mode and take statistics from the support, not from the batch; else set `transductive` on the "
        "card.",
    ),
    Check(
        "independent-of-order",
        independent_of_order,
        "Carry nothing over from one batch to the next, draw no random numbers in predict, and do not use ids; else set "
        "`transductive` on the card.",
    ),
    Check(
        "independent-of-neighbours",
        independent_of_neighbours,
        "Normalise scores with the support's ranges, not with those of the batch or test set; else set `transductive` on the "
        "card.",
    ),
    Check("inputs-unchanged", inputs_unchanged, "Copy before changing in place: `pixels = batch.pixels(size).astype(float)`."),
    Check(
        "devices-agree",
        devices_agree,
        "Move every tensor to ctx.device, including the loaded state, and draw random numbers on the CPU.",
    ),
)
