"""The command as a user meets it: output, exit codes, one sentence for every mistake."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import types
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from command import call_command
from madeup import failed_cell, made_up_cell
from setfiles import cut, make_set, write
from toyplugin import entry_point

from adbench import PublishedCard, SuiteCard, hookimpl
from adbench.metrics import auroc
from adbench.results.record import CellRecord
from adbench.results.store import RunFolder


@pytest.fixture
def adbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run the command with only the toy plugin installed, in an empty folder; gives exit code, stdout, stderr."""
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [entry_point()])
    monkeypatch.chdir(tmp_path)

    return partial(call_command, monkeypatch, capsys)


def test_run_prints_a_leaderboard_and_keeps_the_run(adbench) -> None:
    code, out, err = adbench("run", "--methods", "peak", "--datasets", "toys", "--seeds", "0-1", "--device", "cpu")
    assert code == 0
    assert "Image AUROC (%): few-normal, k = 4 (preset demo)" in out
    assert "phantoms and tiny weights" in err
    assert "peak, few-normal k=4, toy-a, seed 1: image_auroc" in err
    code, out, _ = adbench("leaderboard", "--format", "json")
    rows = json.loads(out)
    assert {(row["method"], row["k"], row["n_seeds"]) for row in rows} == {("peak", 4, 2)}
    assert {row["metric"] for row in rows} == {"image_auroc", "pixel_auroc"}


def test_a_second_run_keeps_what_is_there(adbench) -> None:
    first = adbench("run", "--methods", "peak", "--datasets", "toy-a")
    second = adbench("run", "--methods", "peak", "--datasets", "toy-a")
    assert first[1] == second[1]
    assert "(kept)" in second[2]


def test_a_failed_cell_exits_1_and_names_it(adbench) -> None:
    code, out, err = adbench("run", "--methods", "crash,peak", "--datasets", "toy-a")
    assert code == 1
    assert "failed" in out
    assert "adbench: error: crash, few-normal k=4, toy-a, seed 0: ZeroDivisionError: a bug in the plugin" in err


def test_dry_run_prints_the_plan_and_does_nothing(adbench, tmp_path: Path) -> None:
    code, out, _ = adbench("run", "--methods", "peak", "--datasets", "toys", "--shots", "2,4", "--dry-run")
    assert code == 0
    assert out.splitlines()[0] == "peak, few-normal k=2, toy-a, seed 0"
    assert len(out.splitlines()) == 6
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--methods", "peek"], "Unknown method 'peek'. Did you mean 'peak'?"),
        (["run", "--methods", "peak", "--datasets", "toy-absent"], "fetch it from the shelf"),
        (["run", "--methods", "peak", "--datasets", "toyz"], "Did you mean 'toys'?"),
        (["run"], "No method is given"),
        (["run", "--methods", "peak", "--set", "peak.scael=2"], "Did you mean 'scale'?"),
        (["run", "--methods", "peak", "--set", "scale=2"], "METHOD.PARAM=VALUE"),
        (["run", "--methods", "peak", "--seeds", "a"], "not a list of whole numbers"),
        (["run", "--methods", "peak", "--weights", "x"], "NAME=PATH"),
        (["run", "--methods", "peak", "--datasets", "toys", "--device", "tpu"], "Unknown device 'tpu'"),
        (["run", "--methods", "peak", "--data-root", "/no/such"], "is not a folder"),
        (["run", "--suite", "nothing.toml"], "no suite file"),
        (["leaderboard", "nowhere"], "is not a run folder"),
        (["methods", "peek"], "Did you mean 'peak'?"),
    ],
)
def test_bad_input_is_one_sentence_on_stderr_and_exit_2(adbench, arguments: list[str], message: str) -> None:
    code, out, err = adbench(*arguments)
    assert code == 2
    assert message in err
    assert "Traceback" not in out + err
    assert sum(line.startswith("adbench: error:") for line in err.splitlines()) == 1


def test_cells_that_fail_alike_are_named_together_in_the_end(adbench) -> None:
    code, _, err = adbench("run", "--methods", "crash", "--datasets", "toys", "--track", "few-normal", "--shots", "2,4")
    assert code == 1
    end = [line for line in err.splitlines() if line.startswith("adbench: error: crash, few-normal k=2, toy-a, seed 0; ")]
    assert len(end) == 1
    assert "crash, few-normal k=4, toy-b, seed 0" in end[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--seeds", "5-2"), "--seeds '5-2': the range 5-2 is empty"),
        (("--weights", "toy-weights=gone.safetensors"), "--weights toy-weights=gone.safetensors: the file does not exist."),
    ],
)
def test_an_option_that_can_only_be_a_slip(adbench, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = adbench("run", "--methods", "peak", "--datasets", "toys", "--dry-run", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_the_plan_says_what_is_tiny_and_counts_its_cells(adbench) -> None:
    err = adbench("run", "--methods", "peak", "--datasets", "toy-a", "--dry-run")[2]
    assert "phantoms and tiny weights" in err
    assert err.endswith("1 cell\n")
    err = adbench("run", "--methods", "peak", "--datasets", "toy-a", "--dry-run", "--preset", "paper")[2]
    assert "These are phantoms, which only show" in err


def test_a_run_without_figures_has_no_empty_tables(adbench) -> None:
    adbench("run", "--methods", "crash", "--datasets", "toy-a")
    assert adbench("metrics")[1:] == ("", "No finished cell of these runs has such a figure.\n")
    assert adbench("leaderboard", "--published")[1].startswith("No figure of these runs")


def test_cells_whose_weights_are_absent_stand_under_the_conditions_of_the_run(adbench) -> None:
    gone = ("--set", "peak.weights=no-such-weights", "--set", "masky.weights=no-such-weights")
    code, out, _ = adbench("run", "--methods", "peak,masky", "--datasets", "toy-a", "--limit", "2", *gone)
    assert code == 1
    assert "limit=2)" in out
    assert "best" not in out


def test_lists_as_table_and_json(adbench) -> None:
    for command, name in (("methods", "peak"), ("datasets", "toy-a"), ("plugins", "toys"), ("weights", "toy-weights")):
        assert name in adbench(command)[1]
        assert name in [entry["name"] for entry in json.loads(adbench(command, "--json")[1])]


def test_suites_and_published_figures_of_plugins_and_the_one_that_is_broken(adbench, monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text('title = "Two tracks"\n[[grid]]\nmethods = ["peak"]\ndatasets = ["toy-a"]\n')
    (tmp_path / "bad.toml").write_text("[[grid]")
    head = "source,table,method,track,k,dataset,metric,value,evidence\n"
    (tmp_path / "good.csv").write_text(head + "A paper,Table 1,Peak,few-normal,4,toy-a,image_auroc,75.0,read\n")
    (tmp_path / "bad.csv").write_text("nonsense\n1\n")
    names = ("good", "bad")
    brings = types.ModuleType("brings")
    suites = [SuiteCard(name=name, file=tmp_path / f"{name}.toml") for name in names]
    published = [PublishedCard(name=name, file=tmp_path / f"{name}.csv") for name in names]
    brings.adbench_suites, brings.adbench_published = hookimpl(lambda: suites), hookimpl(lambda: published)
    monkeypatch.setitem(sys.modules, "brings", brings)
    entries = [entry_point(), EntryPoint("brings", "brings", "adbench")]
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: entries)

    code, out, err = adbench("suites", "--json")
    assert (code, [suite["name"] for suite in json.loads(out)]) == (0, ["good"])
    assert "The suite bad is not valid TOML" in err
    assert "Two tracks" in adbench("suites")[1]
    assert adbench("run", "--suite", "good", "--preset", "paper")[0] == 0
    code, out, err = adbench("leaderboard", "--published")
    assert code == 0
    assert "A paper, Table 1 (read)" in out
    assert f"{tmp_path / 'bad.csv'}, line 2" in err


def test_a_narrow_terminal_breaks_no_figure_and_no_column_name(adbench, monkeypatch) -> None:
    adbench("run", "--methods", "peak", "--datasets", "toys")
    adbench("baseline", "adbench-run", "-o", "base.json")
    monkeypatch.setenv("COLUMNS", "80")
    out = adbench("check", "adbench-run", "--baseline", "base.json")[1]
    table = out[: out.index("Interval:")].splitlines()
    assert max(map(len, table)) == 80
    assert " difference " in out


def test_a_method_with_its_parameters(adbench) -> None:
    out = adbench("methods", "peak")[1]
    assert "peak.scale" in out
    assert "multiplies scores" in out


def test_a_broken_plugin_is_named_and_the_rest_works(adbench, monkeypatch) -> None:
    from importlib.metadata import EntryPoint

    broken = EntryPoint("broken", "no_such_module", "adbench")
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [broken, entry_point()])
    code, out, err = adbench("methods")
    assert code == 0
    assert "peak" in out
    assert "plugin 'broken' of unknown was left out: ModuleNotFoundError" in err
    assert "no_such_module" in adbench("plugins")[1]


def test_interrupt_leaves_a_valid_run(adbench, monkeypatch, tmp_path: Path) -> None:
    import toyplugin

    def interrupted(self, support, ctx):
        if self.card.name == "crash":
            raise KeyboardInterrupt
        self.mean = 0.0

    monkeypatch.setattr(toyplugin.Peak, "fit", interrupted)
    monkeypatch.setattr(toyplugin.Crash, "fit", interrupted)
    code, _, err = adbench("run", "--methods", "peak,crash", "--datasets", "toy-a")
    assert code == 130
    assert "1 of 2 cells are kept" in err
    assert adbench("leaderboard")[0] == 0


def test_check_passes_against_its_own_baseline_and_names_what_is_missing(adbench, tmp_path: Path) -> None:
    import shutil

    adbench("run", "--methods", "peak", "--datasets", "toys")
    assert adbench("baseline", "adbench-run", "-o", "base.json")[0] == 0
    for extra in ((), ("--strict", "--tolerance", "0")):
        code, out, err = adbench("check", "adbench-run", "--baseline", "base.json", *extra)
        assert (code, err) == (0, "")
        assert re.search(r"^\d same$", out, re.MULTILINE)
    shutil.rmtree(next((tmp_path / "adbench-run/cells").glob("*toy-b*")))
    code, _, err = adbench("check", "adbench-run", "--baseline", "base.json", "--format", "junit")
    assert code == 1
    assert "peak, few-normal k=4, toy-b, seed 0 (demo): incomparable: the run does not have this cell" in err
    assert adbench("check", "adbench-run", "--baseline", "nothing.json")[0] == 2
    assert adbench("check", "adbench-run", "--baseline", "base.json", "--tolerance", "1")[0] == 2


def test_a_cell_with_broken_scores_does_not_take_the_check_down(adbench, tmp_path: Path) -> None:
    adbench("run", "--methods", "peak", "--datasets", "toys")
    assert adbench("baseline", "adbench-run", "-o", "base.json")[0] == 0
    (next((tmp_path / "adbench-run/cells").glob("*toy-b*")) / "scores.parquet").write_bytes(b"broken")
    code, out, err = adbench("check", "adbench-run", "--baseline", "base.json", "--format", "json")
    assert (code, {row["verdict"] for row in json.loads(out)}) == (1, {"same", "incomparable"})
    assert "toy-b, seed 0 (demo): incomparable: the cell failed: its scores cannot be read" in err
    code, _, err = adbench("baseline", "adbench-run", "-o", "base.json")
    assert code == 2
    assert "toy-b, seed 0 (demo): its scores cannot be read" in err


def test_a_run_whose_cells_were_measured_again_passes_against_its_own_baseline(adbench, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    failed_cell(folder, "a", "d", "no network", started="2026-01-04T10:00:00+00:00")
    made_up_cell(folder, "a", "d", fingerprint="older")
    made_up_cell(folder, "a", "d", fingerprint="newer", started="2026-01-06T10:00:00+00:00", shift=1.0)
    assert adbench("baseline", "run", "-o", "base.json")[:2] == (0, "1 cell in base.json\n")
    assert adbench("check", "run", "--baseline", "base.json")[0] == 0


def test_check_of_a_degraded_run_exits_3_and_names_the_cell(adbench, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    items = [(f"{number:04d}", number % 2 == 1) for number in range(1500)]
    for name in ("a", "b"):
        made_up_cell(folder, name, "d", items=items)
    assert adbench("baseline", "run", "-o", "base.json")[0] == 0
    for drop, wanted in ((0.005, 0), (0.03, 3)):
        lose(folder, made_up_cell(folder, "b", "d", items=items), drop)
        code, _, err = adbench("check", "run", "--baseline", "base.json")
        assert code == wanted
    assert err.startswith("adbench: error: b, few-shot k=4, d, seed 0 (demo): worse")
    assert len(err.splitlines()) == 1


def lose(folder: RunFolder, record: CellRecord, drop: float) -> None:
    """Add noise to the kept scores of a cell until its AUROC is lower by so much."""
    table = folder.scores(record.id)
    noise = np.random.default_rng(0).standard_normal(table.scores.size)
    for scale in np.geomspace(0.01, 10, 400):
        scores = table.scores + scale * noise
        lower = float(auroc(table.labels, scores))
        if record.metrics["image_auroc"] - lower >= drop:
            changed = dataclasses.replace(record, metrics={"image_auroc": lower})
            folder.write(changed, dataclasses.replace(table, scores=scores))
            return
    raise AssertionError("the noise never lowered the AUROC so far")


def test_compare_two_methods_of_one_run(adbench) -> None:
    adbench("run", "--methods", "peak,masky", "--datasets", "toy-a,toy-b")
    code, out, _ = adbench("compare", "adbench-run", "adbench-run", "--methods", "peak,masky", "--format", "json")
    assert code == 0
    labels = [row["label"] for row in json.loads(out)]
    assert labels[0].startswith("peak -> masky, few-")
    assert any("toy-a" in label for label in labels)
    assert adbench("compare", "adbench-run", "adbench-run", "--methods", "peak,gone")[0] == 2
    assert adbench("compare", "adbench-run", "adbench-run", "--methods", "peak")[0] == 2
    assert adbench("compare", "adbench-run", "adbench-run")[0] == 0
    adbench("run", "--methods", "peak", "--datasets", "toy-a", "--seeds", "1", "--out", "other")
    assert adbench("compare", "adbench-run", "other")[::2] == (0, "")  # what cannot be compared is in the table


@pytest.mark.parametrize(
    ("format", "part"),
    [("table", "rank"), ("md", "| rank |"), ("csv", "p_best"), ("json", '"rank"'), ("latex", "toprule"), ("svg", "<svg")],
)
def test_every_format_of_the_leaderboard(adbench, tmp_path: Path, format: str, part: str) -> None:
    folder = RunFolder.create(tmp_path / "adbench-run")
    for name in ("a", "b"):
        made_up_cell(folder, name, "d", selection="test-oracle" if name == "b" else "last")
    for extra in ((), ("--intervals", "--rank-marked", "--metric", "image_auroc")):
        code, out, _ = adbench("leaderboard", "--format", format, *extra)
        assert (code, part in out) == (0, True)
    assert "no cell of these runs has it" in adbench("leaderboard", "--metric", "image_auorc")[2]


HEAVY = ("torch", "pandas", "anomalib", "open_clip", "sklearn", "scipy")


LIGHT = ("--help", "run --help", "methods", "datasets", "plugins", "suites")
LIGHT_PROGRAM = f"""
import sys
from adbench.cli.main import main
for words in {LIGHT!r}:
    sys.argv = ["adbench", *words.split()]
    try:
        main()
    except SystemExit:
        pass  # every command ends so
    print(words, [name for name in {HEAVY!r} if name in sys.modules], sep=": ", file=sys.stderr)
"""


def test_lists_and_help_import_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT_PROGRAM], capture_output=True, text=True, env=_environment())
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if line.endswith("]")] == [f"{words}: []" for words in LIGHT]
    assert "patchcore" in done.stdout


@pytest.mark.slow
def test_the_leaderboard_needs_no_torch(adbench, tmp_path: Path) -> None:
    adbench("run", "--methods", "peak", "--datasets", "toy-a")
    program = (
        "import sys; sys.modules['torch'] = None; sys.argv = ['adbench', 'leaderboard', 'adbench-run']\n"
        "from adbench.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=_environment(), cwd=tmp_path)
    assert "peak" in done.stdout, done.stderr


@pytest.mark.slow
def test_help_takes_half_a_second_of_the_processor() -> None:
    """Of the processor, not of the clock: other programs may run here too."""
    seconds = []
    for _ in range(5):
        before = os.times()
        done = subprocess.run(
            [sys.executable, "-c", "from adbench.cli.main import main; main()", "--help"],
            capture_output=True,
            env=_environment(),
            text=True,
        )
        after = os.times()
        assert "leaderboard" in done.stdout
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(seconds) < 0.5, seconds


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_broken_cell_is_named_and_the_others_count(adbench, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    records = [made_up_cell(folder, "a", dataset) for dataset in ("d", "e")]
    assert adbench("baseline", "run", "-o", "base.json")[0] == 0
    file = folder.cells / records[1].id / "cell.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "k": "4"}))
    said = f"run/cells/{records[1].id}/cell.json is broken (`k`: input should be a valid integer): delete that folder"
    figure = f"{100 * records[0].metrics['image_auroc']:.1f}"
    for arguments in (
        ("leaderboard", "run"),
        ("leaderboard", "run", "--format", "md"),
        ("report", "run", "--no-images", "-o", "page.html"),
        ("metrics", "run"),
        ("check", "run", "--baseline", "base.json"),
        ("compare", "run", "run"),
    ):
        code, out, err = adbench(*arguments)
        assert (code, err.count(said)) == (1, 1), arguments
        assert err.startswith("adbench: warning: ")
        assert figure in (out if arguments[0] != "report" else (tmp_path / "page.html").read_text())
    assert f"A cell is missing from this page: {said}" in (tmp_path / "page.html").read_text()
    code, _, err = adbench("baseline", "run", "-o", "again.json")
    assert (code, said in err, (tmp_path / "again.json").exists()) == (2, True, False)


def test_broken_scores_do_not_take_a_comparison_down(adbench, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    records = [made_up_cell(folder, "a", dataset) for dataset in ("d", "e")]
    (folder.cells / records[1].id / "scores.parquet").write_bytes(b"broken")
    code, out, err = adbench("compare", "run", "run", "--format", "json")
    assert (code, [row["verdict"] for row in json.loads(out)]) == (1, ["same"])
    assert "adbench: warning: a, few-shot k=4, e, seed 0: its scores cannot be read (ArrowInvalid)" in err


@pytest.fixture
def with_folders(adbench, monkeypatch: pytest.MonkeyPatch):
    """The command with the plugin that reads any folder, too."""
    entries = [entry_point(), EntryPoint("folder", "adbench_folder", "adbench")]
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: entries)
    return adbench


def test_one_set_is_shown_with_what_its_files_are(with_folders, tmp_path: Path) -> None:
    make_set(tmp_path / "sets" / "made", train=3, normal=2, abnormal=4)
    code, out, err = with_folders("datasets", "folder:sets/made", "--range", "0:4095")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    for wanted in (
        f"where {tmp_path}/sets/made",
        "masks yes",
        "train 3 0 3",
        "test 2 4 6",
        "ground_truth/lesion masks test lesion 4",
        "test/lesion images test lesion 4",
        "train/good images train normal 3",
    ):
        assert any(wanted in line for line in lines), (wanted, lines)
    assert "none here (images of more than 8 bits)" in out
    assert "valid is empty." in err
    code, out, _ = with_folders("datasets", "folder:sets/made", "--json")
    (facts,) = json.loads(out)
    assert facts["counts"]["test/abnormal"] == 4
    assert sum(row["files"] for row in facts["folders"]) == 3 + 2 + 4 + 4
    assert facts["problems"] == []


def test_one_set_shows_how_its_values_are_read(with_folders, tmp_path: Path) -> None:
    root = make_set(tmp_path / "made", train=3, normal=2, abnormal=2)
    for file in [*(root / "train").rglob("*.png"), *(root / "test").rglob("*.png")]:
        write(file, np.random.default_rng(0).integers(0, 4000, (32, 32)).astype(np.uint16))
    assert "0 to 4095" in with_folders("datasets", "folder:made", "--range", "0:4095")[1]
    assert "0 to 4095" not in with_folders("datasets", "folder:made", "--range", "10:3000")[1]


def test_one_set_shows_its_subjects_and_what_is_wrong(with_folders, tmp_path: Path) -> None:
    _, out, _ = with_folders("datasets", "toy-a")
    assert "8 subjects, 0 types, 0 sites" in " ".join(out.split())
    root = make_set(tmp_path / "made")
    (root / "ground_truth/lesion/000_mask.png").rename(root / "ground_truth/lesion/900_mask.png")
    code, _, err = with_folders("datasets", "folder:made")
    assert code == 0
    assert "adbench: error: " in err
    assert "900_mask.png" in err
    assert with_folders("datasets", "toy-absent")[0] == 2


def test_the_files_of_a_set_are_listed_before_its_first_run(with_folders, tmp_path: Path) -> None:
    make_set(tmp_path / "made", train=3, normal=2, abnormal=4)
    arguments = ("run", "--methods", "peak", "--datasets", "folder:made,toy-a", "--track", "full-normal")
    first, second = (" ".join(with_folders(*arguments)[2].split()) for _ in range(2))
    listed = "ground_truth/lesion 4 masks test lesion test/good 2 images test normal test/lesion 4 images"
    assert listed in first
    assert "toy-a: " not in first.split("test/lesion 4 images")[0]
    assert listed not in second
    assert listed in " ".join(with_folders(*arguments, "--out", "elsewhere")[2].split())


def test_a_dry_run_tells_what_would_fail(with_folders, tmp_path: Path) -> None:
    cut(make_set(tmp_path / "made") / "test/good/001.png")
    arguments = ("run", "--methods", "peak", "--datasets", "folder:made,toy-a", "--track", "full-normal", "--dry-run")
    code, out, err = with_folders(*arguments)
    assert code == 1
    assert len(out.splitlines()) == 2
    (said,) = [line for line in err.splitlines() if line.startswith("adbench: error: ")]
    assert "001.png cannot be read" in said
    assert "toy-a" not in said
    assert not (tmp_path / "adbench-run").exists()
    make_set(tmp_path / "made")
    assert with_folders(*arguments)[0] == 0
