"""Checks of a detector's card: complete, true, and cheap to read."""

from __future__ import annotations

import dataclasses
import re
from importlib.metadata import PackageNotFoundError, version

from adbench.contracts.detector import Selection
from adbench.contracts.protocol import TRACKS
from adbench.errors import UserError, did_you_mean
from adbench.planning.suites import PRESETS
from adbench.registry.parameters import build_parameters
from adbench.testing.checks import Check, CheckFailed, explained
from adbench.testing.detector_bench import DetectorBench
from adbench.testing.registration import MEND_IMPORT_COST, cheap_to_register

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*(:.*)?")
SELECTIONS: tuple[Selection, ...] = ("last", "valid", "test-oracle")


def card_complete(bench: DetectorBench) -> None:
    """The card gives the method's source, abilities and parameters."""
    card = bench.card
    if not NAME.fullmatch(card.name):
        raise CheckFailed(f"the name {card.name!r} is not lower-case letters, digits, dots and dashes")
    for field in ("title", "citation", "licence", "version"):
        if not getattr(card, field).strip():
            raise CheckFailed(f"`{field}` is empty")
    if not card.tracks or len(set(card.tracks)) < len(card.tracks):
        raise CheckFailed(f"tracks {card.tracks!r} are empty, or name one twice")
    for track in card.tracks:
        if track not in TRACKS:
            raise CheckFailed(f"{track!r} is not a track.{did_you_mean(track, TRACKS)}")
    for package in card.packages:
        if not installed(package):
            raise CheckFailed(f"`packages` names {package!r}, which is not an installed distribution")
    _parameters(bench)
    if not callable(getattr(bench.make(), "predict", None)):
        raise CheckFailed(f"{card.factory} does not make a detector: what it returns has no `predict`")


def installed(package: str) -> bool:
    """Whether there is a distribution of this name, as pip knows it."""
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _parameters(bench: DetectorBench) -> None:
    kind = bench.card.parameters
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise CheckFailed("`parameters` is not a dataclass")
    if not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise CheckFailed(f"{kind.__name__} is not frozen: a detector could change the parameters that the results name")
    fields = dataclasses.fields(kind)
    for field in fields:
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise CheckFailed(f"the parameter {field.name!r} has no default")
        if not str(field.metadata.get("help", "")).strip():
            raise CheckFailed(f"the parameter {field.name!r} has no help")
    names = [field.name for field in fields]
    for name in bench.card.weight_parameters:
        if name not in names:
            raise CheckFailed(f"weight_parameters names {name!r}, which is not a parameter.{did_you_mean(name, names)}")
    for preset, values in bench.card.presets.items():
        if preset not in PRESETS:
            raise CheckFailed(f"{preset!r} is not a preset.{did_you_mean(preset, PRESETS)}")
        for name in values:
            if name not in names:
                raise CheckFailed(f"the preset {preset!r} sets {name!r}, which is not a parameter.{did_you_mean(name, names)}")
    for preset in PRESETS:
        parameters = build_parameters(bench.card, preset, dict(bench.card.presets.get(preset, {})))
        selection = bench.card.checkpoint(parameters)
        if selection not in SELECTIONS:
            raise CheckFailed(f"{selection!r} is not a way to choose a checkpoint.{did_you_mean(selection, SELECTIONS)}")


def card_truthful(bench: DetectorBench) -> None:
    """The detector does what the card says about tracks, maps and masks."""
    card = bench.card
    for track in card.tracks:
        support = bench.support(track)
        try:
            fitted = bench.usual() if track == bench.track else bench.fit(support)
            predictions = bench.predictions(fitted, bench.batches())
        except Exception as error:
            raise CheckFailed(f"the card names the track {track}, but under it: {_sentence(error)}") from error
        given = [prediction.maps is not None for prediction in predictions]
        if any(given) != card.gives_maps or all(given) != card.gives_maps:
            raise CheckFailed(
                f"gives_maps is {card.gives_maps}, but {sum(given)} of {len(given)} predictions under {track} have maps"
            )
        if any(prediction.scores is None for prediction in predictions) and card.map_score is None:
            raise CheckFailed(f"predictions under {track} have no scores, and map_score does not say how a map becomes one")
    learns_from_masks = [track for track in card.tracks if track in ("few-shot", "zero-shot")]
    if learns_from_masks and not card.needs_masks:
        try:
            fitted = bench.fit(bench.support(learns_from_masks[0], masks=False))
            bench.scores(fitted, bench.test[:4])
        except Exception as error:
            raise CheckFailed(f"needs_masks is False, but on a set without masks: {_sentence(error)}") from error


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, UserError) else explained(error)


CHECKS = (
    Check(
        "card-complete",
        card_complete,
        "Fill in the field of the DetectorCard; declare parameters with `name: type = adbench.parameter(default, help)` in a "
        "frozen dataclass.",
    ),
    Check(
        "card-truthful",
        card_truthful,
        "Correct `tracks`, `gives_maps`, `map_score` or `needs_masks` on the card, or make the detector do what they say.",
    ),
    Check(
        "import-cost",
        cheap_to_register,
        MEND_IMPORT_COST,
    ),
)
