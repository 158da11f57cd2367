"""One definition of the options: what people write, what the code gets, and that the command line has every one."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path

import pytest

import adbench
from adbench import RunOptions, UserError
from adbench.cli.run import command
from adbench.contracts.dataset import Reading


def test_texts_and_values_are_the_same_options(tmp_path: Path) -> None:
    weights = tmp_path / "w=1.safetensors"
    weights.touch()
    written = RunOptions(
        "mvfa, patchcore",
        "phantoms",
        shots="2,4",
        seeds="0-2",
        weights=[f"mine={weights}"],
        parameters=["mvfa.epochs=2"],
        keep="maps,state",
        out=str(tmp_path),
    )
    assert written == RunOptions(
        ["mvfa", "patchcore"],
        ("phantoms",),
        shots=[2, 4],
        seeds=range(3),
        weights={"mine": weights},
        parameters={"mvfa": {"epochs": "2"}},
        keep=["maps", "state"],
        out=tmp_path,
    )
    assert written.methods == ("mvfa", "patchcore")
    assert written.seeds == (0, 1, 2)
    assert written.weights == {"mine": weights}


def test_a_changed_copy_keeps_the_rest() -> None:
    changed = dataclasses.replace(RunOptions("a", shots=4, limit=3), seeds="1,1,2")
    assert (changed.methods, changed.shots, changed.seeds, changed.limit) == (("a",), (4,), (1, 2), 3)
    assert changed.protocol.limit == 3


def test_options_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunOptions("a").methods = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seeds": "a"}, "--seeds 'a' is not a list of whole numbers"),
        ({"shots": "4-2"}, "--shots '4-2': the range 4-2 is empty"),
        ({"weights": ["mine"]}, "--weights mine is not of the form NAME=PATH"),
        ({"weights": {"mine": "/no/such/file"}}, "--weights mine=/no/such/file: the file does not exist"),
        ({"weights": {"mine": "/"}}, "is a folder, not a file"),
        ({"parameters": ["mvfa"]}, "--set 'mvfa' is not of the form METHOD.PARAM=VALUE"),
        ({"keep": "map"}, "Unknown value of --keep 'map'. Did you mean 'maps'"),
        ({"limit": 0}, "--limit must be 1 or more"),
        ({"batch_size": 0}, "--batch-size must be 1 or more"),
        ({"zero_shot_pool": "tset"}, "Unknown zero-shot pool 'tset'. Did you mean 'test'"),
    ],
)
def test_a_slip_is_one_sentence(options: dict, said: str) -> None:
    with pytest.raises(UserError) as raised:
        RunOptions(**options)
    assert said in str(raised.value)


def test_python_and_the_command_line_have_the_options_and_no_others() -> None:
    fields = [field.name for field in dataclasses.fields(RunOptions)]
    assert list(inspect.signature(adbench.run).parameters) == fields
    assert list(inspect.signature(command).parameters) == [*fields, "dry_run"]


def test_windows_and_axes_are_checked() -> None:
    assert RunOptions(window=" Lung ", axis=1).reading == Reading(window="lung", axis=1)
    assert RunOptions(value_range="-1000:400").reading == Reading(value_range=(-1000, 400))
    for options, sentence in (
        ({"window": "lungs"}, "--window 'lungs' is no window.*Did you mean 'lung'"),
        ({"window": "40:0"}, "--window '40:0' is no window: give a name, or CENTRE:WIDTH"),
        ({"axis": 3}, "--axis 3 is none of 0, 1 and 2"),
        ({"window": "lung", "value_range": "0:9"}, "--range and --window both say"),
    ):
        with pytest.raises(UserError, match=sentence):
            RunOptions(**options)  # type: ignore[arg-type]
