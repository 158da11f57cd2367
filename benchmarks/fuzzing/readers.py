"""Every reader of files of others, with contents to try it with."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from adbench import Dataset, DatasetCard, Item, UserError
from adbench.results.record import CellRecord, ScoreTable
from fuzzing.contents import as_toml, changed_bytes, changed_json, changed_text, changed_value

COUNT = 24
IDS = [f"{'Ungood' if number % 2 else 'good'}/{number:03d}" for number in range(COUNT)]


@dataclass(frozen=True)
class Reader:
    """A reader. `read` gets a folder and what a strategy gave; it may raise `UserError`, of one line, and nothing else."""

    contents: Callable[[], st.SearchStrategy[Any]]
    read: Callable[[Path, Any], None]


def attempt(reader: Reader, folder: Path, content: Any) -> None:
    """Read once. Raises what the reader raised, unless it is one sentence."""
    try:
        reader.read(folder, content)
    except UserError as error:
        sentence = str(error)
        assert sentence.strip(), "an empty sentence"
        assert len(sentence) < 20_000, f"a sentence of {len(sentence)} characters"


@cache
def _table() -> ScoreTable:
    labels = np.arange(COUNT) % 2 == 1
    scores = np.random.default_rng(0).normal(size=COUNT) + labels
    return ScoreTable(list(IDS), scores, labels, [f"s{n // 3}" for n in range(COUNT)], ["t"] * COUNT, [None] * COUNT)


def _record(method: str = "peak", seed: int = 0) -> CellRecord:
    return CellRecord(
        id=f"{method}--toy--few-shot-4--seed{seed}--0123456789ab",
        status="done",
        identity={
            "method": method, "fingerprint": "f" * 64, "protocol": {"limit": None, "pool": "test"}, "parameters": {"size": 240, "layers": [1, 2]},
            "weights": {"tiny": "5f" * 32}, "packages": {"timm": "1.0"}, "auxiliary": {}, "precision": "fp32", "version": "1",
        },
        method=method,
        variant=f"{method}[size=240]",
        title="Peak",
        dataset="toy",
        track="few-shot",
        k=4,
        seed=seed,
        preset="demo",
        metrics={"image_auroc": 0.75, "pixel_auroc": 0.8, "sensitivity": 0.5},
        intervals={"image_auroc": [0.5, 0.9], "pixel_auroc": [0.7, 0.9]},
        metric_cards={"sensitivity": {"title": "Sensitivity", "kind": "image", "factory": "a:b", "range": [0.0, None], "problem": ""}},
        counts={"normal": 12, "abnormal": 12},
        seconds={"fit": 1.0, "predict": 2.0},
        cost={"images_per_second": 2.0, "gflop_per_image": 1.5, "trainable_parameters": 100.0},
        peak_memory_mb=100.0,
        started=f"2026-01-0{seed + 1}T10:00:00+00:00",
        environment={"python": "3.11", "packages": {"torch": "2.6"}, "device": "cpu", "commit": None},
        error={"type": "ValueError", "message": "boom", "traceback": "Traceback\n  boom"},
    )  # fmt: skip


def _json(record: CellRecord) -> dict[str, Any]:
    return {"schema": 1, **asdict(record)}


def _written(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def _read_cell(folder: Path, content: bytes) -> None:
    from adbench.results.record import read_record

    record = read_record(_written(folder, "cell.json", content))
    assert read_record(_written(folder, "cell.json", record.to_json().encode())) == record


def _read_run(folder: Path, contents: tuple[bytes, bytes, bytes, bytes]) -> None:
    """Two cells and their files, through all that is made of a run."""
    from adbench.api import read_run
    from adbench.leaderboard.material import gather
    from adbench.regression.baseline import readable_cells
    from adbench.regression.verdicts import check
    from adbench.render import comparison, latex, markdown, rows, table
    from adbench.report.build import build_report
    from adbench.results.store import MARKER, RunFolder

    _written(folder, MARKER, b'{"schema": 1}')
    for number, cell in enumerate(contents[:2]):
        place = folder / "cells" / _record(seed=number).id
        _written(place, "cell.json", cell)
        _written(place, "scores.parquet", contents[2])
        _written(place, "maps.npz", contents[3])
    run = read_run(folder)
    tables = gather([run], rank_marked=True).tables
    names = tuple(dict.fromkeys(name for record in run.records for name in record.metrics))
    for render in (rows.to_csv, rows.to_json, markdown.to_markdown, latex.to_latex, table.to_svg):
        assert isinstance(render(tables, names), str)
    cells, failed = readable_cells(RunFolder(folder), run.records)
    compared = check(cells, cells, failed)
    for show in comparison.FORMATS.values():
        show(compared)
    build_report([run])


def _read_baseline(folder: Path, content: bytes) -> None:
    from adbench.regression.baseline import read_baseline
    from adbench.regression.verdicts import check
    from adbench.render import comparison

    cells = read_baseline(_written(folder, "baseline.json", content))
    for show in comparison.FORMATS.values():
        show(check(cells, cells))


@cache
def _baseline() -> Any:
    from adbench.regression.baseline import CONDITIONS, KEY, _images

    cells, scores = [], []
    for seed in (0, 1):
        record, table = _record(seed=seed), _table()
        key = {name: getattr(record, name) for name in KEY}
        conditions = {name: record.identity.get(name) for name in CONDITIONS}
        cells.append({"key": key, "conditions": conditions, "started": record.started, "metrics": record.metrics, "intervals": record.intervals})  # fmt: skip
        scores.append({**_images(table.ids, table.labels.tolist(), table.groups), "scores": table.scores.tolist()})
    return {"schema": 2, "versions": {"python": "3.11"}, "cells": cells, "scores": scores}


def _read_suite(folder: Path, content: bytes) -> None:
    from adbench.planning.suites import load_suite
    from adbench.registry.cards import load_registry
    from adbench.registry.loading import load_plugins

    load_suite(str(_written(folder, "suite.toml", content)), load_registry(load_plugins([])))


SUITE = """title = "A grid"
seeds = [0, 1]
datasets = ["bmad"]
preset = "demo"
[[grid]]
methods = ["mvfa", "patchcore"]
shots = [2, 4]
tracks = ["few-shot"]
[grid.set.mvfa]
image_size = 240
[[grid]]
methods = ["clip"]
"""
TOML = (
    "[",
    "]",
    "[[",
    "=",
    "{",
    "}",
    '"',
    "'''",
    "grid",
    "methods",
    "1e999",
    "nan",
    "9" * 5000,
    "[" * 3000,
    "2020-01-01",
    "set.",
)


class _Listed(Dataset):
    def items(self, split: str) -> list[Item]:
        return [Item(name, name.startswith("Ungood")) for name in IDS] if split == "valid" else []


def _read_list(folder: Path, content: bytes) -> None:
    from adbench.planning.supportlists import read_support_list

    _written(folder, "toy/2-shot.txt", content)
    card = DatasetCard(name="toy", title="Toy", factory="a:b", how_to_get="")
    read_support_list(folder, _Listed(card, None), "few-shot", 2, 0)


def _read_scores(folder: Path, content: bytes) -> None:
    from adbench.results.scores import read_scores
    from adbench.results.typed import Misfit

    try:
        read_scores(_written(folder, "scores.parquet", content))
    except Misfit as misfit:
        raise UserError(str(misfit)) from misfit


@cache
def _scores() -> list[bytes]:
    import pyarrow as pa
    from pyarrow import parquet

    from adbench.results.scores import as_parquet

    found = [as_parquet(_table())]
    table = parquet.read_table(io.BytesIO(found[0]))
    for options in (
        {"compression": "gzip"},
        {"use_dictionary": False, "compression": "none"},
        {"data_page_version": "2.0", "compression": "zstd"},
    ):
        sink = io.BytesIO()
        parquet.write_table(table.append_column("more", pa.array([[1, 2]] * COUNT)), sink, **options)
        found.append(sink.getvalue())
    return found


def _read_maps(folder: Path, content: bytes) -> None:
    from adbench.results.maps import FILE, read_maps

    _written(folder, f"cells/x/{FILE}", content)
    read_maps(folder / "cells" / "x")


@cache
def _maps() -> list[bytes]:
    from adbench.results.maps import as_half, write_maps

    sink, plain = io.BytesIO(), io.BytesIO()
    table = as_half(list(IDS), np.random.default_rng(0).normal(size=(COUNT, 6, 6)))
    write_maps(sink, table)
    np.savez(plain, ids=np.asarray(table.ids), maps=table.maps, offset=table.offset, scale=table.scale)
    return [sink.getvalue(), plain.getvalue()]


HEADERS = (
    "{'descr': '<f2', 'fortran_order': False, 'shape': (24, 6, 6), }", "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
    "{'descr': '<f2', 'fortran_order': True, 'shape': (999999999999, 6, 6), }", "{'descr': '<f2', 'fortran_order': False, 'shape': (-1, 6, 6), }",
    "{'descr': [('a', '<f2', (1000000,)), ('b', 'O')], 'fortran_order': False, 'shape': (1, 2, 3), }", "(" * 500, "{'descr': '<U99999999', 'fortran_order': False, 'shape': (24,), }",
    "{'descr': '<f2', 'fortran_order': False, 'shape': (True, 6, 2**62), }", "__import__('os').system('true')",
)  # fmt: skip


@st.composite
def _maps_with_headers(draw: st.DrawFn) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]))) as file:
        for name in draw(st.permutations(["ids", "maps", "offset", "scale"])):
            header = draw(st.sampled_from(HEADERS) | st.text(max_size=40)).encode("utf-8", "replace") + b"\n"
            version = draw(st.sampled_from([b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x09"]))
            length = len(header).to_bytes(2 if version == b"\x01\x00" else 4, "little")
            file.writestr(f"{name}.npy", b"\x93NUMPY" + version + length + header + draw(st.binary(max_size=60)))
    return sink.getvalue()


def _read_weights(folder: Path, content: bytes) -> None:
    from adbench.files.tensors import read_state_dict

    read_state_dict(_written(folder, "weights", content))


TENSOR = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


@st.composite
def _safetensors(draw: st.DrawFn) -> bytes:
    header = draw(changed_json({"a.weight": TENSOR, "b": {**TENSOR, "data_offsets": [24, 48]}, "__metadata__": {"x": "y"}}))
    length = draw(st.just(len(header)) | st.integers(0, 2**64 - 1))
    return length.to_bytes(8, "little") + header + draw(st.just(bytes(48)) | st.binary(max_size=60))


@cache
def _checkpoints() -> list[bytes]:
    import torch

    found = []
    state = {"model": {"module.a": torch.zeros(2, 3), "module.b": torch.ones(4)}, "epoch": 3, "list": [torch.zeros(1)]}
    for zipped in (True, False):
        sink = io.BytesIO()
        torch.save(state, sink, _use_new_zipfile_serialization=zipped)
        found.append(sink.getvalue())
    around = io.BytesIO()
    with zipfile.ZipFile(around, "w") as file:
        file.writestr("weights.pth", found[0])
    return [*found, around.getvalue()]


def _as_picture(name: str) -> Callable[[Path, bytes], None]:
    def read(folder: Path, content: bytes) -> None:
        from adbench.files import pictures

        file = _written(folder, name, content)
        for frame in (None, 0):
            for use in (
                pictures.frames,
                pictures.check_whole,
                partial(pictures.image_size, frame=frame),
                partial(pictures.read_image, frame=frame),
                partial(pictures.read_mask, size=(16, 20), frame=frame),
            ):
                try:
                    use(file)
                except UserError:
                    continue

    return read


@cache
def _arrays() -> list[bytes]:
    found = []
    for values in (np.arange(320.0).reshape(16, 20), np.zeros((4, 16, 20), np.uint16), np.zeros((16, 20, 3), np.uint8)):
        sink = io.BytesIO()
        np.save(sink, values)
        found.append(sink.getvalue())
    return found


@st.composite
def _arrays_with_headers(draw: st.DrawFn) -> bytes:
    header = draw(st.sampled_from(HEADERS) | st.text(max_size=40)).encode("utf-8", "replace") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + draw(st.binary(max_size=60))


@cache
def _volumes() -> list[bytes]:
    import nibabel

    return [
        nibabel.Nifti1Image(np.arange(960, dtype=kind).reshape(16, 20, 3), np.eye(4)).to_bytes()
        for kind in (np.int16, np.float32)
    ]


def _scans() -> list[bytes]:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = SecondaryCaptureImageStorage, "1.2.3"
    made = FileDataset("x", {}, file_meta=meta, preamble=bytes(128))
    made.Rows, made.Columns, made.SamplesPerPixel, made.PhotometricInterpretation = 16, 20, 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.RescaleSlope, made.RescaleIntercept, made.WindowCenter, made.WindowWidth = 2, -100, 40, 80
    made.PixelData = np.arange(320, dtype=np.uint16).tobytes()
    sink = io.BytesIO()
    made.save_as(sink, enforce_file_format=True)
    return [sink.getvalue()]


def _read_manifest(folder: Path, content: tuple[str, bytes]) -> None:
    from adbench.data.manifest import read_manifest

    read_manifest(_written(folder, f"manifest{content[0]}", content[1]))


MANIFEST = """path,split,label,mask,subject,range,frame
a/1.png,train,normal,,s1,,
a/2.png,test,ungood,a/2_mask.png,s2,0:255,
a/3.nii,valid,0,,s3,-100:300,4
"""


@cache
def _manifest_tables() -> list[bytes]:
    import pandas as pd

    sink = io.BytesIO()
    pd.read_csv(io.StringIO(MANIFEST)).to_parquet(sink)
    return [sink.getvalue()]


def _manifests() -> st.SearchStrategy[tuple[str, bytes]]:
    lines = "\n".join(json.dumps({"path": f"a/{n}.png", "split": "test", "label": n % 2, "range": [0, 9]}) for n in range(4))
    return st.one_of(
        st.tuples(st.just(".csv"), changed_text(MANIFEST, (",", '"', ";", "|", "path", "9" * 5000, "../x.png", "/etc/passwd"))),
        st.tuples(st.just(".jsonl"), changed_text(lines, ("{", "}", "[" * 3000, '"path"', ":", "NaN", "9" * 5000))),
        st.tuples(st.just(".parquet"), changed_bytes(_manifest_tables())),
    )


@cache
def _images() -> list[bytes]:
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (16, 20, 3), np.uint8)
    found = []
    for kind in ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP", "PPM", "TGA", "JPEG2000", "ICO", "SGI", "PCX", "DDS"):
        for image in (Image.fromarray(pixels), Image.fromarray(pixels[..., 0])):
            sink = io.BytesIO()
            try:
                image.save(sink, kind)
            except (OSError, KeyError, ValueError):
                continue
            found.append(sink.getvalue())
    deep = io.BytesIO()
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(deep, "PNG")
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 16\n%%EndComments\n(x) = quit\n%%EOF\n"
    return [*found, deep.getvalue(), eps]


def _read_published(folder: Path, content: bytes) -> None:
    from adbench.contracts.suites import PublishedCard
    from adbench.leaderboard.published import read_published
    from adbench.results.brought import known_metrics

    read_published(PublishedCard(name="x", file=_written(folder, "published.csv", content)), known_metrics())


PUBLISHED = """method,track,k,dataset,metric,value,source,table,evidence
MVFA,few-shot,4,bmad-brain,image_auroc,92.44,MVFA,Table 1,page
"MVFA, full",few-shot,4,bmad-brain,pixel_auroc,97.30,MVFA,Table 1,page
"""


def _read_archive(folder: Path, content: bytes) -> None:
    from adbench.files.archive import unpack

    target = folder / "inside" / "target"
    for left in (f for f in folder.rglob("*") if f.is_file()):
        left.unlink()
    target.mkdir(parents=True, exist_ok=True)
    archive = _written(folder, "archive", content)
    try:
        unpack(archive, target)
    finally:
        made = [f for f in folder.rglob("*") if f.is_file() and f != archive]
        assert all(f.is_relative_to(target) for f in made), made
        for file in made:
            file.unlink()


@cache
def _archives() -> list[bytes]:
    zipped, tarred, packed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as file:
        file.writestr("a/b.txt", "b" * 100)
        file.writestr("c/", "")
    for sink, mode in ((tarred, "w"), (packed, "w:gz")):
        with tarfile.open(fileobj=sink, mode=mode) as file:
            for name in ("a/b.txt", "d.txt"):
                info = tarfile.TarInfo(name)
                info.size = 50
                file.addfile(info, io.BytesIO(b"x" * 50))
    return [zipped.getvalue(), tarred.getvalue(), packed.getvalue()]


READERS = {
    "cell": Reader(lambda: changed_json(_json(_record())), _read_cell),
    "run": Reader(
        lambda: st.tuples(
            changed_json(_json(_record())),
            changed_json(_json(_record(seed=1))),
            st.just(_scores()[0]) | changed_bytes(_scores()),
            st.just(_maps()[0]) | changed_bytes(_maps()),
        ),
        _read_run,
    ),
    "baseline": Reader(lambda: changed_json(_baseline()), _read_baseline),
    "suite": Reader(lambda: changed_text(SUITE, TOML) | changed_value(tomllib.loads(SUITE)).map(as_toml), _read_suite),
    "list": Reader(lambda: changed_text("n-0: 000 002\na-0: 001 003\n", ("n-", "a-", ":", " 000", "9" * 50)), _read_list),
    "scores": Reader(lambda: changed_bytes(_scores()), _read_scores),
    "maps": Reader(lambda: changed_bytes(_maps()) | _maps_with_headers(), _read_maps),
    "safetensors": Reader(_safetensors, _read_weights),
    "checkpoint": Reader(lambda: changed_bytes(_checkpoints()), _read_weights),
    "image": Reader(lambda: changed_bytes(_images()), _as_picture("image.png")),
    "array": Reader(lambda: changed_bytes(_arrays()) | _arrays_with_headers(), _as_picture("image.npy")),
    "nifti": Reader(lambda: changed_bytes(_volumes()), _as_picture("image.nii")),
    "packed nifti": Reader(
        lambda: changed_bytes(_volumes()).map(gzip.compress) | changed_bytes([gzip.compress(_volumes()[0])]),
        _as_picture("image.nii.gz"),
    ),
    "dicom": Reader(lambda: changed_bytes(_scans()), _as_picture("image.dcm")),
    "manifest": Reader(_manifests, _read_manifest),
    "published": Reader(lambda: changed_text(PUBLISHED, (",", '"', "nan", "1e999", "image_auroc")), _read_published),
    "archive": Reader(lambda: changed_bytes(_archives()), _read_archive),
}
