"""What goes over the border. A referee may send objects; what a contestant sends is names, numbers and arrays, never unpickled.

Both ways a message is a length, a body, and what the body announces. A contestant's body is JSON; `arrays` in it gives type
and shape of the raw arrays that follow. A referee's body is a pickle, and `files` open files that come along.
"""

from __future__ import annotations

import array
import json
import os
import pickle
import select
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

LENGTH = struct.Struct("<QI")  # bytes of the body, files or arrays that follow
LARGEST_BODY = 4 << 20
LARGEST_ARRAYS = 16 << 30
MOST_ARRAYS = 4
MOST_DIMENSIONS = 4
TYPES = frozenset(
    ("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
)
POLL_SECONDS = 0.25
CHUNK = 1 << 20

Watch = Callable[[], None]
"""Called while one waits, on a socket that does not block; raises to stop waiting. `never`: on one that blocks."""


class Closed(Exception):
    """The other side is gone."""


class Garbled(Exception):
    """What came is no message; says why."""


def never() -> None:
    """A watch that waits for ever."""


def send_order(line: socket.socket, body: Any, files: Sequence[int] = (), watch: Watch = never) -> None:
    """From a referee: any object, and open files. Raises `Closed`."""
    content = pickle.dumps(body, protocol=pickle.HIGHEST_PROTOCOL)
    _send(line, LENGTH.pack(len(content), len(files)), watch)
    if files:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))]
        _when_ready(line, lambda: line.sendmsg([b"F"], rights), watch, writing=True)
    _send(line, content, watch)


def receive_order(line: socket.socket) -> tuple[Any, list[int]]:
    """In a contestant: what its referee sent. Raises `Closed`."""
    length, count = LENGTH.unpack(_receive(line, LENGTH.size, never))
    files: list[int] = []
    if count:
        mark, files, *_ = socket.recv_fds(line, 1, count)
        if not mark or len(files) != count:
            raise Closed
        for file in files:
            os.set_inheritable(file, False)
    return pickle.loads(_receive(line, length, never)), files


def send_answer(line: socket.socket, body: dict[str, Any], arrays: Sequence[np.ndarray] = ()) -> None:
    """From a contestant. Raises `Closed`."""
    whole = [np.ascontiguousarray(one) for one in arrays]
    told = {**body, "arrays": [[one.dtype.name, list(one.shape)] for one in whole]}
    content = json.dumps(told).encode()
    _send(line, LENGTH.pack(len(content), len(whole)) + content, never)
    for one in whole:
        _send(line, one.reshape(-1).view(np.uint8).data, never)


def receive_answer(line: socket.socket, watch: Watch = never) -> tuple[dict[str, Any], list[np.ndarray]]:
    """In a referee: what a contestant sent, arrays as copies of its own.

    Raises:
        Closed: it is gone.
        Garbled: it is no message, or a larger one than any contestant may send.
    """
    length, count = LENGTH.unpack(_receive(line, LENGTH.size, watch))
    if length > LARGEST_BODY or count > MOST_ARRAYS:
        raise Garbled("a message is too large")
    try:
        body = json.loads(_receive(line, length, watch))
        shapes = [_announced(*one) for one in body["arrays"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Garbled("it is not in adbench's format") from error
    if len(shapes) != count or sum(_bytes(*one) for one in shapes) > LARGEST_ARRAYS:
        raise Garbled("its arrays are not those that it announced")
    arrays = []
    for dtype, shape in shapes:
        values = np.empty(shape, dtype)
        _receive_into(line, values.reshape(-1).view(np.uint8).data, watch)
        arrays.append(values.view(np.uint8).astype(bool) if dtype == np.bool_ else values)
    return body, arrays


def _announced(dtype: Any, shape: Any) -> tuple[np.dtype, tuple[int, ...]]:
    if dtype not in TYPES or len(shape) > MOST_DIMENSIONS:
        raise ValueError(dtype)
    if not all(type(side) is int and 0 <= side < 1 << 40 for side in shape):
        raise ValueError(shape)
    return np.dtype(dtype), tuple(shape)


def _bytes(dtype: np.dtype, shape: tuple[int, ...]) -> int:
    size = dtype.itemsize
    for side in shape:
        size *= side
    return size


def _receive(line: socket.socket, length: int, watch: Watch) -> bytes:
    content = bytearray(length)
    _receive_into(line, memoryview(content), watch)
    return bytes(content)


def _receive_into(line: socket.socket, into: memoryview, watch: Watch) -> None:
    done = 0
    while done < len(into):
        # Bound by the loop's own view of the moment.
        count = _when_ready(line, lambda start=done: line.recv_into(into[start : start + CHUNK]), watch, writing=False)  # type: ignore[misc]
        if not count:
            raise Closed
        done += count


def _send(line: socket.socket, content: bytes | memoryview, watch: Watch) -> None:
    view, done = memoryview(content), 0
    while done < len(view):
        done += _when_ready(line, lambda start=done: line.send(view[start : start + CHUNK]), watch, writing=True)  # type: ignore[misc]


def _when_ready(line: socket.socket, call: Callable[[], int], watch: Watch, writing: bool) -> int:
    """`call` once it does not block; `watch` is asked meanwhile, so that nobody waits for one that hangs."""
    while True:
        try:
            if watch is not never:
                waiting = select.poll()
                waiting.register(line, select.POLLOUT if writing else select.POLLIN)
                ready = waiting.poll(POLL_SECONDS * 1000)
                watch()
                if not ready:
                    continue
            return call()
        except (BlockingIOError, InterruptedError):
            continue
        except (OSError, ValueError) as error:
            raise Closed from error
