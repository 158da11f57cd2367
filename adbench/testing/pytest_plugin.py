"""`pytest --adbench NAME`: the checks of a plugin, detector or dataset as tests, next to those of the folder.

Every pytest loads this where adbench is installed, so nothing heavy is imported until the option is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("adbench", "conformance of adbench plugins")
    group.addoption("--adbench", action="append", default=[], metavar="NAME", help="check this method, dataset or plugin")
    group.addoption("--adbench-data-root", type=Path, metavar="DIR", help="folder that holds the datasets to check")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Append the checks."""
    names = config.getoption("--adbench")
    if names:
        items.extend(_items(session, names, config.getoption("--adbench-data-root")))


def _items(session: pytest.Session, names: list[str], data_root: Path | None) -> Iterator[pytest.Item]:
    from adbench.errors import UserError
    from adbench.registry.cards import load_registry
    from adbench.testing.parametrize import as_test
    from adbench.testing.subjects import benches
    from adbench.testing.suite import bound_checks

    try:
        registry = load_registry()
        subjects = [bench for name in dict.fromkeys(names) for bench in benches(name, registry, data_root=data_root)]
    except UserError as error:
        raise pytest.UsageError(str(error)) from error
    for bench in subjects:
        parent = Checks.from_parent(session, name=bench.card.name, nodeid=f"adbench/{bench.card.name}")
        for check, _ in bound_checks([bench]):
            yield CheckItem.from_parent(parent, name=check.name, test=as_test(check, bench))


class Checks(pytest.Collector):
    """The checks of one subject."""

    def collect(self) -> list[pytest.Item]:
        """Nothing to collect: the items are created with it."""
        return []


class CheckItem(pytest.Item):
    """One check."""

    def __init__(self, *, test: Callable[[], None], **rest: Any) -> None:
        super().__init__(**rest)
        self._test = test

    def runtest(self) -> None:
        """Run it."""
        self._test()

    def reportinfo(self) -> tuple[str, None, str]:
        """Its path and name."""
        return "adbench", None, self.nodeid
