"""`adbench plugins new`: a complete small distribution from templates, for its author to fill in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Literal

from adbench.errors import UserError
from adbench.registry.cards import load_registry

Kind = Literal["detector", "dataset"]
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SUFFIX = ".jinja"
PACKAGE = "package"  # in a template path, replaced by the name of the plugin's package


def new_plugin(name: str, kind: Kind, folder: Path) -> list[Path]:
    """Create the distribution `adbench-NAME` in `folder/NAME`.

    Args:
        name: name of the detector or dataset, lower case, e.g. `bright-spots`.
        kind: what the plugin brings.
        folder: where to create the new folder.

    Returns:
        The files; the first is directly in the new folder.

    Raises:
        UserError: the name cannot be used, or the folder exists or cannot be written.
    """
    _check_name(name)
    package = f"adbench_{name.replace('-', '_')}"
    _refuse_taken(name, package)
    target = folder / name
    if target.exists():
        raise UserError(f"{target} exists already: choose another name, or another place with --folder.")
    title = " ".join(word.capitalize() for word in name.split("-"))
    class_name = f"{title.replace(' ', '')}{kind.capitalize()}"  # without the kind it could be `None` or `Parameters`
    words = {"name": name, "package": package, "title": title, "class_name": class_name, "kind": kind}
    texts = {path: text for part in ("common", kind) for path, text in _rendered(part, words)}
    try:
        for path, text in texts.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{target} cannot be written ({error.strerror}): choose another place with --folder.") from error
    return [target / path for path in sorted(texts, key=lambda path: (len(path.parts), path.name))]


def _check_name(name: str) -> None:
    if NAME.fullmatch(name):
        return
    near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    hint = f" Try {near!r}." if NAME.fullmatch(near) else ""
    raise UserError(
        f"{name!r} cannot be used: a name is lower-case letters, digits and single dashes, starting with a letter.{hint}"
    )


def _refuse_taken(name: str, package: str) -> None:
    registry = load_registry()
    for noun, names in (("method", registry.detectors), ("dataset", registry.datasets), ("group of datasets", registry.groups())):
        if name in names:
            raise UserError(f"There is a {noun} {name!r} already: choose another name.")
    if find_spec(package) is not None:
        raise UserError(f"There is a package {package} already: choose another name.")
    try:
        distribution(f"adbench-{name}")
    except PackageNotFoundError:
        return
    raise UserError(f"A distribution adbench-{name} is installed already: choose another name.")


def _rendered(part: str, words: dict[str, str]) -> Iterator[tuple[PurePosixPath, str]]:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    for path, template in _templates(files("adbench.scaffold") / "templates" / part, PurePosixPath()):
        named = PurePosixPath(*(step.replace(PACKAGE, words["package"]) for step in path.parts))
        text = environment.from_string(template.read_text(encoding="utf-8")).render(words)
        yield named.with_name(named.name.removesuffix(SUFFIX)), text


def _templates(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _templates(entry, path / entry.name)
        elif entry.name.endswith(SUFFIX):
            yield path / entry.name, entry
