"""`cell.json` read back: what fits, or one sentence that names the file and the field."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from madeup import made_up_cell

from adbench import UserError
from adbench.leaderboard.tables import build_tables
from adbench.render.markdown import to_markdown
from adbench.results.answered import without_answered
from adbench.results.record import CellRecord, read_record
from adbench.results.store import RunFolder

FIGURES = {"image_auroc": 0.75, "pixel_auroc": None}
INTERVALS = {"image_auroc": [0.5, 0.875]}


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> CellRecord:
    """A finished cell with a value in every field."""
    folder = RunFolder.create(tmp_path_factory.mktemp("records") / "run")
    made = made_up_cell(folder, "a", "d", cost={"images_per_second": 2.0}, kept=["maps"], intervals=INTERVALS)
    return dataclasses.replace(
        made,
        metrics=FIGURES,
        identity={**made.identity, "packages": {"timm": "1.0"}, "auxiliary": {"other": "cd" * 32}},
        error={"type": "ValueError", "message": "boom", "traceback": ""},
    )


@pytest.fixture
def file(tmp_path: Path, record: CellRecord) -> Path:
    """Where it is written."""
    tmp_path.joinpath(record.id).mkdir()
    return tmp_path / record.id / "cell.json"


def put(values: Any, place: tuple, new: Any) -> Any:
    """The values with another one at this place; `DELETED` takes it away."""
    values = copy.deepcopy(values)
    if not place:
        return new
    inner = values
    for part in place[:-1]:
        inner = inner[part]
    if new is DELETED:
        del inner[place[-1]]
    else:
        inner[place[-1]] = new
    return values


DELETED = object()


def test_a_record_reads_back_as_it_was(file: Path, record: CellRecord) -> None:
    file.write_text(record.to_json())
    assert read_record(file) == record


def test_what_a_newer_writer_added_is_ignored(file: Path, record: CellRecord) -> None:
    values = json.loads(record.to_json())
    file.write_text(json.dumps({**values, "colour": "red", "identity": {**values["identity"], "shade": [1]}}))
    assert read_record(file).identity["shade"] == [1]
    assert not hasattr(read_record(file), "colour")


def test_fields_with_a_default_may_be_missing(file: Path, record: CellRecord) -> None:
    needed = ("schema", "id", "status", "identity", "method", "variant", "title", "dataset", "track", "k", "seed", "preset")
    values = json.loads(record.to_json())
    file.write_text(json.dumps({name: values[name] for name in needed}))
    assert (read_record(file).metrics, read_record(file).selection, read_record(file).error) == ({}, "last", None)
    for name in needed[1:]:
        file.write_text(json.dumps({other: values[other] for other in needed if other != name}))
        with pytest.raises(UserError, match=f"cell.json is broken \\(`{name}`: field required\\): delete that folder"):
            read_record(file)


@pytest.mark.parametrize(
    ("place", "new", "said"),
    [
        (("metrics", "image_auroc"), "0.9", "`metrics.image_auroc`: input should be a valid number"),
        (("metrics", "image_auroc"), True, "`metrics.image_auroc`: input should be a valid number"),
        (("metrics", "image_auroc"), float("nan"), "`metrics.image_auroc`: input should be a finite number"),
        (("metrics",), [], "`metrics`: input should be a valid dictionary"),
        (
            ("intervals", "image_auroc"),
            [0.5],
            "`intervals.image_auroc`: list should have at least 2 items after validation, not 1",
        ),
        (
            ("intervals", "image_auroc"),
            [0.5, 0.6, 0.7],
            "`intervals.image_auroc`: list should have at most 2 items after validation, not 3",
        ),
        (("intervals", "image_auroc"), [0.5, None], "`intervals.image_auroc.1`: input should be a valid number"),
        (("intervals", "image_auroc"), [0.5, float("inf")], "`intervals.image_auroc.1`: input should be a finite number"),
        (("status",), "finished", "`status`: input should be 'done' or 'failed'"),
        (("selection",), "best", "`selection`: input should be 'last', 'valid' or 'test-oracle'"),
        (("track",), "one-shot", "`track`: input should be 'full-normal', 'few-normal', 'few-shot' or 'zero-shot'"),
        (("k",), "4", "`k`: input should be a valid integer"),
        (("seed",), 0.5, "`seed`: input should be a valid integer"),
        (("synthetic",), "no", "`synthetic`: input should be a valid boolean"),
        (("seconds", "fit"), None, "`seconds.fit`: input should be a valid number"),
        (("kept",), "maps", "`kept`: input should be a valid list"),
        (("identity",), "x", "`identity`: input should be a valid dictionary"),
        (("identity", "protocol"), [], "`identity.protocol`: input should be a valid dictionary"),
        (("identity", "weights", "tiny"), 3, "`identity.weights.tiny`: input should be a valid string"),
        (("identity", "packages"), ["timm"], "`identity.packages`: input should be a valid dictionary"),
        (("identity", "parameters", "size"), float("nan"), "`identity` or `environment`: a number is NaN or infinite"),
        (("environment", "packages", "torch"), 2.5, "`environment.packages.torch`: input should be a valid string"),
        (("error", "message"), DELETED, "`error.message`: field required"),
        (("id",), 3, "`id`: input should be a valid string"),
        (("schema",), "1", "`schema`: expected a version number"),
        (("schema",), True, "`schema`: expected a version number"),
        (("schema",), DELETED, "`schema`: expected a version number"),
        ((), [], "`schema`: expected a version number"),
    ],
)
def test_a_field_that_does_not_fit_is_named(file: Path, record: CellRecord, place: tuple, new: Any, said: str) -> None:
    file.write_text(json.dumps(put(json.loads(record.to_json()), place, new)))
    with pytest.raises(UserError, match=re.escape(f"{file} is broken ({said}): delete that folder to measure the cell again.")):
        read_record(file)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"\x00", b"\xef\xbb\xbf{}", b'{"schema": 1' + b"1" * 5000 + b"}"])
def test_what_is_no_json_is_no_result(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(UserError, match="cell.json is not an adbench result: delete that folder"):
        read_record(file)


def test_a_file_that_cannot_be_opened_is_a_sentence(file: Path) -> None:
    file.mkdir()
    with pytest.raises(UserError, match=r"cell.json cannot be read: it is a folder\."):
        read_record(file)


def places(values: Any, here: tuple = ()) -> Iterator[tuple]:
    """Where every node of a JSON value is."""
    yield here
    children = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for name, child in children:
        yield from places(child, (*here, name))


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_stands_anywhere_it_reads_or_is_one_sentence(file: Path, record: CellRecord, data: st.DataObject) -> None:
    values = json.loads(record.to_json())
    place = data.draw(st.sampled_from(list(places(values))))
    new = data.draw(ANY_JSON if not place else ANY_JSON | st.just(DELETED))
    file.write_text(json.dumps(put(values, place, new)))
    said, read = "", None
    try:
        read = read_record(file)
    except UserError as error:
        said = str(error)
    if read is None:
        assert str(file) in said
        assert len(said.splitlines()) == 1
        return
    file.write_text(read.to_json())
    assert read_record(file) == read
    assert to_markdown(build_tables([read]))
    assert without_answered([read, dataclasses.replace(read, status="failed")])
