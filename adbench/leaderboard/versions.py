"""Rows that were measured with several versions of a package that decides their scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adbench.results.record import CellRecord


@dataclass(frozen=True)
class Versions:
    """One package that decides the scores of one row.

    Attributes:
        variant: the row.
        package: the distribution, as its card names it.
        measured: versions behind the row's figures, in the order in which they were used.
        superseded: other versions, behind cells that newer ones replaced.
    """

    variant: str
    package: str
    measured: tuple[str, ...]
    superseded: tuple[str, ...] = ()


def several_versions(counting: Sequence[CellRecord], superseded: Iterable[CellRecord] = ()) -> list[Versions]:
    """The packages of one row with more than one version behind its cells.

    Args:
        counting: the finished cells behind the row's figures.
        superseded: finished cells of the row that they replaced.
    """
    older = list(superseded)
    names = {name for record in (*counting, *older) for name in record.identity.get("packages", {})}
    found = []
    for name in sorted(names):
        measured = _versions(name, counting)
        before = tuple(version for version in _versions(name, older) if version not in measured)
        if len(measured) + len(before) > 1:
            found.append(Versions(counting[0].variant, name, measured, before))
    return found


def _versions(package: str, records: Iterable[CellRecord]) -> tuple[str, ...]:
    """Each once; for records older than `identity["packages"]`, from their environment."""
    ordered = sorted(records, key=lambda record: record.started)
    known = ({**record.environment.get("packages", {}), **record.identity.get("packages", {})} for record in ordered)
    return tuple(dict.fromkeys(versions[package] for versions in known if package in versions))
