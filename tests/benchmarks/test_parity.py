from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "parity.py"


def parity(folder: Path, *only: str) -> subprocess.CompletedProcess[str]:
    chosen = [word for part in only for word in ("--only", part)]
    return subprocess.run([sys.executable, str(SCRIPT), str(folder), *chosen], capture_output=True, text=True, check=False)


def writable(golden: Path, target: Path, *parts: str) -> Path:
    """A copy of some parts of the golden folder."""
    for part in parts:
        for source in (golden / part).rglob("*"):
            if source.is_file():
                copy = target / source.relative_to(golden)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)
    return target


def change(file: Path, **arrays: np.ndarray) -> None:
    with np.load(file) as stored:
        content = {key: stored[key] for key in stored.files}
    np.savez(file, **{**content, **arrays})


@pytest.mark.slow
@pytest.mark.parametrize("part", ["clip", "mvfa", "e2e", "metrics", "april", "medclip"])
def test_the_product_gives_the_golden_arrays(shared: Path, part: str) -> None:
    done = parity(shared / "golden", part)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " ok" in done.stdout
    assert "FAIL" not in done.stdout


@pytest.mark.slow
def test_a_wrong_an_extra_and_a_missing_array_fail(shared: Path, tmp_path: Path) -> None:
    folder = writable(shared / "golden", tmp_path, "clip", "mvfa")
    with np.load(folder / "mvfa/maps.npz") as stored:
        wrong = stored["zero_map"].copy()
    wrong[0, 3, 3] += 1e-3
    change(folder / "mvfa/maps.npz", zero_map=wrong, surprise=np.zeros(3))
    (folder / "mvfa/memory_search.npz").unlink()
    (folder / "mvfa/notes.bin").write_bytes(b"?")
    done = parity(folder, "mvfa")
    assert done.returncode == 1
    failed = {line.split()[0] for line in done.stdout.splitlines() if "FAIL" in line}
    assert {"mvfa/maps.npz:zero_map", "mvfa/maps.npz:surprise", "mvfa/notes.bin"} <= failed
    assert "memory_search.npz" in done.stdout


@pytest.mark.slow
def test_dimensions_come_from_the_files(shared: Path, tmp_path: Path) -> None:
    """Other prompts, fewer images and another number of classes are no reason to fail."""
    folder = writable(shared / "golden", tmp_path, "clip", "mvfa")
    with np.load(folder / "mvfa/text.npz") as stored:
        content = {key: stored[key] for key in stored.files}
    content["class_names"], content["text_features"] = content["class_names"][:1], content["text_features"][:1]
    np.savez(folder / "mvfa/text.npz", **content)
    done = parity(folder, "clip")
    assert done.returncode == 0, done.stdout


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    done = parity(tmp_path / "nowhere")
    assert done.returncode == 2
    assert "is not a folder" in done.stderr


@pytest.mark.slow
def test_an_unknown_file_beside_the_parts_fails(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "figures.json").write_text(json.dumps({"a": {"b": [1, 2]}}))
    done = parity(tmp_path)
    assert done.returncode == 1
    assert "other/figures.json:a/b" in done.stdout
