"""A fresh environment with adbench's wheel, for tests that act as a user."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SECONDS = 600


def uv() -> str:
    """The installer; it comes with the test dependencies."""
    found = shutil.which("uv")
    if found is None and importlib.util.find_spec("uv"):
        from uv import find_uv_bin

        found = find_uv_bin()
    return found or pytest.skip("needs uv to build wheels: pip install uv")


class Environment:
    """A fresh environment with adbench's wheel; its dependencies are shared with the running one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        call(sys.executable, "-m", "venv", "--without-pip", folder / "env")
        self.python = folder / "env" / "bin" / "python"
        # A plain path: the other environment's .pth files, and so an editable adbench, are not taken over.
        (Path(self.output("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()) / "shared.pth").write_text(
            sysconfig.get_path("purelib") + "\n"
        )

    def install_wheel(self, source: Path) -> None:
        """Build a wheel and install it without its dependencies."""
        built = self.folder / f"dist-{source.name}"
        call(uv(), "build", "--wheel", "--quiet", "--out-dir", built, source)
        call(uv(), "pip", "install", "--quiet", "--python", self.python, "--no-deps", *built.glob("*.whl"))

    def install_editable(self, source: Path) -> None:
        """Install in editable mode, as an author does."""
        call(uv(), "pip", "install", "--quiet", "--python", self.python, "--no-deps", "-e", source)

    def output(self, *arguments: object) -> str:
        """Output of Python in this environment, outside the checkout."""
        return call(self.python, *arguments, cwd=self.folder)

    def adbench(self, *arguments: object) -> str:
        """Output of the installed command."""
        return call(self.python.parent / "adbench", *arguments, cwd=self.folder)


def call(*command: object, cwd: Path | None = None) -> str:
    """stdout; a failing command fails the test with all its output."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def adbench_environment(folder: Path) -> Environment:
    """An environment in this folder, with adbench installed from its wheel."""
    made = Environment(folder)
    made.install_wheel(REPOSITORY)
    where = made.output("-c", "import adbench; print(adbench.__file__)")
    assert where.startswith(str(made.folder)), "adbench is not the installed one"
    return made
