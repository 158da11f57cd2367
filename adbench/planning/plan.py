"""From what the user asks for to cells: names, groups, `all`, suites, and the pairs that make no sense."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from adbench.contracts.dataset import Dataset, DatasetCard
from adbench.contracts.detector import DetectorCard
from adbench.contracts.protocol import TRACKS, TRACKS_WITH_K
from adbench.errors import UserError, did_you_mean
from adbench.planning.cell import Cell, auxiliary_sets
from adbench.planning.options import RunOptions
from adbench.planning.suites import Block
from adbench.planning.supportlists import read_support_list
from adbench.registry.cards import ALL, Registry
from adbench.registry.factories import load_factory
from adbench.registry.parameters import build_parameters, changed_parameters, variant_name

DEFAULT_SHOTS = (4,)


@dataclass
class Plan:
    """What will run, what will not and why.

    Attributes:
        cells: in the order in which they run.
        skipped: (what, why) of pairs that make no sense.
        absent: (dataset, why and how to get it) of sets in a group that are not on disk.
        datasets: the sets by name, for the cells and for zero-shot training.
    """

    cells: list[Cell] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    absent: list[tuple[str, str]] = field(default_factory=list)
    datasets: dict[str, Dataset] = field(default_factory=dict)

    @property
    def synthetic(self) -> bool:
        """Whether only made-up images are planned."""
        return all(dataset.card.synthetic for dataset in self.datasets.values())


def make_plan(registry: Registry, options: RunOptions, blocks: Iterable[Block]) -> Plan:
    """Expand the blocks to cells, each cell once."""
    plan = Plan()
    seen: set[str] = set()
    methods_named: set[str] = set()
    for block in blocks:
        cards = choose_datasets(registry, block.datasets, options.data_root, plan)
        methods = expand_methods(registry, block.methods)
        methods_named.update(card.name for card in methods)
        preset = block.preset or ("demo" if all(card.synthetic for card in cards) else "paper")
        for method in methods:
            if missing := missing_package(method):
                plan.skipped.append((method.name, missing))
                continue
            try:
                parameters = build_parameters(method, preset, block.parameters.get(method.name, {}))
            except UserError as error:
                # `--methods all --preset demo` must not stop at a method that lacks what the preset needs.
                if ALL not in block.methods:
                    raise
                plan.skipped.append((method.name, str(error)))
                continue
            variant = variant_name(method.name, changed_parameters(method, preset, parameters))
            for track, k in tracks_for(method, block, plan):
                if track == "zero-shot":
                    _locate_neighbours(registry, cards, options.data_root, plan)
                for card in cards:
                    for seed in block.seeds:
                        cell = Cell(method, parameters, variant, card, track, k, seed, preset, options.protocol)
                        reason = incompatible(cell, plan)
                        if not reason and k and options.support_lists:
                            cell = with_support_list(cell, options.support_lists, plan)
                        key = f"{cell.label}|{preset}"
                        if reason and seed == block.seeds[0]:
                            plan.skipped.append((f"{variant} on {card.name}, {track}", reason))
                        elif not reason and key not in seen:
                            seen.add(key)
                            plan.cells.append(cell)
    _refuse_unused_weights(registry, options.weights, plan)
    unknown = set(options.parameters) - methods_named
    if options.support_lists and not any(cell.k for cell in plan.cells):
        raise UserError("--support-lists names images of the few-* tracks, and nothing here runs in one: add --track few-shot.")
    if unknown:
        name = sorted(unknown)[0]
        raise UserError(f"--set names {name!r}, which is not among the methods of this run.{did_you_mean(name, methods_named)}")
    return plan


def with_support_list(cell: Cell, folder: Path, plan: Plan) -> Cell:
    """The cell with the images that the user's lists give it. Raises `UserError` where they give none."""
    given = read_support_list(folder, plan.datasets[cell.dataset.name], cell.track, cell.k, cell.seed)
    return replace(cell, protocol=replace(cell.protocol, support_list=given))


def _refuse_unused_weights(registry: Registry, given: Iterable[str], plan: Plan) -> None:
    """A misspelt name would leave the published weights in use without a word."""
    if any(cell.detector.own_weights for cell in plan.cells):
        return  # what such a method takes is known only once it is built
    used = {getattr(cell.parameters, name) for cell in plan.cells for name in cell.detector.weight_parameters} - {""}
    for name in given:
        if name not in used and name not in registry.weights:
            raise UserError(f"--weights gives {name!r}, which nothing here uses.{did_you_mean(name, used)}")


def expand_methods(registry: Registry, names: Iterable[str]) -> list[DetectorCard]:
    """Names and `all` to cards, each once, in the order given."""
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


def choose_datasets(registry: Registry, names: Iterable[str], root: Path | None, plan: Plan) -> list[DatasetCard]:
    """Names, groups and `all` to the cards of sets that are there.

    `all` stands for every real set on disk, and for the synthetic ones where the user has given no data root. A group
    takes what is there and notes what is absent; a set named by itself must be there.
    """
    if root is not None and not root.is_dir():
        raise UserError(
            f"The data root {root} is not a folder: give --data-root (or ADBENCH_DATA) the folder that holds the sets."
        )
    groups = registry.groups()
    chosen: dict[str, DatasetCard] = {}
    for name in names:
        if name in groups:
            members = groups[name]
        elif name == ALL:
            plain = [card for card in registry.datasets.values() if not card.name.endswith(":")]
            members = [card for card in plain if card.synthetic == (root is None)]
        else:
            members = [registry.dataset(name)]
        present = [plan.datasets[card.name].card for card in members if _locate(card, root, plan)]
        if not present:
            reasons = [reason for absent, reason in plan.absent if absent in {card.name for card in members}]
            raise UserError(f"{name}: none of its datasets is there. {reasons[0] if reasons else ''}".strip())
        chosen.update((card.name, card) for card in present)
    if not chosen:
        raise UserError("No dataset is given: --datasets NAME,... or --datasets all; see `adbench datasets`.")
    return list(chosen.values())


def tracks_for(method: DetectorCard, block: Block, plan: Plan) -> list[tuple[str, int]]:
    """(track, k) pairs that a method runs: those asked for that it knows, else its usual one."""
    wanted = block.tracks or method.tracks[:1]
    for track in wanted:
        if track not in TRACKS:
            raise UserError(f"Unknown track {track!r}.{did_you_mean(track, TRACKS)}")
        if track not in method.tracks:
            plan.skipped.append((f"{method.name}, {track}", f"{method.title} knows only {', '.join(method.tracks)}"))
    shots = block.shots or DEFAULT_SHOTS
    return [(track, k) for track in wanted if track in method.tracks for k in (shots if track in TRACKS_WITH_K else (0,))]


def missing_package(method: DetectorCard) -> str:
    """What the method needs and is not installed, or ""."""
    for package, install in method.requires.items():
        if importlib.util.find_spec(package) is None:
            return f"{method.title} needs {package}, which is not installed: {install}"
    return ""


def incompatible(cell: Cell, plan: Plan) -> str:
    """Why this pair makes no sense, or ""."""
    if cell.detector.needs_masks and not cell.dataset.has_masks:
        return f"{cell.detector.title} learns from masks, and {cell.dataset.title} has none"
    if cell.track == "zero-shot" and cell.detector.uses_auxiliary and not auxiliary_sets(cell, plan.datasets):
        return f"zero-shot learns from the other sets of the group, and no other than {cell.dataset.name} is there"
    return ""


def _locate_neighbours(registry: Registry, cards: list[DatasetCard], root: Path | None, plan: Plan) -> None:
    groups = registry.groups()
    for group in {group for card in cards for group in card.groups}:
        for member in groups[group]:
            _locate(member, root, plan)


def _locate(card: DatasetCard, root: Path | None, plan: Plan) -> bool:
    if card.name in plan.datasets:
        return True
    if any(card.name == name for name, _ in plan.absent):
        return False
    try:
        dataset = load_factory(card.factory, f"The dataset {card.name}")(card, root)
        reason = dataset.absence()
    except UserError as error:
        reason = str(error)
    except Exception as error:
        reason = f"its plugin failed: {type(error).__name__}: {error}"
    if reason:
        plan.absent.append((card.name, reason))
        return False
    plan.datasets[card.name] = dataset
    return True
