"""Tensors from files of others: safetensors, or torch archives that hold nothing but tensors. Nothing is executed."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adbench.errors import UserError

if TYPE_CHECKING:
    import torch

ZIP_MAGIC = b"PK\x03\x04"
PICKLE_MAGIC = b"\x80"
CHECKPOINTS = (".bin", ".pt", ".pth")
# More than any published tower; an archive that claims more is not unpacked.
LARGEST_MEMBER_BYTES = 8 << 30


def read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a file to the CPU, in the file's own precision.

    A `{"state_dict": {...}}` wrapper is opened, nested dictionaries and lists are flattened with dots, and what a
    checkpoint holds besides tensors (an epoch number, a name) is left out.

    Args:
        path: a safetensors file, one of `torch.save`, or a zip file around one of the latter; told apart by content,
            not by name.

    Raises:
        UserError: the file cannot be read, is truncated, or is a pickle of more than plain tensors.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(ZIP_MAGIC))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check the path and its permissions.") from error
    if magic == ZIP_MAGIC:
        return _read_torch(path, _unzipped(path) or path)
    if magic[:1] == PICKLE_MAGIC:
        return _read_torch(path, path)
    return _read_safetensors(path)


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
        reason = str(error).partition("\n")[0].partition(" Please ")[0].strip() or type(error).__name__
        raise UserError(
            f"{path} is truncated, or a pickle of more than plain tensors, which is never executed ({reason}): "
            "get it again, or save its state dict as safetensors."
        ) from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    tensors = dict(_flatten("", content))
    if not tensors:
        raise UserError(f"{path} holds no named tensors: give a file with the state dict of a model.")
    return tensors


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
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, OSError):
        return None


def _is_torchscript(source: Path | io.BytesIO) -> bool:
    # The same marks that torch.load goes by; an archive that zipfile cannot open is left to torch.load to refuse.
    try:
        with zipfile.ZipFile(source) as archive:
            names = [name.partition("/")[2] for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError):
        return False
    return any(name == "constants.pkl" or name.startswith("code/") for name in names)


def _flatten(prefix: str, content: Any) -> Iterator[tuple[str, torch.Tensor]]:
    import torch

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
        yield from _flatten(f"{prefix}.{key}" if prefix else str(key), child)
