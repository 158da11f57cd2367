"""A distribution of somebody else's: built as a wheel, installed beside adbench, discovered, checked, run."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
pytestmark = pytest.mark.slow


def uv() -> str:
    """The installer; it comes with the test dependencies."""
    found = shutil.which("uv")
    if found is None and importlib.util.find_spec("uv"):
        from uv import find_uv_bin

        found = find_uv_bin()
    return found or pytest.skip("needs uv to build wheels: pip install uv")


class Environment:
    """A fresh environment that holds adbench's wheel; what adbench depends on is shared with the running one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        call(sys.executable, "-m", "venv", "--without-pip", folder / "env")
        self.python = folder / "env" / "bin" / "python"
        # A plain path: the other environment's own .pth files, and with them an editable adbench, are left behind.
        (Path(self.output("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()) / "shared.pth").write_text(
            sysconfig.get_path("purelib") + "\n"
        )

    def install_wheel(self, source: Path) -> None:
        """Build a wheel and install it without its dependencies."""
        built = self.folder / f"dist-{source.name}"
        call(uv(), "build", "--wheel", "--quiet", "--out-dir", built, source)
        call(uv(), "pip", "install", "--quiet", "--python", self.python, "--no-deps", *built.glob("*.whl"))

    def install_editable(self, source: Path) -> None:
        """As an author does."""
        call(uv(), "pip", "install", "--quiet", "--python", self.python, "--no-deps", "-e", source)

    def output(self, *arguments: object) -> str:
        """What Python prints in this environment, away from the checkout."""
        return call(self.python, *arguments, cwd=self.folder)

    def adbench(self, *arguments: object) -> str:
        """What the installed command prints."""
        return call(self.python.parent / "adbench", *arguments, cwd=self.folder)


def call(*command: object, cwd: Path | None = None) -> str:
    """stdout; a command that fails fails the test with all that it said."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=cwd, env=clean, stdin=subprocess.DEVNULL, timeout=300
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With adbench."""
    made = Environment(tmp_path_factory.mktemp("installed"))
    made.install_wheel(REPOSITORY)
    where = made.output("-c", "import adbench; print(adbench.__file__)")
    assert where.startswith(str(made.folder)), "adbench is not the one that was installed"
    return made


def test_a_wheel_of_a_third_party(environment: Environment) -> None:
    environment.install_wheel(HERE / "adbench-lattice")
    plugin = next(entry for entry in json.loads(environment.adbench("plugins", "--json")) if entry["name"] == "lattice")
    assert (plugin["distribution"], plugin["version"], plugin["error"]) == ("adbench-lattice", "1.2.3", "")
    assert plugin["hooks"] == ["adbench_datasets", "adbench_detectors"]

    results = json.loads(environment.adbench("plugins", "check", "lattice", "--json"))
    assert {result["subject"] for result in results} == {"lattice-z", "lattice-dots"}
    assert {result["check"] for result in results if result["status"] == "skipped"} <= {"devices-agree"}

    environment.adbench("run", "--methods", "lattice-z", "--datasets", "lattice-dots,phantom-resc", "--out", "run")
    rows = json.loads(environment.adbench("leaderboard", "run", "--format", "json"))
    # Missing dots are far darker than any deviation of the normal ones.
    figures = {row["metric"]: row["value"] for row in rows if row["dataset"] == "lattice-dots"}
    assert figures["image_auroc"] == 1.0
    assert figures["pixel_auroc"] > 0.5


@pytest.mark.parametrize("kind", ["detector", "dataset"])
def test_a_plugin_from_the_template(environment: Environment, kind: str) -> None:
    name = f"my-{kind}"
    environment.adbench("plugins", "new", name, "--kind", kind)
    environment.install_editable(environment.folder / name)
    results = json.loads(environment.adbench("plugins", "check", name, "--json"))
    assert {result["subject"] for result in results} == {name}
    own = environment.output("-m", "pytest", "-q", environment.folder / name)
    counted = re.search(r"(\d+) passed", own)
    assert counted
    assert int(counted[1]) > 12, "the checks run as tests of the author's own"
    if kind == "dataset":
        environment.adbench("run", "--methods", "my-detector", "--datasets", name, "--out", "run-template")
        rows = json.loads(environment.adbench("leaderboard", "run-template", "--format", "json"))
        assert {row["method"] for row in rows} == {"my-detector"}


def test_pytest_takes_the_option(environment: Environment) -> None:
    """The plugin of pytest is found by its entry point."""
    (environment.folder / "empty").mkdir()
    said = environment.output("-m", "pytest", "-v", "--adbench", "phantom-resc", environment.folder / "empty")
    assert "adbench/phantom-resc::fingerprint-stable PASSED" in said
