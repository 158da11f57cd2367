"""Rebuild the generated parts of the pages, what stands between `<!-- generated: NAME -->` and `<!-- end -->`, and the pictures.

    python docs/generate.py            # write
    python docs/generate.py --check    # print what would change, and exit 1 if anything would

Only first-party plugins are read, whatever else is installed.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

from adbench.registry.cards import Registry, load_registry
from adbench.registry.loading import load_plugins
from parts import PARTS, PICTURES

DOCS = Path(__file__).parent
REGION = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.S)


def first_party() -> Registry:
    """The cards of the plugins in this repository."""
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entries = [EntryPoint(name, value, "adbench") for name, value in project["entry-points"]["adbench"].items()]
    registry = load_registry(load_plugins(entries))
    failed = registry.plugins.failed()
    if failed:
        raise SystemExit(f"{failed[0].name}: {failed[0].error}")
    return registry


def rebuilt(page: str, registry: Registry) -> str:
    """A page with its generated parts made anew."""
    return REGION.sub(lambda found: f"{found[1]}\n{PARTS[found[2]](registry).strip()}\n\n{found[3]}", page)


def made(registry: Registry) -> Iterator[tuple[Path, str]]:
    """Every page and picture with the text that it should have."""
    for file in sorted(DOCS.rglob("*.md")):
        yield file, rebuilt(file.read_text(encoding="utf-8"), registry)
    for name, picture in PICTURES.items():
        yield DOCS / name, picture()


def main() -> int:
    """Write, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    drifted = False
    for file, new in made(first_party()):
        old = file.read_text(encoding="utf-8") if file.exists() else ""
        if new == old:
            continue
        drifted = True
        if check:
            sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), str(file), "rebuilt"))
        else:
            file.write_text(new, encoding="utf-8")
            print(file)
    return int(check and drifted)


if __name__ == "__main__":
    sys.exit(main())
