"""The reference of the command line, from the application itself."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

from adbench.registry.cards import Registry
from parts.markdown import code, table


def commands(registry: Registry) -> str:
    """Every command with its arguments and options."""
    from typer.main import get_command

    from adbench.cli.main import app

    return "\n".join(_section(path, command) for path, command in _walk("adbench", get_command(app)))


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _walk(f"{path} {name}", child)


def _section(path: str, command: Any) -> str:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option" and not parameter.hidden]
    usage = " ".join([path, *(_usage(argument) for argument in arguments), *(["[OPTIONS]"] if options else [])])
    parts = [f"## {path}\n", f"{' '.join((command.help or '').split())}\n", f"```text\n{usage}\n```\n"]
    if arguments:
        parts.append(table(("argument", "meaning"), ((code(_name(a)), a.help or "") for a in arguments)))
    if options:
        choices = _choices(command)
        rows = ((_flags(o), code(_default(o)), _help(o, choices.get(o.name, ()))) for o in options)
        parts.append(table(("option", "default", "meaning"), rows))
    return "\n".join(parts)


def _choices(command: Any) -> dict[str, tuple[str, ...]]:
    """Parameter to the words that it takes; read from the function, as versions of typer keep them in different places."""
    hints = get_type_hints(inspect.unwrap(command.callback)) if command.callback else {}
    return {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}


def _name(argument: Any) -> str:
    return argument.metavar or argument.name.upper()


def _usage(argument: Any) -> str:
    name = _name(argument) + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _flags(option: Any) -> str:
    if option.is_flag:
        return ", ".join(map(code, [*option.opts, *(option.secondary_opts if option.default else [])]))
    value = option.metavar or option.name.rstrip("_").upper()
    return ", ".join(code(f"{flag} {value}") for flag in option.opts)


def _default(option: Any) -> str:
    if option.is_flag or option.required or option.default is None or callable(option.default):
        return ""
    return str(option.default)


def _help(option: Any, choices: Iterable[str]) -> str:
    notes = [f"one of {', '.join(map(code, choices))}"] if choices else []
    notes += ["required"] if option.required else []
    notes += ["may be repeated"] if option.multiple and "repeat" not in (option.help or "") else []
    notes += [f"environment: {code(option.envvar)}"] if option.envvar else []
    return " ".join(filter(None, [option.help, f"({'; '.join(notes)})" if notes else ""]))
