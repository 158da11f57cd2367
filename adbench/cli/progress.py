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
    """Two bars: the cells of the run, and the current detector's own progress."""

    def __init__(self) -> None:
        self.finished = 0
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
        self._inner = self._progress.add_task("", visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Remove the bars."""
        self._progress.stop()

    def cell_started(self, cell: Cell, position: int, total: int) -> None:
        """Show which cell runs."""
        self._progress.update(self._cells, description=printable(cell.label), completed=position - 1, total=total)

    def progress(self, iterable: Iterable[Any], description: str) -> Iterator[Any]:
        """Show how far a detector is."""
        total = len(iterable) if isinstance(iterable, Sized) else None
        self._progress.reset(self._inner, description=f"  {printable(description)}", total=total, visible=True)
        for item in iterable:
            yield item
            self._progress.advance(self._inner)
        self._progress.update(self._inner, visible=False)

    def cell_ended(self, record: CellRecord, kept: bool) -> None:
        """One line per cell: its figures, or why it failed."""
        self.finished += record.status == "done"
        self._progress.advance(self._cells)
        if record.error:
            result = f"FAILED: {record.error['message']}"
        else:
            known = known_metrics([record])
            result = ", ".join(f"{name} {figure_words(known[name], value)}" for name, value in record.metrics.items())
            result += " (kept)" if kept else f" in {sum(record.seconds.values()):.1f} s"
        self._lines.print(printable(f"{record.label}: {result}"), markup=False)

    def warned(self, sentence: str) -> None:
        """One line."""
        self._lines.print(printable(f"adbench: warning: {sentence}"), markup=False)
