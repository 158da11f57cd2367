"""Tensors from files of others: safetensors, or torch archives that hold nothing but tensors. Nothing is executed."""

from __future__ import annotations

import io
import itertools
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adbench.errors import UserError
from adbench.files.untrusted import open_regular

if TYPE_CHECKING:
    import torch

ZIP_MAGIC = b"PK\x03\x04"
PICKLE_MAGIC = b"\x80"
# Eight bytes of length, and the brace that opens the header.
SAFETENSORS_START = 9
# What training programs call the weights among the other things that they save; the first that is there is taken, so that
# an average of weights ("state_dict_ema", "model_ema") is used only where nothing else is there.
WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "module", "net", "network", "weights", "params")
AVERAGES = ("state_dict_ema", "model_ema", "ema_state_dict", "ema", "params_ema")
# Words in the names of other things with tensors that lie beside the weights.
NO_NETWORKS = ("ema", "optim", "sched", "scaler", "loss", "criterion", "metric", "rng")
DEEPEST_WRAPPER = 8
# What they put before every name: DataParallel, torch.compile, and modules that hold the network as a part.
PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "net.", "network.")
CHECKPOINTS = (".bin", ".pt", ".pth")
# How torch names what it would have to import.
FOREIGN = re.compile(r"GLOBAL ([\w.]+)")
# More than any published tower; an archive that claims more is not unpacked.
LARGEST_MEMBER_BYTES = 8 << 30
# A checkpoint may hold a list in itself, or the same one so often that walking it never ends.
DEEPEST, MOST_PARTS = 32, 1_000_000


def read_state_dict(path: Path, as_stored: bool = False) -> dict[str, torch.Tensor]:
    """Read the tensors of a file to the CPU, in the file's own precision.

    Wrappers such as `{"state_dict": {...}}` or `{"model": {...}}` are opened, nested dictionaries and lists are flattened
    with dots, and what a checkpoint holds besides tensors (an epoch number, a name) is left out. Prefixes that a training
    put before every name, such as `module.` and `model.`, are taken off.

    Args:
        path: a safetensors file, one of `torch.save`, or a zip file around one of the latter; told apart by content,
            not by name.
        as_stored: leave the prefixes, for a network all of whose names begin with one of them by nature.

    Raises:
        UserError: the file cannot be read, is truncated, or is a pickle of more than plain tensors.
    """
    try:
        with open_regular(path) as file:
            magic = file.read(SAFETENSORS_START)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check the path and its permissions.") from error
    if magic.startswith(ZIP_MAGIC):
        tensors = _read_torch(path, _unzipped(path) or path)
    elif magic.startswith(PICKLE_MAGIC) and not _begins_safetensors(magic):
        tensors = _read_torch(path, path)
    else:
        tensors = _read_safetensors(path)
    return tensors if as_stored else without_prefixes(tensors)


def without_prefixes(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state without the prefixes that all of its names share, one after the other: `module.backbone.conv.weight`."""
    names = list(state)
    while prefix := next((prefix for prefix in PREFIXES if names and all(name.startswith(prefix) for name in names)), ""):
        names = [name.removeprefix(prefix) for name in names]
    return dict(zip(names, state.values(), strict=True))


def _begins_safetensors(start: bytes) -> bool:
    """Whether a file begins with a length below 4 GiB and a JSON object; one length in 32 has a pickle's first byte."""
    return start[4:8] == bytes(4) and start[8:] == b"{"


def _read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(
            f"{path} is not a whole safetensors file, nor one of torch ({error}): it may be truncated; get it again."
        ) from error


def _read_torch(path: Path, source: Path | io.BytesIO) -> dict[str, torch.Tensor]:
    """`source` is the file itself, or what a zip file at `path` holds."""
    import torch

    if _is_torchscript(source):
        raise UserError(
            f"{path} is a TorchScript archive, which holds code (OpenAI's CLIP files are of this kind): "
            "use a safetensors file or a plain state dict of the same weights instead."
        )
    if isinstance(source, io.BytesIO):
        source.seek(0)
    try:
        content = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken or hostile pickle can raise anything
        reason = _reason(error)
        raise UserError(
            f"{path} is truncated, or a pickle of more than plain tensors, which is never executed ({reason}): "
            "get it again, or save its state dict as safetensors."
        ) from error
    try:
        tensors = dict(_flatten("", _unwrapped(content)))
    except _Endless:
        raise UserError(f"{path} holds lists in lists without an end: save its state dict as safetensors.") from None
    if not tensors:
        raise UserError(f"{path} holds no named tensors: give a file with the state dict of a model.")
    return tensors


def _reason(error: Exception) -> str:
    """Why torch refused, without its advice to load the file all the same."""
    foreign = FOREIGN.search(str(error))
    if foreign:
        return f"it holds a {foreign[1]}"
    return str(error).partition("\n")[0].partition(" This file can ")[0].partition(" Please ")[0].strip() or type(error).__name__


def _unwrapped(content: Any) -> Any:
    """The weights in what a training program saved; the content itself where it is no known wrapper, or holds two networks."""
    for _ in range(DEEPEST_WRAPPER):
        if not isinstance(content, Mapping):
            break
        found = next((key for key in (*WRAPPERS, *AVERAGES) if _holds_tensors(content.get(key))), None)
        # Beside "model" another part of the same network may lie, beside "state_dict" it does not.
        if found is None or (
            "state_dict" not in found and any(_is_network(key, content[key]) for key in content if key != found)
        ):
            break
        content = content[found]
    return content


def _holds_tensors(content: Any) -> bool:
    return isinstance(content, Mapping) and next(_flatten("", content), None) is not None


def _is_network(name: Any, content: Any) -> bool:
    import torch

    if name in WRAPPERS or any(word in str(name).lower() for word in NO_NETWORKS):
        return False
    return isinstance(content, Mapping) and bool(content) and all(isinstance(value, torch.Tensor) for value in content.values())


def _unzipped(path: Path) -> io.BytesIO | None:
    """The one checkpoint in a zip file; None for torch's own archives, and for what zipfile cannot open."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.rpartition("/")[2].lower() for name in archive.namelist()]
            if {"data.pkl", "constants.pkl"} & set(names):
                return None
            # Archives made on a Mac have a shadow `._name` of every file.
            found = [
                member
                for member, name in zip(archive.infolist(), names, strict=True)
                if name.endswith(CHECKPOINTS) and not name.startswith("._")
            ]
            if len(found) != 1:
                raise UserError(
                    f"{path} is a zip file with {len(found)} checkpoints ({', '.join(CHECKPOINTS)}): unpack it, give one."
                )
            if found[0].file_size > LARGEST_MEMBER_BYTES:
                raise UserError(
                    f"{path} would unpack to {found[0].file_size >> 30} GiB: unpack it and give the file if it is right."
                )
            return io.BytesIO(archive.read(found[0]))
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        return None


def _is_torchscript(source: Path | io.BytesIO) -> bool:
    # The same marks that torch.load goes by; an archive that zipfile cannot open is left to torch.load to refuse.
    try:
        with zipfile.ZipFile(source) as archive:
            names = [name.partition("/")[2] for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return any(name == "constants.pkl" or name.startswith("code/") for name in names)


class _Endless(Exception):
    """A checkpoint is nested so deep, or branches so often, that no program saved it."""


def _flatten(prefix: str, content: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """(name, tensor) of all that it holds. Raises `_Endless`."""
    return _walk(prefix, content, 0, itertools.count())


def _walk(prefix: str, content: Any, depth: int, parts: Iterator[int]) -> Iterator[tuple[str, torch.Tensor]]:
    import torch

    if depth > DEEPEST or next(parts) > MOST_PARTS:
        raise _Endless

    if isinstance(content, torch.Tensor):
        if prefix:
            yield prefix, content.detach()
        return
    if isinstance(content, Mapping):
        children: Iterator[tuple[Any, Any]] = iter(content.items())
    elif isinstance(content, Sequence) and not isinstance(content, str | bytes):
        children = iter(enumerate(content))
    else:
        return
    for key, child in children:
        yield from _walk(f"{prefix}.{key}" if prefix else str(key), child, depth + 1, parts)
