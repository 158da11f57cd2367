"""Names, groups, `all` and suites become cells; what makes no sense is skipped with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from toyplugin import toy_registry

from adbench import UserError, api
from adbench.planning.options import RunOptions
from adbench.planning.plan import Plan


def plan(**options) -> Plan:
    defaults = {"methods": ("peak",), "datasets": ("toys",)}
    return api.plan(RunOptions(**{**defaults, **options}), toy_registry())


def test_a_group_is_the_sets_that_are_there() -> None:
    assert [cell.dataset.name for cell in plan().cells] == ["toy-a", "toy-b", "toy-plain"]


def test_the_usual_track_is_the_first_of_the_card() -> None:
    assert {(cell.track, cell.k) for cell in plan().cells} == {("few-normal", 4)}


def test_the_grid_is_a_product_without_repeats() -> None:
    planned = plan(methods=("peak", "peak"), track=("few-shot", "full-normal"), shots=(2, 4), seeds=(0, 1))
    assert len(planned.cells) == 3 * 2 * 3
    assert {(cell.track, cell.k) for cell in planned.cells} == {("few-shot", 2), ("few-shot", 4), ("full-normal", 0)}


def test_a_set_without_masks_is_skipped_for_a_method_that_needs_them() -> None:
    planned = plan(methods=("masky",))
    assert [cell.dataset.name for cell in planned.cells] == ["toy-a", "toy-b"]
    assert planned.skipped == [("masky on toy-plain, few-shot", "Masky learns from masks, and Plain has none")]


def test_a_method_whose_package_is_not_installed_is_skipped() -> None:
    planned = plan(methods=("peak", "distant"))
    assert {cell.detector.name for cell in planned.cells} == {"peak"}
    assert planned.skipped == [("distant", "Distant needs no_such_package, which is not installed: pip install it")]


def test_a_track_that_the_method_lacks_is_skipped() -> None:
    planned = plan(methods=("peak", "masky"), track=("full-normal",))
    assert {cell.detector.name for cell in planned.cells} == {"peak"}
    assert planned.skipped[0][0] == "masky, full-normal"


def test_zero_shot_knows_the_other_sets_of_the_group_even_if_they_are_not_planned() -> None:
    planned = plan(datasets=("toy-a",), track=("zero-shot",))
    assert len(planned.cells) == 1
    assert set(planned.datasets) == {"toy-a", "toy-b", "toy-plain"}


def test_zero_shot_without_another_set_is_skipped() -> None:
    with pytest.raises(UserError, match="only toy-broken is available"):
        plan(datasets=("toy-broken",), track=("zero-shot",))


def test_zero_shot_without_another_set_is_fine_for_a_method_that_learns_from_none() -> None:
    registry = toy_registry()
    registry.detectors["peak"] = replace(registry.detectors["peak"], uses_auxiliary=False)
    for name in ("toy-broken", "toy-a"):  # a set without neighbours, and one with
        (cell,) = api.plan(RunOptions(methods=("peak",), datasets=(name,), track=("zero-shot",)), registry).cells
        assert cell.auxiliary == ()


def test_a_set_named_by_itself_must_be_there() -> None:
    with pytest.raises(UserError, match="fetch it from the shelf"):
        plan(datasets=("toy-absent",))


def test_a_group_of_which_nothing_is_there_is_an_error() -> None:
    with pytest.raises(UserError, match="none of its datasets is available"):
        plan(datasets=("shelf",))


def test_all_is_the_synthetic_sets_without_a_data_root(tmp_path: Path) -> None:
    assert {cell.dataset.name for cell in plan(datasets=("all",)).cells} == {"toy-a", "toy-b", "toy-plain"}
    real = plan(datasets=("all",), data_root=tmp_path)
    assert {cell.dataset.name for cell in real.cells} == {"toy-broken"}
    assert real.absent == [("toy-absent", "toy-absent is not here: fetch it from the shelf.")]


def test_the_preset_follows_the_data(tmp_path: Path) -> None:
    assert {cell.preset for cell in plan(datasets=("toys",)).cells} == {"demo"}
    assert {cell.parameters.scale for cell in plan(datasets=("toys",)).cells} == {2.0}
    assert {cell.preset for cell in plan(datasets=("toy-broken",)).cells} == {"paper"}
    assert {cell.preset for cell in plan(datasets=("toys",), preset="paper").cells} == {"paper"}


def test_a_changed_parameter_names_a_variant() -> None:
    assert {cell.variant for cell in plan(parameters={"peak": {"scale": "3"}}).cells} == {"peak[scale=3.0]"}
    assert {cell.variant for cell in plan(parameters={"peak": {"scale": "2"}}).cells} == {"peak"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ("peek",)}, "Unknown method 'peek'. Did you mean 'peak'"),
        ({"methods": ()}, "No method is given"),
        ({"datasets": ("toyz",)}, "Unknown dataset 'toyz'. Did you mean 'toys'"),
        ({"track": ("few-shots",)}, "Unknown track 'few-shots'. Did you mean 'few-shot'"),
        ({"parameters": {"peak": {"scael": "1"}}}, "no parameter 'scael'. Did you mean 'scale'"),
        ({"parameters": {"peak": {"scale": "much"}}}, "peak.scale = 'much' is not valid"),
        ({"parameters": {"peek": {"scale": "1"}}}, "--set names 'peek'.*Did you mean 'peak'"),
        (
            {"parameters": {"peak": {"weights": "mine"}}, "weights": {"mien": Path(__file__)}},
            "--weights gives 'mien', which nothing here uses. Did you mean 'mine'",
        ),
        ({"data_root": Path("/no/such/folder")}, "is not a folder"),
        ({"preset": "papre"}, "Unknown preset 'papre'. Did you mean 'paper'"),
        ({"precision": "fp8"}, "Unknown precision"),
        ({"shots": (0,)}, "--shots must be 1 or more"),
        ({"suite": "no-such-suite"}, "no suite file"),
    ],
)
def test_bad_input_is_one_clear_sentence(options: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        plan(**options)


def test_weights_may_be_given_that_a_card_names_or_a_method_finds_itself() -> None:
    assert plan(weights={"toy-weights": Path(__file__)}).cells
    assert plan(methods=("own",), weights={"any": Path(__file__)}).cells


SUITE = """
title = "T"
datasets = ["toys"]
seeds = [0, 1]

[[grid]]
methods = ["peak"]
tracks = ["few-shot"]
shots = [2]
set.peak.scale = 5.0

[[grid]]
methods = ["masky"]
datasets = ["toy-a"]
"""


@pytest.fixture
def suite(tmp_path: Path) -> str:
    file = tmp_path / "suite.toml"
    file.write_text(SUITE)
    return str(file)


def test_a_suite_gives_a_grid(suite: str) -> None:
    planned = plan(suite=suite, methods=(), datasets=())
    assert [(c.variant, c.dataset.name, c.k, c.seed) for c in planned.cells if c.detector.name == "masky"] == [
        ("masky", "toy-a", 4, 0),
        ("masky", "toy-a", 4, 1),
    ]
    assert {c.variant for c in planned.cells if c.detector.name == "peak"} == {"peak[scale=5.0]"}
    assert len(planned.cells) == 2 + 3 * 2


def test_the_command_line_overrides_a_suite(suite: str) -> None:
    planned = plan(suite=suite, methods=("peak",), datasets=("toy-b",), seeds=(7,), parameters={"peak": {"scale": "6"}})
    assert [(c.variant, c.dataset.name, c.k, c.seed) for c in planned.cells] == [("peak[scale=6.0]", "toy-b", 2, 7)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('seedz = [1]\n[[grid]]\nmethods = ["peak"]', "unknown key 'seedz'. Did you mean 'seeds'"),
        ('[[grid]]\nmethods = ["peak"]\ntrack = ["x"]', "unknown key 'track'. Did you mean 'tracks'"),
        ('title = "nothing"', r"no \[\[grid\]\]"),
        ("[[grid]]\nseeds = [1]", "has no `methods`"),
        ('[[grid]]\nmethods = ["peak"]\nseeds = ["a"]', "`seeds.0`"),
        ('[[grid]]\nmethods = "peak"', "`methods`: Input should be a valid list"),
        ("not toml", "not valid TOML"),
    ],
)
def test_a_bad_suite_is_one_clear_sentence(tmp_path: Path, change: str, message: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(change)
    with pytest.raises(UserError, match=message):
        plan(suite=str(file), methods=(), datasets=())
