"""Generated parts are up to date; links lead somewhere; code compiles; commands and options exist."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pages import PAGES, REPOSITORY, blocks, commands, links, page_name
from typer.main import get_command

from adbench.cli.main import app
from adbench.testing.suite import DATASET_CHECKS, DETECTOR_CHECKS

every_page = pytest.mark.parametrize("page", PAGES, ids=page_name)


def test_generated_parts_are_up_to_date() -> None:
    script = [sys.executable, str(REPOSITORY / "docs" / "generate.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"Run `python docs/generate.py`.\n{done.stdout}{done.stderr}"


def test_every_page_is_in_the_navigation() -> None:
    navigation = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    docs = REPOSITORY / "docs"
    assert [page for page in PAGES if docs in page.parents and f": {page.relative_to(docs)}\n" not in navigation] == []


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    assert [target for target in links(page) if not (page.parent / target).exists()] == []


@every_page
def test_files_of_the_repository_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:adbench|plugins|tests|docs|benchmarks)/[\w./-]*)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


@every_page
def test_code_blocks_are_well_formed(page: Path) -> None:
    for block in blocks(page):
        if block.language == "python":
            compile(block.text, f"{page_name(page)} {block.title}", "exec")
        elif block.language == "toml":
            tomllib.loads(block.text)


@every_page
def test_commands_and_options_exist(page: Path) -> None:
    for words in commands(page):
        command: Any = get_command(app)
        for word in words[1:]:
            command = getattr(command, "commands", {}).get(word, command)
        assert command.name or {"--version", "--help"} & set(words), f"no such command: {' '.join(words)}"
        known = {option for p in command.params for option in (*p.opts, *p.secondary_opts)} | {"--help"}
        named = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert named <= known, f"no such option: {' '.join(words)}"
        checks = {check.name for check in (*DETECTOR_CHECKS, *DATASET_CHECKS)}
        assert {after for word, after in pairwise(words) if word == "--only"} <= checks, f"no such check: {' '.join(words)}"
