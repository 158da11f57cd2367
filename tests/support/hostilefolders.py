"""Run folders as somebody who wants to do harm would send them: each attack changes one thing in a folder of two honest cells."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from madeup import made_up_cell

from adbench.results.record import CellRecord
from adbench.results.store import MARKER, TEMPORARY, RunFolder

SECRET = "CANARY-of-somebody-else"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b1m\x08\x7f"
TURNED = "\u202egnp.exe\u2066\u200f\u2028x"
MARKUP = '<script>alert(1)</script><img src=x onerror=alert(1)>"\' onload="alert(1)]]>&#x202e;|`[a](javascript:alert(1))'
RICH = "[bold red]x[/] [/nothing] [link=file:///etc/passwd]y[/link]"
TEX = "\\input{/etc/passwd} \\write18{id} $x$ % \n\n\\par"
FORMULA = '=HYPERLINK("http://x",1)'
ALL_AT_ONCE = f"{FORMULA}{ESCAPES}{TURNED}{MARKUP}{RICH}{TEX}\n# heading\r\n\uffff\x00"
DEAD = 2**22 + 7  # no process has this number


@dataclass(frozen=True)
class Sent:
    """A run folder from somebody, with the cell that attacks change, and a folder of somebody else beside it."""

    run: Path
    record: CellRecord
    outside: Path

    @property
    def cell(self) -> Path:
        """The folder of the cell."""
        return self.run / "cells" / self.record.id

    def put(self, *place: str, value: Any) -> None:
        """Write a field of the cell's record."""
        file = self.cell / "cell.json"
        values = json.loads(file.read_text())
        inner = values
        for step in place[:-1]:
            inner = inner.setdefault(step, {})
        inner[place[-1]] = value
        file.write_text(json.dumps(values))

    def table(self, **columns: Any) -> None:
        """Replace columns of the scores."""
        file = self.cell / "scores.parquet"
        known = parquet.read_table(file).to_pydict()
        parquet.write_table(pa.table({**known, **columns}), file)


def sent(folder: Path) -> Sent:
    """Two honest cells, and somebody else's folder with a cell, a key and a pipe that nobody writes to."""
    run = RunFolder.create(folder / "sent")
    first = made_up_cell(run, "peak", "toy-a", track="few-shot", k=4)
    made_up_cell(run, "mean", "toy-a", track="few-shot", k=4)
    outside = folder / "outside"
    other = RunFolder.create(outside / "run")
    theirs = made_up_cell(other, "peak", "toy-a", track="few-shot", k=4, title=SECRET)
    shutil.copytree(other.cells / theirs.id, outside / "cell")
    (outside / "key").write_text(SECRET)
    os.mkfifo(outside / "pipe")
    return Sent(run.path, first, outside)


Attack = Callable[[Sent], None]
ATTACKS: dict[str, Attack] = {}


def attack(function: Attack) -> Attack:
    """Add an attack under its name."""
    ATTACKS[function.__name__] = function
    return function


def _field(name: str, *place: str, value: Any) -> None:
    ATTACKS[name] = lambda sent: sent.put(*place, value=value)


# Paths as ids.
for _name, _id in {
    "id_leads_up": "../../outside/cell", "id_is_absolute": "/tmp/adbench-hostile/x", "id_is_a_dot": ".", "id_is_two_dots": "..", "id_is_empty": "",
    "id_has_nul": "a\0b", "id_is_long": "x" * 5000, "id_of_another_cell": "mean", "id_has_a_drive": "C:\\x", "id_is_a_number": 3,
}.items():  # fmt: skip
    _field(_name, "id", value=_id)


def _left_over(sent: Sent, id: Any, within: str = "") -> Path:
    """The cell as a process that died left it, under an id of its own choice."""
    place = sent.run / "cells" / f"{TEMPORARY}{DEAD}-x"
    sent.put("id", value=id)
    shutil.move(sent.cell, place)
    shutil.copytree(place, place / "previous") if not within else None
    return place


@attack
def left_over_leads_up(sent: Sent) -> None:
    _left_over(sent, "../../outside/made")


@attack
def left_over_is_absolute(sent: Sent) -> None:
    _left_over(sent, str(sent.outside / "made"))


@attack
def left_over_replaces_a_cell(sent: Sent) -> None:
    _left_over(sent, "..")


@attack
def left_over_is_a_link(sent: Sent) -> None:
    shutil.copytree(sent.outside / "cell", sent.outside / "cell" / "previous")
    (sent.run / "cells" / f"{TEMPORARY}{DEAD}-y").symlink_to(sent.outside / "cell")


@attack
def left_over_keeps_a_link(sent: Sent) -> None:
    place = _left_over(sent, "x")
    shutil.rmtree(place / "previous")
    (place / "previous").symlink_to(sent.outside / "cell")
    (place / "cell.json").unlink()


@attack
def left_over_of_a_process_that_cannot_be(sent: Sent) -> None:
    os.rename(_left_over(sent, sent.record.id), sent.run / "cells" / f"{TEMPORARY}{10**30}-x")


@attack
def left_over_is_a_device(sent: Sent) -> None:
    place = _left_over(sent, "x")
    (place / "cell.json").unlink()
    (place / "cell.json").symlink_to("/dev/zero")


@attack
def left_over_without_utf8(sent: Sent) -> None:
    place = _left_over(sent, "x")
    for file in (place / "cell.json", place / "previous/cell.json"):
        file.write_bytes(b"\xff\xfe\x00")


# Links, devices and pipes.
@attack
def cell_is_a_link(sent: Sent) -> None:
    shutil.rmtree(sent.cell)
    sent.cell.symlink_to(sent.outside / "run/cells" / sent.record.id)


@attack
def cell_is_a_relative_link(sent: Sent) -> None:
    shutil.rmtree(sent.cell)
    sent.cell.symlink_to(Path("../../outside/run/cells") / sent.record.id)


@attack
def cell_is_a_link_to_itself(sent: Sent) -> None:
    shutil.rmtree(sent.cell)
    sent.cell.symlink_to(sent.cell.name)


@attack
def cells_is_a_link(sent: Sent) -> None:
    shutil.rmtree(sent.run / "cells")
    (sent.run / "cells").symlink_to(sent.outside / "run/cells")


@attack
def marker_is_a_link(sent: Sent) -> None:
    (sent.run / MARKER).unlink()
    (sent.run / MARKER).symlink_to(sent.outside / "run" / MARKER)


@attack
def marker_is_a_pipe(sent: Sent) -> None:
    (sent.run / MARKER).unlink()
    os.mkfifo(sent.run / MARKER)


@attack
def links_lie_where_records_are_written(sent: Sent) -> None:
    for number in (os.getpid(), os.getpid() + 1):
        (sent.cell / f"cell.json.{number}").symlink_to(sent.outside / "key")
        (sent.run / f"{MARKER}.{number}").symlink_to(sent.outside / "key")


def _instead(name: str, file: str, target: str | None) -> None:
    def change(sent: Sent) -> None:
        place = sent.cell / file
        place.unlink(missing_ok=True)
        if target is None:
            os.mkfifo(place)
        elif target == "folder":
            place.mkdir()
        else:
            place.symlink_to(target if target.startswith("/") else sent.outside / target)

    ATTACKS[name] = change


for _file in ("cell.json", "scores.parquet", "maps.npz"):
    _word = _file.partition(".")[0]
    _instead(f"{_word}_is_a_link", _file, f"cell/{_file}")
    _instead(f"{_word}_is_a_link_to_a_key", _file, "key")
    _instead(f"{_word}_is_zeros_without_end", _file, "/dev/zero")
    _instead(f"{_word}_is_a_pipe", _file, None)
    _instead(f"{_word}_is_a_folder", _file, "folder")


# Bombs.
@attack
def record_is_large(sent: Sent) -> None:
    with (sent.cell / "cell.json").open("r+b") as file:
        file.truncate(1 << 40)  # a hole: it takes no space here


@attack
def scores_are_large(sent: Sent) -> None:
    with (sent.cell / "scores.parquet").open("r+b") as file:
        file.truncate(1 << 40)


@attack
def record_is_deep(sent: Sent) -> None:
    (sent.cell / "cell.json").write_text('{"schema": 1, "id": ' + "[" * 200_000)


@attack
def identity_is_deep(sent: Sent) -> None:
    value: Any = 1
    for _ in range(200):
        value = {"a": value}
    sent.put("identity", "parameters", value={"a": value})


@attack
def scores_have_long_texts(sent: Sent) -> None:
    sent.table(group=["g" * 10_000_000] * 40)


@attack
def scores_claim_many_rows(sent: Sent) -> None:
    count = 6_000_000
    table = {
        "id": pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), ["a"]),
        "score": np.zeros(count),
        "label": np.zeros(count, bool),
    }
    parquet.write_table(pa.table({**table, "group": pa.nulls(count, pa.string())}), sent.cell / "scores.parquet")


@attack
def scores_are_pickles(sent: Sent) -> None:
    sent.table(score=pa.array([b"cos\nsystem\n(S'true'\ntR."] * 40))


@attack
def scores_are_not_finite(sent: Sent) -> None:
    sent.table(score=[float("inf")] * 40)


@attack
def scores_are_huge(sent: Sent) -> None:
    sent.table(score=[1.7e308 * (-1) ** number for number in range(40)])


@attack
def names_are_hostile(sent: Sent) -> None:
    sent.table(id=[f"{MARKUP}{ESCAPES}{TURNED}{number}" for number in range(40)])


def _maps(sent: Sent, header: str, content: bytes, level: int = 9) -> None:
    with zipfile.ZipFile(sent.cell / "maps.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=level) as file:
        for name in ("ids", "maps"):
            head = header.encode() + b"\n"
            with file.open(f"{name}.npy", "w", force_zip64=True) as stream:
                stream.write(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + content)
    sent.put("metrics", "pixel_auroc", value=0.9)


@attack
def maps_are_pickles(sent: Sent) -> None:
    _maps(sent, "{'descr': '|O', 'fortran_order': False, 'shape': (40,), }", b"cos\nsystem\n(S'true'\ntR.")


@attack
def maps_claim_much(sent: Sent) -> None:
    _maps(sent, "{'descr': '<f2', 'fortran_order': False, 'shape': (40, 999999, 999999), }", b"x" * 100)


@attack
def maps_unpack_to_much(sent: Sent) -> None:
    _maps(sent, "{'descr': '<f2', 'fortran_order': False, 'shape': (40, 2000, 2000), }", bytes(320_000_000), level=1)


@attack
def maps_hold_code(sent: Sent) -> None:
    _maps(sent, "__import__('os').system('true')", b"")


# JSON that readers differ about.
@attack
def key_is_given_twice(sent: Sent) -> None:
    file = sent.cell / "cell.json"
    file.write_text(file.read_text().replace('"method":', '"method": "other", "method":', 1))


@attack
def record_is_utf16(sent: Sent) -> None:
    file = sent.cell / "cell.json"
    file.write_bytes(file.read_text().encode("utf-16"))


@attack
def number_overflows(sent: Sent) -> None:
    file = sent.cell / "cell.json"
    file.write_text(file.read_text().replace('"metrics": {', '"metrics": {"more": 1e999, ', 1))


for _place, _value in {
    ("seed",): 10**400, ("k",): -4, ("metrics", "image_auroc"): 1e308, ("metrics", "more"): -1e300, ("seconds", "fit"): 1e307, ("counts", "normal"): -1,
    ("intervals", "image_auroc"): [1e308, -1e308], ("cost", "gflop_per_image"): -1.0, ("peak_memory_mb",): -5.0, ("identity", "protocol"): {"limit": 10**400},
    ("metric_cards",): {"image_auroc": {"title": {"a": 1}, "range": [1e308, -1e308]}, "more": {"range": ["x", "y"]}, "less": {"range": [10**400, None]}},
    ("environment",): {"packages": {}, "deep": [[[["x"]]]]}, ("error",): {"message": ALL_AT_ONCE, "traceback": ALL_AT_ONCE}, ("status",): "failed",
}.items():  # fmt: skip
    _field("value_of_" + "_".join(_place), *_place, value=_value)

# Texts that act where they are shown.
TEXT_FIELDS = (
    ("method",), ("variant",), ("title",), ("dataset",), ("preset",), ("contradiction",), ("started",), ("identity", "fingerprint"), ("identity", "version"),
    ("identity", "precision"), ("identity", "parameters", "a"), ("identity", "weights", "tiny"), ("identity", "packages", ALL_AT_ONCE), ("identity", "protocol", ALL_AT_ONCE),
    ("environment", ALL_AT_ONCE), ("environment", "packages", ALL_AT_ONCE), ("kept",), ("cost", ALL_AT_ONCE), ("seconds", ALL_AT_ONCE), ("counts", ALL_AT_ONCE),
)  # fmt: skip
for _place in TEXT_FIELDS:
    _last = _place[-1]
    _shown = 1 if _place[0] in ("cost", "seconds", "counts") else [ALL_AT_ONCE] if _last == "kept" else ALL_AT_ONCE
    _field(f"text_in_{'_'.join('a_key' if part == ALL_AT_ONCE else part for part in _place)}", *_place, value=_shown)
for _kind, _text in {
    "escapes": ESCAPES,
    "turned": TURNED,
    "markup": MARKUP,
    "rich": RICH,
    "tex": TEX,
    "formula": FORMULA,
    "plus": "+1",
    "at": "@x",
    "minus": "-1",
    "tab": "\t=1",
    "halves": "a\ud800b",
}.items():
    _field(f"variant_of_{_kind}", "variant", value=_text)


@attack
def metric_has_a_hostile_name(sent: Sent) -> None:
    sent.put("metrics", ALL_AT_ONCE, value=0.5)
    sent.put(
        "metric_cards",
        ALL_AT_ONCE,
        value={"title": ALL_AT_ONCE, "kind": "image", "factory": "os:system", "range": [0.0, 1.0], "computed": ALL_AT_ONCE},
    )


@attack
def metric_card_names_a_factory(sent: Sent) -> None:
    sent.put("metrics", "more", value=0.5)
    sent.put("metric_cards", "more", value={"title": "More", "kind": "image", "factory": "os:abort", "range": [0.0, 1.0]})


@attack
def every_text_is_hostile(sent: Sent) -> None:
    for place in TEXT_FIELDS:
        if place[0] not in ("kept", "cost", "seconds", "counts", "started"):
            sent.put(*place, value=ALL_AT_ONCE)


@attack
def failed_with_a_hostile_message(sent: Sent) -> None:
    sent.put("status", value="failed")
    sent.put("error", value={"type": ALL_AT_ONCE, "message": ALL_AT_ONCE, "traceback": ALL_AT_ONCE})
