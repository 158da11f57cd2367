"""The report of a parity check: one line per array, and the parts of the golden folder that were never read.

Every array is named `file:key`, the file relative to the golden folder: `mvfa/maps.npz:zero_map`,
`metrics/expected.json:img_ties/auroc`. A JSON file has one array per leaf (keys and the indices of lists of
dictionaries joined by `/`); any other file, e.g. an image, is one array named by its path alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

SUMS = "SHA256SUMS"
DOCUMENTS = ("*README.md", f"*{SUMS}")
EMPTY = "it has no elements, so nothing is compared"


class MissingGoldenError(Exception):
    """A file or array that a check needs is missing from the folder."""


class Report:
    """Compares arrays with a golden folder, prints results and remembers what was read.

    Args:
        folder: the golden folder.
        say: called with each line.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = print) -> None:
        self.folder = folder
        self.say = say
        self.failures = 0
        self.compared: set[str] = set()
        self.used: set[str] = set()
        self.excused: set[str] = set()
        self.uncovered: set[str] = set()
        self._files: dict[str, dict[str, Any]] = {}

    def names(self, pattern: str = "*") -> list[str]:
        """Names of the folder's arrays that match a shell pattern, sorted by file."""
        return [name for name in self._inventory() if fnmatchcase(name, pattern)]

    def demand(self, pattern: str) -> list[str]:
        """`names`, but at least one is required: a loop over none would silently compare nothing."""
        found = self.names(pattern)
        if not found:
            raise MissingGoldenError(f"the golden folder has nothing like {pattern}")
        return found

    def has(self, name: str) -> bool:
        """Whether the folder has this array (or, without `:`, this file)."""
        file, _, key = name.partition(":")
        return (self.folder / file).is_file() and (not key or key in self._read(file))

    def load(self, name: str) -> Any:
        """Return an array that a check takes as its input, and tick it off."""
        value = self._value(name)
        self.used.add(name)
        return value

    def load_file(self, file: str) -> dict[str, Any]:
        """Return all arrays of a file by their keys, as inputs, and tick them off."""
        values = self._read(file)
        self.used |= {f"{file}:{key}" for key in values}
        return dict(values)

    def load_keys(self, file: str, keys: Iterable[str]) -> dict[str, Any]:
        """Return some arrays of a file by their keys, as inputs; the others stay unread."""
        return {key: self.load(f"{file}:{key}") for key in keys}

    def path(self, file: str) -> Path:
        """Return the path of a file that is one array (an image, a text), and tick it off as an input."""
        if not (self.folder / file).is_file():
            raise MissingGoldenError(f"{file} is not in the golden folder")
        self.used.add(file)
        return self.folder / file

    def expected(self, name: str) -> Any:
        """Return an array without ticking it off."""
        return self._value(name)

    def compare(self, name: str, actual: Any, *, atol: float = 0.0, rtol: float = 0.0, note: str = "") -> bool:
        """Compare with the array of this name: |actual - expected| <= atol + rtol |expected| everywhere, shapes equal."""
        tolerance = " + ".join([f"{atol:g}"] * (atol > 0) + [f"{rtol:g}*|x|"] * (rtol > 0)) or "exact"
        pair = self._pair(name, actual)
        if pair is None:
            return False
        found, wanted = pair
        deviation = np.abs(found - wanted)
        fine = bool(np.all((deviation <= atol + rtol * np.abs(wanted)) | (np.isnan(found) & np.isnan(wanted))))
        largest = float(deviation.max()) if deviation.size else 0.0
        return self._line(name, f"{largest:.3g}", tolerance, fine, note)

    def compare_parts(self, name: str, actual: Any, parts: Sequence[tuple[slice, float | None]], *, note: str = "") -> bool:
        """Compare a one-dimensional array part by part, each with its own tolerance; None = not compared."""
        pair = self._pair(name, actual)
        if pair is None:
            return False
        found, wanted = pair
        deviations, tolerances, fine = [], [], True
        for part, atol in parts:
            if wanted[part].size:
                deviation = float(np.abs(found[part] - wanted[part]).max())
                deviations.append(f"{deviation:.3g}")
                tolerances.append("not compared" if atol is None else f"{atol:g} x{wanted[part].size}")
                fine = fine and (atol is None or deviation <= atol)
        return self._line(name, " | ".join(deviations), " | ".join(tolerances), fine, note)

    def relative(self, name: str, actual: Any, *, limit: float) -> bool:
        """Compare by the relative L2 error of the whole array."""
        pair = self._pair(name, actual)
        if pair is None:
            return False
        found, wanted = pair
        error_norm = float(np.linalg.norm(found - wanted) / max(float(np.linalg.norm(wanted)), 1e-30))
        return self._line(name, f"{error_norm:.3g}", f"{limit:g} relative L2", error_norm <= limit)

    def exact(self, name: str, actual: Any) -> bool:
        """Compare element for element; strings, integers and None too."""
        try:
            wanted = self._value(name)
        except MissingGoldenError as error:
            return self.fail(name, str(error))
        self.compared.add(name)
        found, target = np.asarray(_plain(actual)), np.asarray(_plain(wanted))
        if found.shape != target.shape:
            return self.fail(name, f"shape {found.shape}, expected {target.shape}")
        if not target.size:
            return self.fail(name, EMPTY)
        wrong = int(np.sum(found != target))
        return self._line(name, f"{wrong} differ" if wrong else "0", "exact", wrong == 0)

    def left_out(self, pattern: str, reason: str) -> None:
        """Report why matching arrays are not compared; they do not fail."""
        for name in self.names(pattern):
            self.excused.add(name)
            self.say(f"{name:<68} left out: {reason}")

    def not_covered(self, folder: str, reason: str) -> None:
        """Report in one line that no check covers a folder; its arrays do not fail."""
        names = self.names(f"{folder}/*")
        self.uncovered |= set(names)
        if names:
            self.say(f"{folder + '/':<68} NOT COVERED, {len(names)} arrays: {reason}")

    def fail(self, name: str, why: str) -> bool:
        """Report a failure that no comparison found."""
        self.failures += 1
        self.say(f"{name:<68} FAIL: {why}")
        return False

    def unseen(self, patterns: tuple[str, ...]) -> list[str]:
        """Names that match one of the patterns and were neither compared, used as input nor left out with a reason."""
        seen = self.compared | self.used | self.excused | self.uncovered
        return [name for name in self._inventory() if name not in seen and any(fnmatchcase(name, p) for p in patterns)]

    def lost(self, patterns: tuple[str, ...]) -> list[str]:
        """Files in the folder's list of checksums that match one of the patterns of `unseen` but are missing."""
        sums = self.folder / SUMS
        lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
        listed = [line.split(maxsplit=1)[1].lstrip("*").removeprefix("./") for line in lines if line.strip()]
        files = [pattern.partition(":")[0] for pattern in patterns]
        return [file for file in listed if any(fnmatchcase(file, p) for p in files) and not (self.folder / file).is_file()]

    def _pair(self, name: str, actual: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """Actual and expected array, float64; None, after reporting it, if that is missing or of another shape."""
        try:
            wanted = np.asarray(self._value(name), dtype=np.float64)
        except MissingGoldenError as error:
            self.fail(name, str(error))
            return None
        found = _float64(actual)
        self.compared.add(name)
        if found.shape != wanted.shape:
            self.fail(name, f"shape {found.shape}, expected {wanted.shape}")
            return None
        if not wanted.size:
            self.fail(name, EMPTY)
            return None
        return found, wanted

    def _line(self, name: str, deviation: str, tolerance: str, fine: bool, note: str = "") -> bool:
        self.failures += not fine
        verdict = "ok" if fine else "FAIL"
        self.say(f"{name:<68} {deviation:>12}  tolerance {tolerance:<18} {verdict}{'  ' + note if note else ''}")
        return fine

    def _value(self, name: str) -> Any:
        file, _, key = name.partition(":")
        values = self._read(file)
        if key not in values:
            raise MissingGoldenError(f"{file} has no {key!r}")
        return values[key]

    def _read(self, file: str) -> dict[str, Any]:
        if file not in self._files:
            path = self.folder / file
            if not path.is_file():
                raise MissingGoldenError(f"{file} is not in the golden folder")
            self._files[file] = _read_arrays(path)
        return self._files[file]

    def _inventory(self) -> list[str]:
        names: list[str] = []
        for path in sorted(self.folder.rglob("*")):
            file = path.relative_to(self.folder).as_posix()
            if not path.is_file() or any(fnmatchcase(file, pattern) for pattern in DOCUMENTS):
                continue
            names += self._keys(file) if path.suffix in READERS else [file]
        return names

    def _keys(self, file: str) -> list[str]:
        try:
            return [f"{file}:{key}" for key in self._read(file)]
        except Exception:  # a damaged file counts as one array that is never compared
            return [file]


def _read_npz(path: Path) -> dict[str, Any]:
    with np.load(path) as arrays:
        return {key: arrays[key] for key in arrays.files}


def _read_json(path: Path) -> dict[str, Any]:
    return dict(_leaves(json.loads(path.read_text(encoding="utf-8")), ""))


READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    ".npz": _read_npz,
    ".safetensors": load_file,
    ".json": _read_json,
}


def _read_arrays(path: Path) -> dict[str, Any]:
    return READERS[path.suffix](path)


def _leaves(value: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        children: Any = value.items()
    elif isinstance(value, list) and value and all(isinstance(child, dict) for child in value):
        children = enumerate(value)
    else:
        yield prefix.removesuffix("/"), value
        return
    for key, child in children:
        yield from _leaves(child, f"{prefix}{key}/")


def _plain(value: Any) -> Any:
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def _float64(value: Any) -> np.ndarray:
    return np.asarray(_plain(value), dtype=np.float64)
