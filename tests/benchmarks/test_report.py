from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

MODULE = Path(__file__).resolve().parents[2] / "benchmarks" / "parity_checks" / "report.py"


@pytest.fixture(scope="module")
def report_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("parity_report_under_test", MODULE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def report(report_module: ModuleType, lines: list[str], tmp_path: Path):
    (tmp_path / "part").mkdir()
    np.savez(tmp_path / "part/a.npz", x=np.array([1.0, 2.0]), names=np.array(["a", "b"]), spare=np.zeros(2))
    (tmp_path / "part/b.json").write_text(json.dumps({"case": {"auc": 0.5}, "runs": [{"at": 1}, {"at": 2}]}))
    (tmp_path / "part/picture.png").write_bytes(b"")
    (tmp_path / "README.md").write_text("not an array")
    return report_module.Report(tmp_path, lines.append)


def test_every_array_and_leaf_has_a_name(report) -> None:
    assert report.names() == [
        "part/a.npz:x",
        "part/a.npz:names",
        "part/a.npz:spare",
        "part/b.json:case/auc",
        "part/b.json:runs/0/at",
        "part/b.json:runs/1/at",
        "part/picture.png",
    ]


def test_what_nobody_looked_at_is_known(report) -> None:
    report.compare("part/a.npz:x", [1, 2])
    report.load("part/a.npz:names")
    report.left_out("part/b.json:runs/*", "for a reason")
    assert report.unseen(("part/*",)) == ["part/a.npz:spare", "part/b.json:case/auc", "part/picture.png"]


@pytest.mark.parametrize(
    ("value", "tolerance", "fine"),
    [
        ([1.0, 2.0], {}, True),
        ([1.0, 2.001], {}, False),
        ([1.0, 2.001], {"atol": 1e-2}, True),
        ([1.0, 2.001], {"rtol": 1e-3}, True),
        ([1.0, 2.003], {"rtol": 1e-3}, False),
        ([1.0, float("nan")], {"atol": 1e9}, False),
        ([1.0], {"atol": 1e9}, False),
        ([[1.0, 2.0]], {"atol": 1e9}, False),
    ],
)
def test_a_comparison_is_elementwise(report, lines: list[str], value: list, tolerance: dict, fine: bool) -> None:
    assert report.compare("part/a.npz:x", value, **tolerance) == fine
    assert report.failures == (not fine)
    assert len(lines) == 1
    assert lines[0].startswith("part/a.npz:x ")
    assert ("FAIL" in lines[0]) != fine


def test_strings_and_numbers_are_compared_exactly(report) -> None:
    assert report.exact("part/a.npz:names", ["a", "b"])
    assert not report.exact("part/a.npz:names", ["a", "c"])
    assert not report.exact("part/a.npz:names", ["a"])
    assert report.exact("part/b.json:runs/1/at", 2)


def test_a_missing_array_is_a_failure(report) -> None:
    assert not report.compare("part/a.npz:y", [1])
    assert not report.compare("part/c.npz:y", [1])
    assert report.failures == 2


def test_parts_have_their_own_tolerance(report, lines: list[str]) -> None:
    assert report.compare_parts("part/a.npz:x", [1.0, 5.0], [(slice(0, 1), 1e-9), (slice(1, None), None)])
    assert "not compared" in lines[0]
    assert not report.compare_parts("part/a.npz:x", [1.1, 2.0], [(slice(0, 1), 1e-9), (slice(1, None), 1.0)])
