"""Progress bars of a run, or one line per cell without a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Any, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from adbench.cli.console import stderr
from adbench.planning.cell import Cell
from adbench.render.words import figure_words
from adbench.results.brought import known_metrics
from adbench.results.record import CellRecord
from adbench.running.executor import Reporter
from adbench.words import printable


class TerminalReporter(Reporter):
    """A bar for the cells of the run, with how many failed, and one for each thing that a detector is at."""

    def __init__(self) -> None:
        self.finished = self.failed = 0
        console = stderr()
        self._lines = console
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._cells = self._progress.add_task("cells", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Remove the bars."""
        self._progress.stop()

    def cell_started(self, cell: Cell, position: int, total: int) -> None:
        """Show which cell began last."""
        self._progress.update(self._cells, description=self._words(cell.label), total=total)

    def progress(self, iterable: Iterable[Any], description: str) -> Iterator[Any]:
        """Show how far a detector is; several may be shown at the same time."""
        total = len(iterable) if isinstance(iterable, Sized) else None
        task = self._progress.add_task(f"  {printable(description)}", total=total)
        try:
            for item in iterable:
                yield item
                self._progress.advance(task)
        finally:
            self._progress.remove_task(task)

    def cell_ended(self, record: CellRecord, kept: bool) -> None:
        """One line per cell: its figures, or why it failed."""
        self.finished += record.status == "done"
        self.failed += record.status != "done"
        self._progress.update(self._cells, advance=1, description=self._words(record.label))
        if record.error:
            result = f"FAILED: {record.error['message']}"
        else:
            known = known_metrics([record])
            result = ", ".join(f"{name} {figure_words(known[name], value)}" for name, value in record.metrics.items())
            result += " (kept)" if kept else f" in {sum(record.seconds.values()):.1f} s"
        self._lines.print(printable(f"{record.label}: {result}"), markup=False)

    def _words(self, label: str) -> str:
        return printable(f"{label} ({self.failed} failed)" if self.failed else label)

    def warned(self, sentence: str) -> None:
        """One line."""
        self._lines.print(printable(f"adbench: warning: {sentence}"), markup=False)
