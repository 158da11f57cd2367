"""How cells are run: where, how many at once, held to what. None of it decides a score."""

from __future__ import annotations

from dataclasses import dataclass, field

from adbench.running.watch import Limits


@dataclass(frozen=True)
class Conduct:
    """What executors of the core go by.

    Attributes:
        devices: one contestant at a time on each.
        workers: contestants at a time on each device.
        limits: what one cell may take.
        retries: how often a cell is run again whose contestant died.
        sandbox: `required`, `auto` or `off`.
        modules: of the methods of the plan, imported before the first cell.
        packages: folders that they are imported from.
        threads: of torch, in every contestant.
    """

    devices: tuple[str, ...] = ("cpu",)
    workers: int = 1
    limits: Limits = field(default_factory=Limits)
    retries: int = 0
    sandbox: str = "auto"
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    threads: int = 1

    @property
    def slots(self) -> tuple[str, ...]:
        """The device of each contestant that may run at the same time."""
        return tuple(device for device in self.devices for _ in range(self.workers))
