"""Print what CHANGELOG.md says of a version, or say why its tag cannot be released: `python .ci/release_notes.py v1.2.3`."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

HEADING = re.compile(r"^## (\S+) \((\S+)\)$", re.M)
CITED = re.compile(r"^version: (\S+)$", re.M)
DATE = re.compile(r"\d{4}-\d\d-\d\d")


class NotReadyError(Exception):
    """What must be mended before this tag can be released."""


def release_notes(root: Path, tag: str) -> str:
    """The changelog's lines on the version that this tag names; the checkout at `root` must be of that version."""
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if tag != f"v{version}":
        raise NotReadyError(f"The tag is {tag}, but pyproject.toml has version {version}: the tag must be v{version}.")
    cited = CITED.findall((root / "CITATION.cff").read_text(encoding="utf-8"))
    if cited != [version]:
        raise NotReadyError(f"CITATION.cff has version {', '.join(cited) or 'none'}: make it {version}.")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = list(HEADING.finditer(changelog))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if heading[1] == version:
            if not DATE.fullmatch(heading[2]):
                raise NotReadyError(f"CHANGELOG.md says '{heading[2]}' of {version}: put the date there, as 2026-01-31.")
            return changelog[heading.end() : following.start() if following else None].strip() + "\n"
    raise NotReadyError(f"CHANGELOG.md has no heading '## {version} (DATE)'.")


if __name__ == "__main__":
    try:
        sys.stdout.write(release_notes(Path(__file__).resolve().parents[1], *sys.argv[1:]))
    except NotReadyError as problem:
        sys.exit(str(problem))
