"""The suites of adbench_papers: each plans on phantoms and on what is there of BMAD, and holds what its table holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from firstparty import first_party

from adbench import UserError, api
from adbench.leaderboard.published import published_figures
from adbench.planning.options import RunOptions
from adbench.planning.plan import Plan
from adbench.planning.suites import Block, load_suite, read_suite, suite_files
from adbench.registry.cards import Registry, load_registry
from adbench.registry.loading import load_plugins

# Suites of sets of which nothing is at hand; tests/adbench_medical plans them on made-up trees.
OTHER_SETS = ("busi", "kaggle-brain", "medianomaly")
TABLES = {"mvfa-table1": "Table 1", "mvfa-table2": "Table 2", "mvfa-figure3": "Figure 3"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    """What pyproject.toml declares, installed or not."""
    return first_party()


def blocks_of(suite: str) -> list[Block]:
    return load_suite(suite, first_party())


def plan(registry: Registry, suite: str, **options) -> Plan:
    return api.plan(RunOptions(suite=suite, **options), registry)


def test_the_suites_that_come_along_are_there() -> None:
    assert set(suite_files(first_party())) == {
        "bmad", "demo", "mvfa-ablation", "mvfa-figure3", "mvfa-table1", "mvfa-table2", *OTHER_SETS,
    }  # fmt: skip


@pytest.mark.parametrize("name", list(first_party().suites))
def test_a_suite_has_a_title_and_plans_on_phantoms(name: str, registry: Registry) -> None:
    assert read_suite(name, registry)["title"]
    planned = plan(registry, name, datasets=("phantoms",))
    methods = {method for block in blocks_of(name) for method in block.methods}
    assert {cell.detector.name for cell in planned.cells} == methods
    assert {cell.preset for cell in planned.cells} == {"demo"}
    # What is left out is left out for the sets' sake: these three have no masks.
    masked = {method for method in methods if registry.detector(method).needs_masks}
    without = ("phantom-chest", "phantom-his", "phantom-oct17")
    assert {what.partition(",")[0] for what, _ in planned.skipped} == {f"{m} on {d}" for m in masked for d in without}
    assert [why for _, why in planned.skipped if not why.endswith("has none")] == []


@pytest.mark.parametrize("name", [name for name in first_party().suites if name not in ("demo", *OTHER_SETS)])
def test_a_suite_plans_on_what_is_there_of_bmad(name: str, registry: Registry, shared: Path) -> None:
    planned = plan(registry, name, data_root=shared / "data")
    assert {cell.dataset.name for cell in planned.cells} == {"bmad-brain", "bmad-chest", "bmad-his"}
    assert {cell.preset for cell in planned.cells} == {"paper"}
    assert {absent for absent, _ in planned.absent} == {"bmad-liver", "bmad-resc", "bmad-oct17"}


@pytest.mark.parametrize("name", list(TABLES))
def test_a_table_of_the_paper_is_in_its_suite(name: str, registry: Registry) -> None:
    grid = {
        (method, track, k)
        for block in blocks_of(name)
        for method in block.methods
        for track in block.tracks
        for k in (block.shots or (0,))
    }
    published = {(f.method, f.track, f.k) for f in published_figures(registry) if f.table == TABLES[name]}
    assert published <= grid


def test_the_bmad_suite_has_what_is_here_of_its_table() -> None:
    plain = {method.removeprefix("anomalib:").lower() for block in blocks_of("bmad") for method in block.methods}
    published = {
        figure.method.replace("-", "") for figure in published_figures(first_party()) if figure.source.startswith("BMAD")
    }
    assert published - plain == {"fanogan", "deepsvdd", "cutpaste", "simplenet", "utrad"}
    assert plain <= published


def test_the_ablation_changes_one_thing_a_row(registry: Registry) -> None:
    planned = plan(registry, "mvfa-ablation", datasets=("phantom-brain",), seeds=(0,))
    variants = [cell.variant for cell in planned.cells]
    assert variants[0] == "mvfa"
    assert len(variants) == len(set(variants)) == len(blocks_of("mvfa-ablation"))
    assert all(variant.count("=") == 1 for variant in variants[1:])


def test_the_command_line_decides_over_a_suite(registry: Registry) -> None:
    planned = plan(
        registry,
        "mvfa-figure3",
        methods=("mvfa",),
        datasets=("phantom-his",),
        shots=(1, 2),
        seeds=(7,),
        preset="paper",
        parameters={"mvfa": {"epochs": "3"}},
    )
    assert [(c.variant, c.k, c.seed, c.preset) for c in planned.cells] == [
        ("mvfa[epochs=3]", 1, 7, "paper"),
        ("mvfa[epochs=3]", 2, 7, "paper"),
    ]
    assert {c.track for c in plan(registry, "demo", track=("few-normal",)).cells} == {"few-normal"}


def test_methods_can_be_picked_from_a_suite_of_all(tmp_path: Path) -> None:
    suite = tmp_path / "own.toml"
    suite.write_text('[[grid]]\nmethods = ["all"]\nseeds = [3]\n[[grid]]\nmethods = ["clip"]\n')
    (block,) = RunOptions(suite=str(suite), methods=("mvfa", "dra")).blocks()
    assert (block.methods, block.seeds) == (("mvfa", "dra"), (3,))


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ('methods = ["mvfa"]\nset.mvfaa.lr = 1.0', "sets parameters of 'mvfaa', which that .* Did you mean 'mvfa'"),
        ('methods = ["mvfa"]\nset.mvfa.lrr = 1.0', "no parameter 'lrr'. Did you mean 'lr'"),
        ('methods = ["mvfa"]\nshots = [0]', "shots must be 1 or more"),
        ('methods = ["mvfa"]\nseeds = [-1]', "seeds must be 0 or more"),
        ('methods = ["mvfa"]\nseeds = [4294967296]', "seeds must be less than 4294967296"),
        ('methods = ["mvfa"]\ntracks = ["fewshot"]', "Unknown track 'fewshot'. Did you mean 'few-shot'"),
        ('methods = ["mvfa"]\nmethod = "mvfa"', "unknown key 'method'. Did you mean 'methods'"),
    ],
)
def test_a_mistake_in_a_suite_is_named(grid: str, message: str, registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"[[grid]]\n{grid}\n")
    with pytest.raises(UserError, match=message):
        plan(registry, str(file), datasets=("phantom-his",))


def test_without_the_plugin_a_suite_is_a_file() -> None:
    nothing = load_registry(load_plugins([]))
    assert suite_files(nothing) == {}
    with pytest.raises(UserError, match="There is no suite file 'demo'"):
        read_suite("demo", nothing)
