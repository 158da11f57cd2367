"""The documented API is the real one: every public name with a docstring, every argument and field that it explains."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from docstrings import entries
from pages import REPOSITORY

import adbench
import adbench.metrics
import adbench.testing
import adbench_nets
from adbench.contracts import hookspecs

PAGES = REPOSITORY / "docs" / "reference"
MODULES = (adbench, adbench.metrics, adbench.testing, adbench_nets)


def fields_of(member: Any) -> set[str]:
    """The fields of a dataclass or named tuple."""
    if dataclasses.is_dataclass(member):
        return {field.name for field in dataclasses.fields(member)}
    return set(getattr(member, "_fields", ()))


def members() -> Iterator[tuple[str, Any]]:
    """Every public function and class, and the public methods and properties that a class defines."""
    public = {f"{module.__name__}.{name}": getattr(module, name) for module in MODULES for name in module.__all__}
    public = {name: value for name, value in public.items() if inspect.isroutine(value) or inspect.isclass(value)}
    for name, value in public.items():
        yield name, value
        if inspect.isclass(value):
            for part, member in vars(value).items():
                if (
                    part[0] != "_"
                    and part not in fields_of(value)
                    and (inspect.isfunction(member) or isinstance(member, property))
                ):
                    yield f"{name}.{part}", member


every_member = pytest.mark.parametrize("member", [pytest.param(value, id=name) for name, value in members()])


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_page_has_exactly_the_public_names(module: Any) -> None:
    page = (PAGES / f"{module.__name__.rpartition('.')[2].removeprefix('adbench_')}.md").read_text(encoding="utf-8")
    documented = re.findall(rf"^::: {module.__name__}\.(\w+)$", page, re.M)
    assert sorted(documented) == sorted(module.__all__)


@every_member
def test_it_has_a_docstring(member: Any) -> None:
    assert inspect.getdoc(member), "no docstring"


@every_member
def test_arguments_are_those_of_the_signature(member: Any) -> None:
    documented = entries(member, "Args")
    if documented and not isinstance(member, property):
        assert documented == set(inspect.signature(member).parameters) - {"self"}


@every_member
def test_every_field_is_explained(member: Any) -> None:
    if fields := fields_of(member):
        assert fields == entries(member, "Attributes")


def test_every_hook_is_documented_with_its_exact_arguments() -> None:
    page = (PAGES / "hooks.md").read_text(encoding="utf-8")
    hooks = {name: value for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.GROUP}_spec")}
    documented = dict(re.findall(r"^def (\w+)\((.*?)\) -> ", page, re.M))
    assert documented == {name: ", ".join(inspect.signature(hook).parameters) for name, hook in hooks.items()}
