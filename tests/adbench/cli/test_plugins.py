"""`adbench plugins check` and `adbench plugins new`."""

from __future__ import annotations

import json
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import toyplugin
from command import call_command
from toyplugin import entry_point


@pytest.fixture
def adbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Run the command with the toy plugin and a broken one installed; gives exit code, stdout, stderr."""
    broken = EntryPoint("broken", "no_such_module", "adbench")
    metrics = EntryPoint("metrics", "brought", "adbench")
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [broken, metrics, entry_point()])
    monkeypatch.chdir(tmp_path)

    return partial(call_command, monkeypatch, capsys)


def test_the_list_explains_what_failed_and_exits_1(adbench) -> None:
    code, out, _ = adbench("plugins")
    assert code == 1
    assert "adbench_datasets, adbench_detectors, adbench_weights" in out
    assert "ModuleNotFoundError: No module named 'no_such_module'" in out
    code, out, _ = adbench("plugins", "--json")
    broken, _, toys = json.loads(out)
    assert (code, broken["name"], toys["name"], toys["error"]) == (1, "broken", "toys", "")
    assert set(toys) == {"name", "distribution", "version", "seconds", "hooks", "error"}


def test_a_plugin_that_prints_does_not_spoil_json(adbench, monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "chatty.py").write_text(
        "import adbench\nprint('hello from import')\n\n"
        "@adbench.hookimpl\ndef adbench_detectors():\n    print('hello from hook')\n    return []\n"
    )
    (tmp_path / "half.py").write_text(
        "import adbench\nprint('hello from half')\n\n"
        "@adbench.hookimpl\ndef adbench_detectors():\n"
        "    return [adbench.DetectorCard(name='half', title='Half', factory='half:Half', tracks=('full-normal',))]\n\n"
        "@adbench.hookimpl\ndef adbench_datasets():\n    raise SystemExit('no data')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    entries = [entry_point(), *(EntryPoint(name, name, "adbench") for name in ("chatty", "half"))]
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: entries)
    code, out, err = adbench("methods", "--json")
    assert code == 0
    assert "peak" in [method["name"] for method in json.loads(out)]
    assert "half" not in out
    assert "hello from hook" in err
    left_out = [line for line in err.splitlines() if "was left out" in line]
    assert left_out == [
        "adbench: warning: plugin 'half' of unknown was left out: "
        f"adbench_datasets: SystemExit: no data ({tmp_path / 'half.py'}, line 10)"
    ]


def test_check_names_what_failed_and_how_to_mend_it(adbench) -> None:
    code, out, err = adbench("plugins", "check", "peak", "--only", "deterministic", "--only", "card-complete")
    assert code == 1
    assert "passed   peak: deterministic\n" in out
    assert "failed   peak: card-complete: `citation` is empty\n         to fix it: Fill in the field" in out
    assert err.endswith("2 checks, 1 failed\n")


def test_check_as_json(adbench) -> None:
    code, out, _ = adbench("plugins", "check", "peak", "--only", "deterministic", "--set", "peak.scale=3", "--json")
    assert code == 0
    (result,) = json.loads(out)
    assert (result["subject"], result["check"], result["status"]) == ("peak", "deterministic", "passed")


def test_a_factory_that_cannot_be_loaded_is_said_once(adbench, monkeypatch) -> None:
    monkeypatch.delattr(toyplugin, "Peak")
    code, out, err = adbench("plugins", "check", "peak")
    assert (code, out) == (2, "")
    assert "peak cannot be loaded from toyplugin:Peak: " in err
    assert "Correct `factory` on the card" in err


def test_a_plugin_or_a_group_stands_for_all_that_it_brings(adbench) -> None:
    for name, subjects in (("toys", {"toy-a", "toy-b", "toy-plain"}), ("shelf", {"toy-absent"})):
        _, out, _ = adbench("plugins", "check", name, "--only", "train-normal", "--json")
        assert subjects <= {result["subject"] for result in json.loads(out)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "peek"], "is called 'peek'. Did you mean 'peak'?"),
        (["check", "peak", "--only", "determinstic"], "Did you mean 'deterministic'?"),
        (["check", "peak", "--set", "peak.sclae=1"], "Did you mean 'scale'?"),
        (["check", "peak", "--set", "wrong.kind=1"], "given for 'wrong', which is not checked"),
        (["check", "peek"], "Is it in the plugin 'broken', which could not be loaded: ModuleNotFoundError"),
        (["check", "broken"], "could not be loaded: ModuleNotFoundError"),
        (["check", "metrics"], "The plugin 'metrics' brings no method or dataset"),
        (["new", "Peak"], "cannot be used"),
        (["new", "peak"], "There is a method 'peak' already"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(adbench, arguments: list[str], message: str) -> None:
    code, _, err = adbench("plugins", *arguments)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


def test_new_says_what_to_do_next(adbench, tmp_path: Path) -> None:
    code, out, _ = adbench("plugins", "new", "stripes", "--kind", "dataset")
    assert code == 0
    assert out.splitlines()[-1] == "Now: pip install -e stripes && adbench plugins check stripes"
    assert (tmp_path / "stripes/src/adbench_stripes/dataset.py").is_file()
