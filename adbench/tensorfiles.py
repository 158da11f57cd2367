"""Tensors from files of others: safetensors, or torch archives that hold nothing but tensors. Nothing is executed."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adbench.errors import UserError

if TYPE_CHECKING:
    import torch

ZIP_MAGIC = b"PK\x03\x04"
PICKLE_MAGIC = b"\x80"


def read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a file to the CPU, in the file's own precision.

    A `{"state_dict": {...}}` wrapper is opened, nested dictionaries and lists are flattened with dots, and what a
    checkpoint holds besides tensors (an epoch number, a name) is left out.

    Args:
        path: a safetensors file, or one of `torch.save`; told apart by content, not by name.

    Raises:
        UserError: the file cannot be read, is truncated, or is a pickle of more than plain tensors.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(len(ZIP_MAGIC))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check the path and its permissions.") from error
    if magic == ZIP_MAGIC or magic[:1] == PICKLE_MAGIC:
        return _read_torch(path)
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


def _read_torch(path: Path) -> dict[str, torch.Tensor]:
    import torch

    if _is_torchscript(path):
        raise UserError(
            f"{path} is a TorchScript archive, which holds code (OpenAI's CLIP files are of this kind): "
            "use a safetensors file or a plain state dict of the same weights instead."
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
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


def _is_torchscript(path: Path) -> bool:
    # The same marks that torch.load goes by; an archive that zipfile cannot open is left to torch.load to refuse.
    try:
        with zipfile.ZipFile(path) as archive:
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
