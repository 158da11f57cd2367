"""Parity takes every number from the golden files: it follows other ones, and fails where an array is lost or altered.

Golden arrays of other configurations are made by the product itself, in copies cut down to a few pixels, so that the right
answer is known: each check is run once to record what it found, and that is written into the copy.
"""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from adbench_mkd.network import blocks_of, build_cloner, build_source

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
UNEVEN = [4, 6, "M", 3, 16, "M", 5, 2, 24, "M", 1, 7, 32, "M", 6, 3, 32, "M"]
SIDE = 32


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`parity` and `parity_checks` as modules, and one thread afterwards as before."""
    threads = torch.get_num_threads()
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    yield
    torch.set_num_threads(threads)


def copied(shared: Path, target: Path, *parts: str) -> Path:
    """Some folders of the golden data, to be altered."""
    for part in parts:
        (target / part).mkdir()
        for file in (shared / "golden" / part).iterdir():
            if file.is_file():
                shutil.copyfile(file, target / part / file.name)
    return target


def read(file: Path) -> dict[str, np.ndarray]:
    if file.suffix == ".safetensors":
        return load_file(file)
    with np.load(file) as stored:
        return {key: stored[key] for key in stored.files}


def write(file: Path, arrays: Mapping[str, np.ndarray]) -> None:
    if file.suffix == ".safetensors":
        save_file({key: np.array(array, order="C") for key, array in arrays.items()}, file)
    else:
        np.savez(file, **arrays)


def alter(file: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the content of an .npz or .json file in place."""
    if file.suffix == ".json":
        content = json.loads(file.read_text())
        change(content)
        file.write_text(json.dumps(content))
    else:
        content = read(file)
        change(content)
        write(file, content)


def failures(module: ModuleType, folder: Path, part: str) -> list[str]:
    """What one part says is wrong, as `parity.run` has it."""
    from parity_checks.report import Report

    lines: list[str] = []
    report = Report(folder, lines.append)
    try:
        module.check(folder, report)
    except Exception as error:
        report.fail(part, str(error))
    for name in report.unseen((f"{part}/*",)):
        report.fail(name, "not compared")
    return [line.split()[0] for line in lines if "FAIL" in line]


def record(module: ModuleType, folder: Path) -> None:
    """Write into a copy what the product finds there."""
    from parity_checks.report import Report

    found: dict[str, np.ndarray] = {}

    class Recorder(Report):
        def compare(self, name: str, actual: Any, **_: Any) -> bool:
            # A copy: weights are trained further.
            found[name] = actual.detach().clone().numpy() if isinstance(actual, torch.Tensor) else np.array(actual)
            return True

        relative = exact = compare

    module.check(folder, Recorder(folder, lambda _: None))
    for file in {name.partition(":")[0] for name in found if ".json:" not in name}:
        arrays = read(folder / file)
        arrays |= {name.partition(":")[2]: array for name, array in found.items() if name.startswith(f"{file}:")}
        write(folder / file, arrays)


@pytest.fixture
def uneven(shared: Path, tmp_path: Path) -> Path:
    """`mkd/` with another width at every convolution of the cloner, smaller and fewer images, another lambda and rate."""
    from parity_checks import mkd

    folder = copied(shared, tmp_path, "mkd")
    alter(folder / "mkd/config.json", lambda config: config.update(student=UNEVEN, side=SIDE, lamda=0.05, lr=3e-3))
    alter(folder / "mkd/data.npz", cut)
    alter(folder / "mkd/maps.npz", lambda maps: maps.update(smooth_noise=maps["smooth_noise"][:2, ..., :SIDE, :SIDE]))
    source = build_source({name: torch.from_numpy(array) for name, array in read(folder / "mkd/teacher.safetensors").items()})
    cloner = build_cloner(source, blocks_of(UNEVEN), torch.Generator().manual_seed(3))
    state = {name: tensor.numpy() for name, tensor in cloner.state_dict().items()}
    write(folder / "mkd/student_init.safetensors", state)
    write(folder / "mkd/student_after3.safetensors", state)
    # The second time with the weights after three steps.
    record(mkd, folder)
    record(mkd, folder)
    return folder


def cut(data: dict[str, np.ndarray]) -> None:
    data["batches"] = data["batches"][:2, :3]
    data["test_labels"] = np.array([0, 0, 1, 1])
    for key in ("train_images_u8", "test_images_u8", "test_masks"):
        data[key] = data[key][-4:, ..., 16 : 16 + SIDE, 16 : 16 + SIDE]
    data["batches"] %= 4


def test_mkd_follows_uneven_widths_and_fails_where_an_array_is_off(uneven: Path) -> None:
    from parity_checks import mkd

    assert read(uneven / "mkd/student_after3.safetensors")["features.9.weight"].shape == (16, 3, 3, 3)
    assert read(uneven / "mkd/losses.npz")["step_totals"].shape == (2,)
    assert read(uneven / "mkd/features.npz")["output_channels_student"].tolist() == [w for w in UNEVEN if w != "M"]
    assert failures(mkd, uneven, "mkd") == []

    alter(uneven / "mkd/losses.npz", lambda losses: losses.update(step1_cos_2=losses["step1_cos_2"] * 1.01))
    alter(uneven / "mkd/test.npz", lambda test: test.pop("mse_3"))
    alter(uneven / "mkd/maps.npz", lambda maps: maps.update(gbp_map2=maps.pop("gbp_map"), gray_map=maps["gray_map"][:0]))
    write(uneven / "mkd/student_grads_step1.safetensors", {"more.weight": np.zeros(2, np.float32)})
    wrong = failures(mkd, uneven, "mkd")
    gone = {name for name in wrong if "student_grads_step1" in name}
    assert {"mkd/student_grads_step1.safetensors:features.0.weight", "mkd/student_grads_step1.safetensors:more.weight"} <= gone
    assert set(wrong) - gone == {
        *("mkd/losses.npz:step1_cos_2", "mkd/test.npz:mse_3", "mkd/maps.npz:gbp_map", "mkd/maps.npz:gbp_map2"),
        "mkd/maps.npz:gray_map",
    }


def test_mkd_with_widths_that_are_not_those_of_the_weights_fails(shared: Path, tmp_path: Path) -> None:
    from parity_checks import mkd

    folder = copied(shared, tmp_path, "mkd")
    alter(folder / "mkd/config.json", lambda config: config.update(student=UNEVEN))
    assert "mkd" in failures(mkd, folder, "mkd")


def test_the_temperature_of_the_loss_functions_alone_is_not_that_of_the_runs(shared: Path, tmp_path: Path) -> None:
    from parity_checks import bgad
    from parity_checks.report import Report

    folder = copied(shared, tmp_path, "bgad")
    alter(folder / "bgad/config.json", lambda config: config.update(margin_tau=0.3, normalizer=7))
    lines: list[str] = []
    report = Report(folder, lines.append)
    parameters = bgad._golden(report).parameters
    assert (parameters.tau, parameters.normaliser) == (0.3, 7)
    bgad._check_losses(report)
    assert len(report.compared) > 100
    assert report.failures == 0


@pytest.mark.parametrize(("key", "value"), [("dims", [10, 14]), ("grids", [16, 9]), ("image_side", 65), ("batch_size", 5)])
def test_sizes_of_bgad_that_are_not_those_of_the_data_fail(shared: Path, tmp_path: Path, key: str, value: object) -> None:
    from parity_checks import bgad
    from parity_checks.report import Report

    folder = copied(shared, tmp_path, "bgad")
    alter(folder / "bgad/config.json", lambda config: config.update({key: value}))
    lines: list[str] = []
    bgad._golden(Report(folder, lines.append))
    assert [line.split()[0] for line in lines if "FAIL" in line] == [f"bgad/config.json:{key}"]


def test_every_kind_of_figure_must_be_there(shared: Path, tmp_path: Path) -> None:
    from parity_checks import metrics

    folder = copied(shared, tmp_path, "metrics")
    assert failures(metrics, folder, "metrics") == []
    lost = ("aupro_0.05_plain_conn8", "aupro_0.3_april_200step", "f1max")

    def lose(figures: dict[str, Any]) -> None:
        for name in lost:
            del figures["pixel"]["weak"][name]
        figures["image"]["perfect"]["more"] = 1

    alter(folder / "metrics/expected.json", lose)
    wrong = {f"metrics/expected.json:pixel/weak/{name}" for name in lost} | {"metrics/expected.json:image/perfect/more"}
    assert set(failures(metrics, folder, "metrics")) == wrong
    alter(folder / "metrics/metrics.npz", lambda arrays: [arrays.pop(name) for name in list(arrays) if name.startswith("px_")])
    assert "metrics" in failures(metrics, folder, "metrics")


@pytest.mark.parametrize(("part", "check"), [("bgad", "_check_losses"), ("bgad", "_orders"), ("dra", "_check_heads")])
def test_what_a_loop_runs_over_is_demanded(part: str, check: str, tmp_path: Path) -> None:
    from parity_checks.report import MissingGoldenError, Report

    checker = getattr(importlib.import_module(f"parity_checks.{part}"), check)
    with pytest.raises(MissingGoldenError):
        checker(Report(tmp_path, lambda _: None))


def test_methods_without_a_detector_are_named_and_lost_files_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import parity

    (tmp_path / "madclip").mkdir()
    np.savez(tmp_path / "madclip/maps.npz", one=np.zeros(2), two=np.zeros(2))
    (tmp_path / "SHA256SUMS").write_text("0a  ./metrics/metrics.npz\n0b  ./clip/config.json\n")
    assert parity.run(tmp_path) == 1
    said = capsys.readouterr().out
    assert "NOT COVERED, 2 arrays: the product has no MadCLIP" in said
    assert "madclip/maps.npz:one" not in said
    assert "2 of methods not covered" in said
    for file in ("metrics/metrics.npz", "clip/config.json"):
        assert any(line.split()[:2] == [file, "FAIL:"] for line in said.splitlines())
    assert parity.run(tmp_path, ["metrics"]) == 1
    assert "clip/config.json" not in capsys.readouterr().out
