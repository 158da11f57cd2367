"""Turn what the user asks for into cells, without the pairs that make no sense."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from adbench.contracts.dataset import Dataset, DatasetCard
from adbench.contracts.detector import DetectorCard
from adbench.contracts.protocol import TRACKS, TRACKS_WITH_K
from adbench.errors import UserError, did_you_mean
from adbench.planning.cell import Cell
from adbench.planning.options import RunOptions
from adbench.planning.shelf import Shelf
from adbench.planning.suites import Block
from adbench.planning.supportlists import read_support_list
from adbench.registry.cards import ALL, Registry
from adbench.registry.parameters import build_parameters, changed_parameters, variant_name

DEFAULT_SHOTS = (4,)


class Skipped(NamedTuple):
    """What a plan leaves out, in words, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Plan:
    """What will run, what will not and why.

    Attributes:
        cells: in the order in which they run.
        skipped: what makes no sense, with the reason.
        absent: (dataset, why and how to get it) of sets in a group that are not on disk.
        datasets: the sets by name, for the cells and for zero-shot training.
    """

    cells: list[Cell]
    skipped: list[Skipped]
    absent: list[tuple[str, str]]
    datasets: dict[str, Dataset]

    @property
    def synthetic(self) -> bool:
        """Whether all planned sets are synthetic."""
        return all(dataset.card.synthetic for dataset in self.datasets.values())


class Method(NamedTuple):
    """A method as a block runs it."""

    card: DetectorCard
    parameters: Any
    variant: str
    preset: str


def make_plan(registry: Registry, options: RunOptions, blocks: Iterable[Block]) -> Plan:
    """Expand the blocks into cells, each cell once. Raises `UserError` if a name is unknown or an option has no effect."""
    shelf = Shelf(registry, options.data_root, options.reading)
    cells: dict[tuple[str, str], Cell] = {}
    skipped: list[Skipped] = []
    named: set[str] = set()
    for block in blocks:
        cards = shelf.choose(block.datasets)
        preset = block.preset or ("demo" if all(card.synthetic for card in cards) else "paper")
        for card in expand_methods(registry, block.methods):
            named.add(card.name)
            for found in _cells(card, preset, block, cards, shelf, options):
                if isinstance(found, Skipped):
                    skipped.append(found)
                else:
                    cells.setdefault((found.label, found.preset), found)
    plan = Plan(list(cells.values()), skipped, list(shelf.absent.items()), shelf.present)
    _refuse_idle_options(registry, options, plan, named)
    return plan


def _cells(
    card: DetectorCard, preset: str, block: Block, datasets: list[DatasetCard], shelf: Shelf, options: RunOptions
) -> Iterator[Cell | Skipped]:
    """The cells of one method of a block, and what is left out."""
    method = _prepare(card, preset, block)
    if isinstance(method, Skipped):
        yield method
        return
    yield from _unknown_tracks(card, block)
    for track, k in tracks_for(card, block):
        for dataset in datasets:
            auxiliary = _auxiliary(card, track, dataset, shelf, options)
            if reason := incompatible(card, track, dataset, auxiliary):
                yield Skipped(f"{method.variant} on {dataset.name}, {track}", reason)
                continue
            for seed in block.seeds:
                cell = Cell(card, method.parameters, method.variant, dataset, track, k, seed, preset, options.protocol, auxiliary)
                yield _with_support_list(cell, shelf, options)


def _prepare(card: DetectorCard, preset: str, block: Block) -> Method | Skipped:
    if missing := missing_package(card):
        return Skipped(card.name, missing)
    try:
        parameters = build_parameters(card, preset, block.parameters.get(card.name, {}))
    except UserError as error:
        # `--methods all --preset demo` must not stop at a method that cannot run under the preset.
        if ALL not in block.methods:
            raise
        return Skipped(card.name, str(error))
    return Method(card, parameters, variant_name(card.name, changed_parameters(card, preset, parameters)), preset)


def expand_methods(registry: Registry, names: Iterable[str]) -> list[DetectorCard]:
    """Names and `all` to cards, each once, in the given order."""
    chosen: dict[str, DetectorCard] = {}
    for name in names:
        if name == ALL:
            plain = [card for card in registry.detectors.values() if not card.name.endswith(":")]
            chosen.update((card.name, card) for card in plain if card.name not in chosen)
        else:
            chosen.setdefault(name, registry.detector(name))
    if not chosen:
        raise UserError("No method is given: --methods NAME,... or --methods all; see `adbench methods`.")
    return list(chosen.values())


def tracks_for(method: DetectorCard, block: Block) -> list[tuple[str, int]]:
    """(track, k) pairs that a method runs: the requested ones that it supports, else its usual one."""
    shots = block.shots or DEFAULT_SHOTS
    wanted = block.tracks or method.tracks[:1]
    return [(track, k) for track in wanted if track in method.tracks for k in (shots if track in TRACKS_WITH_K else (0,))]


def _unknown_tracks(method: DetectorCard, block: Block) -> Iterator[Skipped]:
    for track in block.tracks:
        if track not in TRACKS:
            raise UserError(f"Unknown track {track!r}.{did_you_mean(track, TRACKS)}")
        if track not in method.tracks:
            yield Skipped(f"{method.name}, {track}", f"{method.title} supports only {', '.join(method.tracks)}")


def missing_package(method: DetectorCard) -> str:
    """What the method needs that is not installed, as a sentence, or ""."""
    for package, install in method.requires.items():
        if importlib.util.find_spec(package) is None:
            return f"{method.title} needs {package}, which is not installed: {install}"
    return ""


def incompatible(method: DetectorCard, track: str, dataset: DatasetCard, auxiliary: tuple[str, ...]) -> str:
    """Why this pair makes no sense, or ""."""
    if method.needs_masks and not dataset.has_masks:
        return f"{method.title} learns from masks, and {dataset.title} has none"
    if track == "zero-shot" and method.uses_auxiliary and not auxiliary:
        return f"zero-shot learns from the other sets of the group, and only {dataset.name} is available"
    return ""


def _auxiliary(method: DetectorCard, track: str, target: DatasetCard, shelf: Shelf, options: RunOptions) -> tuple[str, ...]:
    """Names of the other sets that a method learns from: those of the target's groups, under zero-shot."""
    if track != "zero-shot":
        return ()
    others = shelf.neighbours(target)  # even if the method uses none: the plan names absent sets
    if not method.uses_auxiliary:
        return ()
    return tuple(
        other.card.name for other in others if not (options.other_modalities_only and other.card.modality == target.modality)
    )


def _with_support_list(cell: Cell, shelf: Shelf, options: RunOptions) -> Cell:
    """The cell with the images that the user's lists give it. Raises `UserError` if they give none."""
    if not cell.k or options.support_lists is None:
        return cell
    given = read_support_list(options.support_lists, shelf.present[cell.dataset.name], cell.track, cell.k, cell.seed)
    return replace(cell, protocol=replace(cell.protocol, support_list=given))


def _refuse_idle_options(registry: Registry, options: RunOptions, plan: Plan, methods: set[str]) -> None:
    """Raise `UserError` for an option that would be silently ignored, e.g. a misspelt name."""
    _refuse_unused_weights(registry, options.weights, plan)
    if options.support_lists and not any(cell.k for cell in plan.cells):
        raise UserError("--support-lists names images of the few-* tracks, but no cell here uses one: add --track few-shot.")
    for name in sorted(set(options.parameters) - methods):
        raise UserError(f"--set names {name!r}, which is not among the methods of this run.{did_you_mean(name, methods)}")


def _refuse_unused_weights(registry: Registry, given: Iterable[str], plan: Plan) -> None:
    if any(cell.detector.own_weights for cell in plan.cells):
        return  # what such a method uses is known only once it is built
    used = {getattr(cell.parameters, name) for cell in plan.cells for name in cell.detector.weight_parameters} - {""}
    for name in given:
        if name not in used and name not in registry.weights:
            raise UserError(f"--weights gives {name!r}, which nothing here uses.{did_you_mean(name, used)}")
