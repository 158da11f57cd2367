"""A test plugin whose detectors look for labels, harm their process, or change what others may share."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import pickle
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import types
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import torch
import toyplugin

import adbench

LABEL = re.compile("Un" + r"good/\d|\bgood/\d")


@dataclass(frozen=True)
class Parameters(toyplugin.PeakParameters):
    """What the attacker was told by somebody else: where things are on this machine."""

    known: str = adbench.parameter("", "folders, separated by colons")


class Attacker(toyplugin.Peak):
    """Tells what it found as an error."""

    parameters: Parameters

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        """Look, and tell."""
        raise adbench.UserError("found " + json.dumps(sorted(set(self.look(batch)))))

    def look(self, batch: adbench.ImageBatch) -> Iterable[str]:
        """What it found."""
        raise NotImplementedError

    @property
    def known(self) -> list[str]:
        """Folders that hold data and results."""
        return [folder for folder in self.parameters.known.split(":") if folder]


def texts_in(roots: list[Any]) -> Iterable[Any]:
    """All that is reachable from these by the collector's references."""
    seen: set[int] = set()
    while roots:
        thing = roots.pop()
        if id(thing) in seen or thing is seen:
            continue
        seen.add(id(thing))
        yield thing
        if not isinstance(thing, types.ModuleType):
            roots += gc.get_referents(thing)


class Objects(Attacker):
    """Walks everything that the interpreter holds, and the frames of all threads."""

    def look(self, batch: adbench.ImageBatch) -> Iterable[str]:
        frames = [frame for top in sys._current_frames().values() for frame in _outwards(top)]
        values = [value for frame in frames for value in frame.f_locals.values()]
        for thing in texts_in([*gc.get_objects(), *values, batch]):
            if isinstance(thing, str) and LABEL.fullmatch(thing):
                yield f"text {thing}"
            if isinstance(thing, adbench.Dataset | adbench.Item):
                yield f"object {type(thing).__name__}"
            if isinstance(thing, np.ndarray) and thing.dtype == bool and thing.shape == (len(batch),):
                yield f"booleans {thing.sum()}"


def _outwards(frame: Any) -> Iterable[Any]:
    while frame:
        yield frame
        frame = frame.f_back


class Process(Attacker):
    """Reads what the system tells of its process."""

    def look(self, batch: adbench.ImageBatch) -> Iterable[str]:
        told = [*os.environ.values(), *sys.argv, *sys.orig_argv, os.getcwd()]
        for name in ("environ", "cmdline", "maps", "mountinfo"):
            try:
                told.append(Path(f"/proc/self/{name}").read_bytes().decode(errors="replace"))
            except OSError:
                continue
        for entry in os.listdir("/proc/self/fd"):
            try:
                told.append(os.readlink(f"/proc/self/fd/{entry}"))
            except OSError:
                continue
        for text in told:
            for folder in self.known[:2]:  # the cache is no secret
                if folder in text:
                    yield f"{folder} in {text[:200]}"
            if LABEL.search(text):
                yield text[:200]


class Files(Attacker):
    """Opens folders that it was told of, the processes above its own, and other scratch folders."""

    def look(self, batch: adbench.ImageBatch) -> Iterable[str]:
        scratch = Path.cwd()
        places = [*map(Path, self.known), *scratch.parents[1:2], *Path.home().parents[1:2], Path("/dev/shm"), Path("/tmp")]
        for place in places:
            try:
                yield f"listed {place}: {sorted(os.listdir(place))[:3]}"
            except OSError:
                continue
        above = os.getppid()
        for name in ("environ", "cmdline", "mem", "maps", "stat"):
            try:
                with open(f"/proc/{above}/{name}", "rb"):
                    yield f"opened {name} of the process above"
            except OSError:
                continue
        try:
            os.kill(above, signal.SIGCONT)
            yield "signalled the process above"
        except OSError:
            pass
        for folder in self.known:
            try:
                Path(folder, "planted").write_text("x")
                yield f"wrote into {folder}"
            except OSError:
                continue


class Store(Attacker):
    """Looks through the files of the pixel store that it has open, for masks, and for a way to change them."""

    def look(self, batch: adbench.ImageBatch) -> Iterable[str]:
        batch.pixels(16)
        for entry in os.listdir("/proc/self/fd"):
            try:
                path = os.readlink(f"/proc/self/fd/{entry}")
                if "masks" in path or LABEL.search(path):
                    yield path
                if path.endswith(".u8"):
                    os.pwrite(int(entry), b"x", 0)
                    yield f"wrote {path}"
            except OSError:
                continue


class Changeling(torch.Tensor):
    """Other values each time somebody looks."""

    def cpu(self, *_: Any, **__: Any) -> Any:
        return torch.rand(self.shape).as_subclass(torch.Tensor) + 7


class Changing(toyplugin.Peak):
    """Gives tensors that change after they were looked at."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        return adbench.Prediction(torch.as_tensor(found.scores).as_subclass(Changeling), found.maps)


class Bomb:
    """Executed where it is unpickled."""

    def __reduce__(self) -> Any:
        return os.system, (f"touch {os.environ.get('BOMB', '/tmp/adbench-bomb')}",)


class Pickles(toyplugin.Peak):
    """Answers with pickles on its line to the referee."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        line = next(thing for thing in gc.get_objects() if isinstance(thing, socket.socket) and thing.fileno() > 2)
        content = pickle.dumps(Bomb())
        line.sendall(struct.pack("<QI", len(content), 0) + content)
        time.sleep(60)
        return super().predict(batch)


class Segfault(toyplugin.Peak):
    """As broken C code does."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        print("on the edge")
        ctypes.string_at(0)
        return super().predict(batch)


class Leaves(toyplugin.Peak):
    """Exits, as if all were well."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        os._exit(0)


class Aborts(toyplugin.Peak):
    """As an assertion in C does."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        os.abort()


class Quits(toyplugin.Peak):
    """With `SystemExit`."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        sys.exit(3)


class Hangs(toyplugin.Peak):
    """For ever, deaf to signals."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(1)


class Fills(toyplugin.Peak):
    """Takes memory until somebody stops it."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        self.held = []
        while True:
            self.held.append(np.ones(64 << 20, np.uint8))
            time.sleep(0.05)


class Forks(toyplugin.Peak):
    """Leaves children behind, one of them in a session of its own, and shows their numbers."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        for own in (False, True):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=own)
            print(f"child {child.pid}")
        raise adbench.UserError("left them")


class Patricide(toyplugin.Peak):
    """Ends the process that it comes from."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)


class Shouts(toyplugin.Peak):
    """Prints more than any pipe holds, without an end of line, too."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        super().fit(support, ctx)
        for number in range(3000):
            print(f"line {number} " + "x" * 100, file=sys.stderr)
        os.write(1, b"y" * 100_000)


class Closes(toyplugin.Peak):
    """Closes whatever is open."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        os.closerange(3, 200)
        time.sleep(60)


class Meddles(toyplugin.Peak):
    """Changes all that a process shares, and scores."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        super().fit(support, ctx)
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(3)
        torch.manual_seed(99)
        np.random.seed(99)  # noqa: NPY002
        random.seed(99)
        np.seterr(all="ignore")
        warnings.simplefilter("error")
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        os.environ["OMP_NUM_THREADS"] = "7"
        np.quantile = lambda *_, **__: np.zeros(16)
        torch.as_tensor, np.mean = torch.tensor, np.median
        sys.path.insert(0, "/nowhere")
        sys.modules["toyplugin"].Peak.predict = lambda self, batch: adbench.Prediction(np.arange(len(batch)) * 1.0)
        Path("left-behind").write_text("for the next one")


CARDS = {
    "objects": Objects,
    "process": Process,
    "files": Files,
    "store": Store,
    "changing": Changing,
    "pickles": Pickles,
    "segfault": Segfault,
    "leaves": Leaves,
    "aborts": Aborts,
    "quits": Quits,
    "hangs": Hangs,
    "fills": Fills,
    "forks": Forks,
    "patricide": Patricide,
    "shouts": Shouts,
    "closes": Closes,
    "meddles": Meddles,
}


@adbench.hookimpl
def adbench_detectors() -> list[adbench.DetectorCard]:
    """All of them."""
    return [
        adbench.DetectorCard(
            name=name, title=name, factory=f"attackers:{kind.__name__}", tracks=("few-normal",), parameters=Parameters
        )
        for name, kind in CARDS.items()
    ] + [
        adbench.DetectorCard(name=name, title=name, factory=f"{name}import:Peak", tracks=("few-normal",))
        for name in ("deadly", "endless")
    ]


def entries() -> list[EntryPoint]:
    """With the toy plugin, as if both were installed."""
    return [toyplugin.entry_point(), EntryPoint("attackers", "attackers", "adbench")]
