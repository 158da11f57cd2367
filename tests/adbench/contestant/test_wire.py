"""What crosses the border: whole, of known types, and never executed."""

from __future__ import annotations

import json
import os
import pickle
import socket
import threading
import time

import numpy as np
import pytest

from adbench.contestant.wire import (
    LARGEST_BODY,
    LENGTH,
    Closed,
    Garbled,
    receive_answer,
    receive_order,
    send_answer,
    send_order,
)


@pytest.fixture
def ends() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "uint8", "bool"])
def test_arrays_arrive_as_they_were(ends: tuple[socket.socket, socket.socket], dtype: str) -> None:
    sent = [np.arange(24).reshape(2, 3, 4).astype(dtype)[:, ::2], np.zeros((0, 3), dtype), np.array(1, dtype)]
    send_answer(ends[1], {"kind": "x", "text": "ä\ud800".encode("utf-8", "replace").decode()}, sent)
    body, found = receive_answer(ends[0])
    assert body["kind"] == "x"
    for one, other in zip(sent, found, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_large_ones_too(ends: tuple[socket.socket, socket.socket]) -> None:
    values = np.random.default_rng(0).random((5, 1 << 20))
    thread = threading.Thread(target=send_answer, args=(ends[1], {"kind": "x"}, [values]))
    thread.start()
    ends[0].setblocking(False)
    np.testing.assert_array_equal(receive_answer(ends[0], lambda: None)[1][0], values)
    thread.join()


def test_a_referee_may_send_objects_and_files(ends: tuple[socket.socket, socket.socket]) -> None:
    reading, writing = os.pipe()
    send_order(ends[0], {"a": np.arange(3)}, [writing])
    body, files = receive_order(ends[1])
    np.testing.assert_array_equal(body["a"], np.arange(3))
    os.write(files[0], b"through")
    assert os.read(reading, 10) == b"through"
    for file in (reading, writing, *files):
        os.close(file)


def raw(line: socket.socket, content: bytes, arrays: int = 0) -> None:
    """A message that is none."""
    line.sendall(LENGTH.pack(len(content), arrays) + content)


@pytest.mark.parametrize(
    ("content", "arrays"),
    [
        (pickle.dumps({"kind": "x"}), 0),
        (b"[1, 2]", 0),
        (b'{"kind": "x"}', 0),
        (b"[" * 100_000, 0),
        (json.dumps({"arrays": [["object", [1]]]}).encode(), 1),
        (json.dumps({"arrays": [["float32", [-1]]]}).encode(), 1),
        (json.dumps({"arrays": [["float32", [1 << 39, 1 << 39]]]}).encode(), 1),
        (json.dumps({"arrays": [["float32", [True]]]}).encode(), 1),
        (json.dumps({"arrays": [["float32", [1]]]}).encode(), 2),
        (json.dumps({"arrays": [["float32", [1, 1, 1, 1, 1]]]}).encode(), 1),
        (json.dumps({"arrays": []}).encode(), 77),
    ],
)
def test_what_is_no_message_is_refused(ends: tuple[socket.socket, socket.socket], content: bytes, arrays: int) -> None:
    raw(ends[1], content, arrays)
    with pytest.raises(Garbled):
        receive_answer(ends[0])


def test_a_body_that_is_too_long_is_not_waited_for(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].sendall(LENGTH.pack(LARGEST_BODY + 1, 0))
    with pytest.raises(Garbled, match="too large"):
        receive_answer(ends[0])


@pytest.mark.parametrize("part", [b"", b"\x01", LENGTH.pack(50, 0) + b"{"])
def test_an_end_in_the_middle_is_an_end(ends: tuple[socket.socket, socket.socket], part: bytes) -> None:
    ends[1].sendall(part)
    ends[1].close()
    with pytest.raises(Closed):
        receive_answer(ends[0])


@pytest.mark.parametrize("sends", [False, True])
def test_nobody_waits_for_one_that_hangs(ends: tuple[socket.socket, socket.socket], sends: bool) -> None:
    class Enough(Exception):
        pass

    ends[0].setblocking(False)
    start = time.monotonic()

    def watch() -> None:
        if time.monotonic() - start > 0.3:
            raise Enough

    with pytest.raises(Enough):
        send_order(ends[0], bytes(50 << 20), watch=watch) if sends else receive_answer(ends[0], watch)
