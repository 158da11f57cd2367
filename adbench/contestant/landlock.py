"""Landlock, Linux's way for a process to give up access to files for good, by system calls."""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass

# The same numbers on every architecture that has them.
CREATE, ADD, RESTRICT = 444, 445, 446
RULE_PATH = 1
NO_NEW_PRIVILEGES = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
REFER, TRUNCATE, DEVICE = 1 << 13, 1 << 14, 1 << 15
# What the first version knows; each later one knows more.
FIRST = (1 << 13) - 1
LATER = {2: REFER, 3: TRUNCATE, 5: DEVICE}
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE
READING = EXECUTE | READ_FILE | READ_DIR
USING = READ_FILE | WRITE_FILE | READ_DIR | DEVICE
TCP, TCP_SINCE = 0b11, 4
SIGNALS_AND_SOCKETS, SCOPES_SINCE = 0b11, 6


@dataclass(frozen=True)
class Access:
    """What is left to a process; everything else is refused. A path that does not exist is left out.

    Attributes:
        read: files and folders, with all below, to read and execute.
        use: devices, to read, write and control.
        write: folders in which everything is allowed.
        tcp: connections are allowed.
    """

    read: tuple[str, ...] = ()
    use: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    tcp: bool = True


class Kernel:
    """The system calls. Each raises `OSError` where the kernel refuses."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)

    def version(self) -> int:
        """The version of Landlock; 0 where there is none."""
        if not sys.platform.startswith("linux"):
            return 0
        found = self._library.syscall(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
        return max(int(found), 0)

    def create(self, files: int, network: int, scopes: int, version: int) -> int:
        """A set of rules that refuses these rights where no rule gives them; a descriptor."""
        words = (files, network, scopes)[: 1 if version < TCP_SINCE else 2 if version < SCOPES_SINCE else 3]
        asked = (ctypes.c_uint64 * len(words))(*words)
        return self._checked(self._library.syscall(CREATE, asked, ctypes.c_size_t(ctypes.sizeof(asked)), ctypes.c_uint32(0)))

    def add(self, rules: int, path: int, rights: int) -> None:
        """Give rights on an open path and all below."""
        packed = rights.to_bytes(8, sys.byteorder) + path.to_bytes(4, sys.byteorder)
        self._checked(self._library.syscall(ADD, rules, RULE_PATH, packed, ctypes.c_uint32(0)))

    def restrict(self, rules: int) -> None:
        """Hold this thread, and what it starts, to the rules, for good."""
        self._checked(self._library.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        self._checked(self._library.syscall(RESTRICT, rules, ctypes.c_uint32(0)))

    def _checked(self, found: int) -> int:
        if found < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        return found


def restrict(access: Access, kernel: Kernel | None = None) -> int:
    """Hold this process to `access`, for good; call it before there are threads.

    Returns:
        The version of Landlock that holds it; 0 where the kernel has none, and nothing was done.

    Raises:
        OSError: the kernel refuses.
    """
    kernel = kernel or Kernel()
    version = kernel.version()
    if not version:
        return 0
    known = FIRST
    for since, right in LATER.items():
        known |= right if version >= since else 0
    network = TCP if version >= TCP_SINCE and not access.tcp else 0
    rules = kernel.create(known, network, SIGNALS_AND_SOCKETS if version >= SCOPES_SINCE else 0, version)
    try:
        for paths, rights in ((access.read, READING), (access.use, USING), (access.write, known)):
            _give(kernel, rules, paths, rights & known)
        kernel.restrict(rules)
    finally:
        os.close(rules)
    return version


def _give(kernel: Kernel, rules: int, paths: Iterable[str], rights: int) -> None:
    for path in paths:
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
            kernel.add(rules, opened, rights if is_folder else rights & ON_FILES)
        finally:
            os.close(opened)


def held() -> bool:
    """Whether this kernel has Landlock."""
    return Kernel().version() > 0
