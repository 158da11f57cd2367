"""The options of `RunOptions` on the command line: all of them for `adbench run`, those on reading files for other commands."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from adbench.contracts.dataset import Reading
from adbench.planning.options import RunOptions

# The lines of its docstring: name to what the command line shows.
HELP = {name: text[0].upper() + text[1:] for name, text in re.findall(r"^ +(\w+): (.+)$", inspect.getdoc(RunOptions) or "", re.M)}
DEFAULTS = {field.name: field.default for field in dataclasses.fields(RunOptions)}
# Options that the command line words differently from Python.
FLAGS = {"parameters": "--set", "value_range": "--range", "normal_names": "--normal-name"}
VARIABLES = {"data_root": "ADBENCH_DATA"}
REPEATABLE = {"weights", "parameters", "keep"}


def run_option(name: str) -> inspect.Parameter:
    """The option of a field of `RunOptions`."""
    return option(name, DEFAULTS[name], _kind(name, DEFAULTS[name]), HELP[name])


def option(name: str, default: Any, kind: Any, text: str) -> inspect.Parameter:
    """An option as typer finds it in the signature of a command."""
    flags = [FLAGS[name]] if name in FLAGS else []
    found = typer.Option(*flags, help=text, envvar=VARIABLES.get(name), show_default=default not in ("", None))
    default = default if isinstance(default, bool | int | str | Path) else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, found])


def given_options(values: dict[str, Any]) -> RunOptions:
    """The options from what the command line gave; None is what the user left out."""
    return RunOptions(**{name: value for name, value in values.items() if value is not None})


def with_reading(*unused: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command that takes `reading: Reading` the options for it, before its own last one.

    Args:
        unused: fields of `Reading` that mean nothing to the command.
    """
    names = [field.name for field in dataclasses.fields(Reading) if field.name not in unused]

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def called(**given: Any) -> None:
            command(reading=given_options({name: given.pop(name) for name in names}).reading, **given)

        hints = get_type_hints(command, include_extras=True)
        *first, last = (
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
            for name, parameter in inspect.signature(command).parameters.items()
            if name != "reading"
        )
        called.__signature__ = inspect.Signature([*first, *map(run_option, names), last])  # type: ignore[attr-defined]
        return called

    return decorated


def _kind(name: str, default: Any) -> Any:
    """What typer reads: the options convert texts themselves."""
    if name in REPEATABLE:
        return list[str] | None
    if isinstance(default, bool | int | Path):
        return type(default)
    return {"limit": int | None, "cell_timeout": float | None}.get(name, str | None)
