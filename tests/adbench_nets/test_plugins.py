"""First-party plugins: what they import, what they bring, and that each works without the others."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import adbench_nets
from adbench import DetectorCard, api
from adbench.planning.options import RunOptions
from adbench.registry.cards import Registry, load_registry
from adbench.registry.loading import load_plugins
from adbench.registry.parameters import build_parameters
from adbench.weights.catalogues import published_card

REPOSITORY = Path(__file__).resolve().parents[2]
PLUGINS = REPOSITORY / "plugins"
DECLARED = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["entry-points"]["adbench"]
# Over the preset demo: the least that still trains and scores.
SMALL = {
    "anomalib:Padim": {"image_size": 64, "arguments": '{"n_features": 20}'},
    "april-gan": {"image_size": 56, "epochs": 1},
    "bgad": {"image_size": 64, "epochs": 2, "sub_epochs": 1, "blocks": 2},
    "cflow": {"image_size": 64, "meta_epochs": 1, "sub_epochs": 1, "blocks": 2},
    "clip": {"image_size": 56},
    "dra": {"image_size": 64, "epochs": 1, "steps": 2, "batch_size": 6},
    "mkd": {"image_size": 32, "epochs": 1},
    "mvfa": {"image_size": 56, "epochs": 1, "augment": False},
    "mvfa-official": {"image_size": 56, "epochs": 1, "augment": False},
    "patchcore": {"image_size": 64},
    "rd4ad": {"image_size": 64, "epochs": 1},
    "winclip": {"image_size": 56},
}


@cache
def registry(*plugins: str) -> Registry:
    """With these first-party plugins alone."""
    return load_registry(load_plugins([EntryPoint(name, DECLARED[name], "adbench") for name in plugins]))


def methods() -> list[tuple[str, DetectorCard]]:
    """Every first-party method and its plugin."""
    return [(plugin, card) for plugin in DECLARED for card in registry(plugin).detectors.values()]


every_method = pytest.mark.parametrize(
    ("plugin", "card"), [pytest.param(plugin, card, id=card.name) for plugin, card in methods() if not card.name.endswith(":")]
)


@pytest.mark.parametrize("folder", sorted(path.name for path in PLUGINS.glob("adbench_*")))
def test_a_plugin_imports_no_other_plugin(folder: str) -> None:
    for file in (PLUGINS / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.startswith("adbench_") and name.partition(".")[0] != folder:
                    # Of the library the public names, which a third party has too.
                    assert name == "adbench_nets", f"{file.relative_to(PLUGINS)} imports {name}"


def test_nothing_heavy_is_imported_to_list_them() -> None:
    names = ", ".join(["adbench_nets", *DECLARED])
    heavy = {"torch", "numpy", "PIL", "transformers", "open_clip", "timm", "FrEIA", "anomalib", "pandas"}
    code = f"import sys, {names}; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_public_name_is_there() -> None:
    assert [name for name in adbench_nets.__all__ if not hasattr(adbench_nets, name)] == []
    assert dir(adbench_nets) == sorted(adbench_nets.__all__)
    with pytest.raises(AttributeError, match="no attribute 'tower_of_babel'"):
        adbench_nets.tower_of_babel  # noqa: B018


@pytest.mark.slow
def test_no_backbone_needs_anomalib() -> None:
    code = "import sys, adbench_nets as nets; [getattr(nets, name) for name in nets.__all__]; print('anomalib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@every_method
@pytest.mark.parametrize("preset", ["paper", "demo"])
def test_a_plugin_brings_the_weights_that_its_methods_name(plugin: str, card: DetectorCard, preset: str) -> None:
    parameters = build_parameters(card, preset, {})
    named = [getattr(parameters, field) for field in card.weight_parameters]
    assert [name for name in named if name and name not in registry(plugin).weights] == []


def test_cards_say_of_the_activation_what_open_clip_says() -> None:
    cards = [card for card in registry(*DECLARED).weights.values() if "/" in card.name and not card.embedded]
    assert cards
    for card in cards:
        published = published_card(card.name)
        assert published is not None
        assert card.quick_gelu == published.quick_gelu


def small(card: DetectorCard) -> dict:
    return {} if card.name == "medclip" else SMALL[card.name]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plugin", "name"),
    [
        pytest.param(
            plugin,
            "anomalib:Padim" if card.name == "anomalib:" else card.name,
            id=card.name,
            marks=[pytest.mark.anomalib] if plugin == "adbench_anomalib" else [],
        )
        for plugin, card in methods()
    ],
)
def test_the_demo_runs_without_the_other_plugins(plugin: str, name: str, tmp_path: Path) -> None:
    alone = registry(plugin, "adbench_phantoms")
    tracks = alone.detector(name).tracks[:1]
    datasets = ("phantom-brain",)
    asked = RunOptions(
        methods=(name,), datasets=datasets, preset="demo", parameters={name: small(alone.detector(name))}, track=tracks,
        shots=(2,), limit=2, device="cpu", offline=True, out=tmp_path,
    )  # fmt: skip
    run = api.execute_plan(api.plan(asked, alone), asked, alone)
    assert [record.status for record in run.records] == ["done"] * len(datasets), [record.error for record in run.records]
