"""Compare a run with a baseline, or two runs, cell by cell: better, same, worse, incomparable."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from adbench.contracts.protocol import track_words
from adbench.errors import ExitCode, UserError
from adbench.metrics.comparison import Contrast, mean_contrast
from adbench.regression.baseline import BaselineCell, cell_key, cell_label, comparable_part
from adbench.regression.power import detectable_loss
from adbench.results.paired import place
from adbench.results.record import CellRecord

Verdict = Literal["better", "same", "worse", "incomparable", "new"]
TOLERANCE = 0.01
IMAGE, PIXEL = "image_auroc", "pixel_auroc"
WORDS = {"fingerprint": "dataset content", "auxiliary": "content of the other sets", "protocol": "protocol"}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One figure of a comparison.

    Attributes:
        label: the cell, or a method's mean over its datasets.
        metric: what is compared.
        before, after: the figures, in [0, 1]; None if not measured.
        low, high: 95 % interval of after - before; None without one.
        verdict, reason: the outcome, and why if that is not obvious.
        visible: the smallest loss that would have been found, see `adbench.regression.power`; None if none would, or unknown.
    """

    label: str
    metric: str
    before: float | None = None
    after: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: Verdict
    reason: str = ""
    visible: float | None = None

    @property
    def difference(self) -> float | None:
        """after - before."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True)
class Rule:
    """When a figure is worse.

    Attributes:
        tolerance: how much AUROC may be lost, in [0, 1).
        strict: a figure that fell by more than that is worse even if its interval allows for chance: for runs that
            should repeat exactly.
    """

    tolerance: float = TOLERANCE
    strict: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < 1:
            raise UserError(f"--tolerance must be in [0, 1), not {self.tolerance:g}.")

    def verdict(self, difference: float, low: float, high: float) -> Verdict:
        """Worse if the whole interval lies below minus the tolerance, better if it lies above the tolerance."""
        if high < -self.tolerance or (self.strict and difference < -self.tolerance):
            return "worse"
        return "better" if low > self.tolerance else "same"


def check(
    run: Iterable[BaselineCell],
    baseline: Iterable[BaselineCell],
    failed: Iterable[CellRecord] = (),
    rule: Rule | None = None,
) -> list[Comparison]:
    """Compare every cell of the baseline with that of the run, and every method's mean over its datasets.

    Image AUROCs are compared by the paired interval of DeLong (1988), or with subjects by that of Obuchowski (1997). A cell of a
    small set can lose several points within its interval; the mean over datasets, whose samples are independent, shows
    losses that no single cell proves. Pixel AUROCs are compared by the intervals of both, as if they came from
    different images: without maps they cannot be paired, so only large losses show.

    Args:
        run: cells with their scores; if a cell was measured again, the last one counts.
        baseline: the same from before.
        failed: records of the run's failed cells.
        rule: when a figure is worse.
    """
    rule = rule or Rule()
    before, found = list(baseline), _Found(run, failed)
    rows: list[Comparison] = []
    pairs: list[tuple[BaselineCell, BaselineCell]] = []
    for old in before:
        new = found.counterpart(old)
        if isinstance(new, str):
            rows.append(_incomparable(old, new))
        else:
            rows += compare_cells(old, new, rule)
            pairs.append((old, new))
    rows += _means(pairs, {row.label for row in rows if row.metric == IMAGE and row.verdict == "incomparable"}, rule)
    return rows + found.others({old.label for old in before})


class _Found:
    """What a run holds: its finished cells by label, oldest first, and the last failure under each label."""

    def __init__(self, cells: Iterable[BaselineCell], failed: Iterable[CellRecord]) -> None:
        self._cells: dict[str, list[BaselineCell]] = {}
        for cell in sorted(cells, key=lambda cell: cell.started):
            self._cells.setdefault(cell.label, []).append(cell)
        self._crashed = {cell_label(cell_key(record)): record for record in sorted(failed, key=lambda record: record.started)}

    def counterpart(self, old: BaselineCell) -> BaselineCell | str:
        """The cell to compare with one of the baseline; or why there is none."""
        alike = self._cells.get(old.label, [])
        new = next((cell for cell in reversed(alike) if cell.conditions == old.conditions), alike[-1] if alike else None)
        record = self._crashed.get(old.label)
        if record and (new is None or _supersedes(record, new)):
            return _crash(record)
        return new or "the run does not have this cell"

    def others(self, known: Container[str]) -> list[Comparison]:
        """A row for each cell that is not in the baseline: crashed ones, then new ones."""
        crashed = [
            Comparison(label=label, metric=IMAGE, verdict="incomparable", reason=_crash(record))
            for label, record in self._crashed.items()
            if label not in known and label not in self._cells
        ]
        new = [
            Comparison(
                label=label,
                metric=IMAGE,
                after=cells[-1].metrics.get(IMAGE),
                verdict="new",
                reason="the baseline does not have this cell",
            )
            for label, cells in self._cells.items()
            if label not in known
        ]
        return crashed + new


def compare_cells(old: BaselineCell, new: BaselineCell, rule: Rule) -> list[Comparison]:
    """One row per metric. The two may be the same cell of two runs, or two methods on the same images."""
    for name, value in old.conditions.items():
        if new.conditions.get(name) != value:
            return [_incomparable(old, f"different {WORDS.get(name, name)}")]
    if old.images != new.images or old.labels != new.labels:
        return [_incomparable(old, "different test images")]
    return [_image_row(old, new, rule), *_pixel_row(old, new, rule)]


def exit_code(compared: Sequence[Comparison]) -> ExitCode:
    """3 if something is worse; 1 if something is incomparable, or nothing was compared at all."""
    verdicts = {row.verdict for row in compared} - {"new"}
    if "worse" in verdicts:
        return ExitCode.REGRESSION
    return ExitCode.CELL_FAILED if "incomparable" in verdicts or not verdicts else ExitCode.OK


def _image_row(old: BaselineCell, new: BaselineCell, rule: Rule) -> Comparison:
    placed, before = place([new.table]), place([old.table])
    if placed is None or before is None:
        return _incomparable(old, "the test images have one label only")
    change = placed.contrast(before)
    if change is None or math.isnan(change.variance):
        return _incomparable(old, "too few images (or subjects) of a label for an interval")
    visible = detectable_loss([old.table], rule.tolerance)
    return _judged(old.label, IMAGE, old.metrics.get(IMAGE), new.metrics.get(IMAGE), change, visible, rule)


def _judged(
    label: str, metric: str, before: float | None, after: float | None, change: Contrast, visible: float | None, rule: Rule
) -> Comparison:
    _, low, high, _ = change.difference()
    verdict = rule.verdict(change.value, low, high)
    return Comparison(
        label=label, metric=metric, before=before, after=after, low=low, high=high, verdict=verdict, visible=visible
    )


def _pixel_row(old: BaselineCell, new: BaselineCell, rule: Rule) -> list[Comparison]:
    """Empty if the baseline has no interval to judge by."""
    before, after, ends = old.metrics.get(PIXEL), new.metrics.get(PIXEL), old.intervals.get(PIXEL)
    if before is None or ends is None:
        return []
    if after is None:
        return [_incomparable(old, "no pixel AUROC was measured", PIXEL)]
    low, high = new.intervals.get(PIXEL, ends)
    difference = after - before
    # Two independent figures (Zou and Donner 2008); that they share their images would only narrow it.
    down = difference - math.hypot(after - low, ends[1] - before)
    up = difference + math.hypot(high - after, before - ends[0])
    verdict = rule.verdict(difference, down, up)
    return [Comparison(label=old.label, metric=PIXEL, before=before, after=after, low=down, high=up, verdict=verdict)]


def _means(pairs: list[tuple[BaselineCell, BaselineCell]], incomparable: set[str], rule: Rule) -> list[Comparison]:
    """One row per method that has several datasets, all of them comparable."""
    methods: dict[str, list[tuple[BaselineCell, BaselineCell]]] = {}
    for old, new in pairs:
        track = track_words(old.key["track"], old.key["k"])
        methods.setdefault(f"{old.key['variant']}, {track}, mean ({old.key['preset']})", []).append((old, new))
    rows = []
    for label, cells in methods.items():
        datasets: dict[str, list[tuple[BaselineCell, BaselineCell]]] = {}
        for old, new in cells:
            datasets.setdefault(old.key["dataset"], []).append((old, new))
        if len(datasets) > 1 and not any(old.label in incomparable for old, _ in cells):
            rows += _mean(label, list(datasets.values()), rule)
    return rows


def _mean(label: str, datasets: list[list[tuple[BaselineCell, BaselineCell]]], rule: Rule) -> list[Comparison]:
    """Empty if the seeds of a dataset have different test images."""
    befores = [place([old.table for old, _ in seeds]) for seeds in datasets]
    afters = [place([new.table for _, new in seeds]) for seeds in datasets]
    changes = [after.contrast(before) for before, after in zip(befores, afters, strict=True) if before and after]
    known = [change for change in changes if change]
    if len(known) < len(datasets):
        return []
    before, after = (fmean(float(one.placed.positives.mean()) for one in side if one) for side in (befores, afters))
    visible = detectable_loss([seeds[0][0].table for seeds in datasets], rule.tolerance)
    return [_judged(label, IMAGE, before, after, mean_contrast(known), visible, rule)]


def _supersedes(record: CellRecord, cell: BaselineCell) -> bool:
    """A crash after the cell was measured means that it no longer runs, unless it was under another protocol."""
    protocol = comparable_part(record)["protocol"]
    return record.started > cell.started and protocol in (None, cell.conditions["protocol"])


def _crash(record: CellRecord) -> str:
    return f"the cell failed: {record.error['message'] if record.error else 'no message'}"


def _incomparable(old: BaselineCell, reason: str, metric: str = IMAGE) -> Comparison:
    return Comparison(label=old.label, metric=metric, before=old.metrics.get(metric), verdict="incomparable", reason=reason)
