"""`adbench plugins new` makes a distribution whose parts fit together."""

from __future__ import annotations

import ast
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from adbench import UserError
from adbench.registry.cards import load_registry
from adbench.registry.factories import load_factory
from adbench.registry.loading import load_plugins
from adbench.scaffold import new_plugin
from adbench.testing import check_dataset, check_detector


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["detector", "dataset"])
def test_the_made_plugin_passes_every_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    name = f"bright-{kind}"
    made = new_plugin(name, kind, tmp_path)
    folder = tmp_path / name
    assert made[0].parent == folder
    assert {str(file.relative_to(folder)) for file in made} == {
        ".gitignore",
        "README.md",
        "pyproject.toml",
        ".github/workflows/test.yml",
        f"src/adbench_bright_{kind}/__init__.py",
        f"src/adbench_bright_{kind}/{kind}.py",
        f"tests/test_adbench_bright_{kind}.py",
    }
    for file in made:
        text = file.read_text()
        assert "{%" not in text
        assert "{{" not in text.replace("${{ matrix.python }}", "")
        if file.suffix == ".py":
            ast.parse(text)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == f"adbench-{name}"
    monkeypatch.syspath_prepend(folder / "src")
    entries = [EntryPoint(key, value, "adbench") for key, value in project["entry-points"]["adbench"].items()]
    registry = load_registry(load_plugins(entries))
    results = check_detector(name, registry=registry) if kind == "detector" else check_dataset(name, registry=registry)
    assert [(r.check, r.reason) for r in results if r.status == "failed"] == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, "detector") for name in ("none", "class", "parameters", "mapping", "x2-3d")]
    + [(name, "dataset") for name in ("true", "import", "item", "split", "dataset")],
)
def test_words_of_python_and_of_the_templates_are_names_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    files = new_plugin(name, kind, tmp_path)
    monkeypatch.syspath_prepend(tmp_path / name / "src")
    package = f"adbench_{name.replace('-', '_')}"
    registry = load_registry(load_plugins([EntryPoint(package, package, "adbench")]))
    card = (registry.detectors if kind == "detector" else registry.datasets)[name]
    assert load_factory(card.factory, name)
    test = next(file for file in files if file.name.startswith("test_"))
    names = [
        alias.name for node in ast.walk(ast.parse(test.read_text())) if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Bright_Spots", "Try 'bright-spots'"),
        ("3d", "starting with a letter"),
        ("../up", "cannot be used"),
        ("a b", "cannot be used"),
        ("mvfa", "There is a package adbench_mvfa already"),
        ("patchcore", "There is a method 'patchcore' already"),
        ("phantoms", "already"),
        ("here", "exists already"),
    ],
)
def test_names_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str) -> None:
    from adbench import scaffold

    plugins = [EntryPoint(plugin, plugin, "adbench") for plugin in ("adbench_anomalib", "adbench_phantoms")]
    monkeypatch.setattr(scaffold, "load_registry", lambda: load_registry(load_plugins(plugins)))
    (tmp_path / "here").mkdir()
    with pytest.raises(UserError, match=reason):
        new_plugin(name, "detector", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_a_distribution_of_that_name_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`adbench-vision` is adbench itself."""
    from adbench import scaffold

    monkeypatch.setattr(scaffold, "distribution", {"adbench-vision": None}.__getitem__)
    with pytest.raises(UserError, match="A distribution adbench-vision is installed already"):
        new_plugin("vision", "detector", tmp_path)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        new_plugin("bright", "detector", tmp_path / "file")
