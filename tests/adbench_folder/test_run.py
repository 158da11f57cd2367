"""Runs on folders and manifests: the same figures, and no path of this machine in what they write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import adbench

COUNTS = {"train/good": 6, "test/good": 4, "test/hole": 4}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sets `d`, and `broken` with an image that cannot be read, in a folder of a telling name."""
    rng = np.random.default_rng(0)
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "secret-place"
    for folder in ("d", "broken"):
        for part, count in COUNTS.items():
            for number in range(count):
                image = rng.integers(90, 110, (32, 32)).astype(np.uint8)
                mask = np.zeros((32, 32), np.uint8)
                if part.endswith("hole"):
                    image[8:14, 8:14], mask[8:14, 8:14] = 250, 255
                    masks = place / folder / "ground_truth" / "hole"
                    masks.mkdir(parents=True, exist_ok=True)
                    Image.fromarray(mask).save(masks / f"{number}_mask.png")
                (place / folder / part).mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(place / folder / part / f"{number}.png")
    (place / "broken" / "test" / "good" / "0.png").write_bytes(b"no image")
    monkeypatch.chdir(place)
    return place


@pytest.mark.slow
def test_a_folder_and_its_manifest_have_the_same_scores_and_no_path_is_written(work: Path, tmp_path: Path) -> None:
    from adbench.data.manifest import write_manifest
    from adbench_folder.layout import LAYOUT

    write_manifest(adbench.scan(work / "d", LAYOUT), work / "list.csv")
    sets = [f"folder:{work}/d", f"manifest:{work}/list.csv", f"folder:{work}/broken"]
    run = adbench.run("patchcore", sets, preset="demo", out=tmp_path / "out")
    done = {record.dataset: record for record in run.records if record.status == "done"}
    assert done.keys() == {"folder:d", "manifest:list"}
    first, second = (run.scores(done[name]) for name in done)
    np.testing.assert_array_equal(first.score, second.score)
    assert list(first.id) == list(second.id)
    assert done["folder:d"].metrics == done["manifest:list"].metrics
    assert done["folder:d"].identity["fingerprint"] == done["manifest:list"].identity["fingerprint"]
    (failed,) = run.failed
    assert "test/good/0.png" in failed.error["message"]
    for file in (tmp_path / "out").rglob("*"):
        assert not file.is_file() or b"secret-place" not in file.read_bytes(), file
