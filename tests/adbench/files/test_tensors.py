"""Files of tensors: what is read, and what is refused without being executed."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from adbench import UserError
from adbench.files.tensors import read_state_dict


class TouchesFile:
    """Unpickling this with the stock unpickler would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_safetensors_keep_their_precision(tmp_path: Path) -> None:
    save_file({"a.b": torch.ones(2, dtype=torch.bfloat16)}, tmp_path / "x.bin")
    assert read_state_dict(tmp_path / "x.bin")["a.b"].dtype == torch.bfloat16


@pytest.mark.parametrize("zipped", [True, False])
def test_torch_wrappers_are_opened_and_nested_parts_flattened(tmp_path: Path, zipped: bool) -> None:
    state = {"seg": {"0": torch.ones(1), "1": [torch.zeros(2)]}, "w": torch.nn.Parameter(torch.ones(3)), "name": "x"}
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    read = read_state_dict(tmp_path / "x.pth")
    assert set(read) == {"seg.0", "seg.1.0", "w"}
    assert not read["w"].requires_grad


@pytest.mark.parametrize("padding", range(0, 256, 8))
def test_safetensors_are_known_whatever_the_length_of_their_header(tmp_path: Path, padding: int) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "x", {"notes": "x" * padding})
    assert set(read_state_dict(tmp_path / "x")) == {"a"}


WEIGHTS = {"conv.weight": torch.ones(2), "fc.bias": torch.zeros(1)}
OTHER = {"conv.weight": torch.full((2,), 7.0), "fc.bias": torch.full((1,), 7.0)}
OPTIMISER = {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 0.1}]}


@pytest.mark.parametrize(
    "content",
    [
        {"model": WEIGHTS, "optimizer": OPTIMISER, "epoch": 3},
        {"model_state_dict": WEIGHTS, "optimizer_state_dict": OPTIMISER, "loss": torch.tensor(0.5)},
        {"state_dict": WEIGHTS, "state_dict_ema": OTHER, "arch": "net"},
        {"state_dict_ema": OTHER, "state_dict": WEIGHTS},
        {"model": WEIGHTS, "model_ema": OTHER, "criterion": {"weight": torch.ones(3)}},
        {"model_ema": WEIGHTS, "optimizer": OPTIMISER},
        {"net": WEIGHTS, "rng_state": torch.zeros(9, dtype=torch.uint8), "scaler": {"scale": torch.ones(1)}},
        {"checkpoint": 1, "state_dict": {"model": WEIGHTS, "epoch": 2}},
        {"model": {"state_dict": WEIGHTS}},
        {"module": WEIGHTS, "lr_scheduler": {"last": torch.ones(1)}},
    ],
    ids=lambda content: "+".join(content),
)
def test_what_training_programs_write_around_the_weights_is_taken_off(tmp_path: Path, content: dict) -> None:
    torch.save(content, tmp_path / "x.pth")
    read = read_state_dict(tmp_path / "x.pth")
    assert set(read) == set(WEIGHTS)
    assert all(torch.equal(read[name], tensor) for name, tensor in WEIGHTS.items())


@pytest.mark.parametrize(
    "prefix",
    ["module.", "model.", "backbone.", "module.backbone.", "model.backbone.", "_orig_mod.", "model._orig_mod.module.", "net."],
)
@pytest.mark.parametrize("wrapper", ["safetensors", "plain", "state_dict", "model"])
def test_a_prefix_of_all_names_is_taken_off(tmp_path: Path, prefix: str, wrapper: str) -> None:
    state = {prefix + name: tensor for name, tensor in WEIGHTS.items()}
    if wrapper == "safetensors":
        save_file(state, tmp_path / "x")
    else:
        torch.save(state if wrapper == "plain" else {wrapper: state, "epoch": 1}, tmp_path / "x")
    assert set(read_state_dict(tmp_path / "x")) == set(WEIGHTS)
    assert set(read_state_dict(tmp_path / "x", as_stored=True)) == set(state)


@pytest.mark.parametrize(
    "names",
    [
        ("model.conv.weight", "head.weight"),
        ("backbone.conv.weight", "neck.weight"),
        ("modules.0.weight", "modules.1.weight"),
        ("module", "module.weight"),
        ("encoder.conv.weight", "encoder.fc.weight"),
    ],
    ids=" ".join,
)
def test_names_that_share_no_known_prefix_stay(tmp_path: Path, names: tuple[str, ...]) -> None:
    save_file({name: torch.ones(1) for name in names}, tmp_path / "x")
    assert set(read_state_dict(tmp_path / "x")) == set(names)


def test_two_parts_of_a_network_stay_together(tmp_path: Path) -> None:
    torch.save({"model": {"conv.weight": torch.ones(1)}, "head": {"fc.weight": torch.ones(1)}, "epoch": 1}, tmp_path / "x")
    assert set(read_state_dict(tmp_path / "x")) == {"model.conv.weight", "head.fc.weight"}


def test_a_whole_model_is_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "x.pt")
    with pytest.raises(
        UserError, match=r"more than plain tensors.*\(it holds a torch.nn.modules.linear.Linear\).*save its state dict"
    ):
        read_state_dict(tmp_path / "x.pt")


@pytest.mark.parametrize("by_torch", [True, False])
def test_code_in_a_pickle_is_refused_and_not_run(tmp_path: Path, by_torch: bool) -> None:
    hostile = {"state_dict": TouchesFile(tmp_path / "executed")}
    if by_torch:
        torch.save(hostile, tmp_path / "x.pt")
    else:
        (tmp_path / "x.pt").write_bytes(pickle.dumps(hostile, protocol=2))
    with pytest.raises(UserError, match="more than plain tensors, which is never executed"):
        read_state_dict(tmp_path / "x.pt")
    assert not (tmp_path / "executed").exists()


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*deprecated")
def test_torchscript_is_refused_with_the_alternative(tmp_path: Path) -> None:
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "x.pt"))
    with pytest.raises(UserError, match="TorchScript .*OpenAI.*use a safetensors file"):
        read_state_dict(tmp_path / "x.pt")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x02garbage", b"PK\x03\x04garbage", b"<html></html>" * 9])
def test_garbage(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UserError, match="truncated"):
        read_state_dict(tmp_path / "x")


@pytest.mark.parametrize("kind", ["safetensors", "pth"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_truncated(tmp_path: Path, kind: str, kept: float) -> None:
    path = tmp_path / f"x.{kind}"
    state = {"a": torch.randn(50, 50)}
    if kind == "pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(UserError, match="truncated"):
        read_state_dict(path)


def test_no_tensors(tmp_path: Path) -> None:
    torch.save({"epoch": 1}, tmp_path / "x.pth")
    with pytest.raises(UserError, match="holds no named tensors"):
        read_state_dict(tmp_path / "x.pth")


def test_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_state_dict(tmp_path)


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """A zip file of these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def saved(content: object, new: bool = True) -> bytes:
    """What `torch.save` writes."""
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=new)
    return buffer.getvalue()


@pytest.mark.parametrize("new", [True, False])
def test_a_zip_file_around_a_checkpoint_is_opened(tmp_path: Path, new: bool) -> None:
    path = zipped(
        tmp_path / "x.zip", {"config.json": b"{}", "out/model.bin": saved({"a": torch.ones(2)}, new), "out/._model.bin": b"?"}
    )
    assert torch.equal(read_state_dict(path)["a"], torch.ones(2))


def test_code_in_a_zip_file_is_refused_and_not_run(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"model.bin": saved({"a": TouchesFile(tmp_path / "executed")})})
    with pytest.raises(UserError, match="x.zip is truncated, or a pickle of more than plain tensors, which is never executed"):
        read_state_dict(path)
    assert not (tmp_path / "executed").exists()


def test_a_zip_file_without_one_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a zip file with 0 checkpoints"):
        read_state_dict(zipped(tmp_path / "none.zip", {"readme": b"?"}))
    with pytest.raises(UserError, match="a zip file with 2 checkpoints"):
        read_state_dict(zipped(tmp_path / "two.zip", {"a.bin": saved({}), "b.bin": saved({})}))


def test_a_zip_file_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adbench.files.tensors.LARGEST_MEMBER_BYTES", 100)
    with pytest.raises(UserError, match="x.zip would unpack to 0 GiB"):
        read_state_dict(zipped(tmp_path / "x.zip", {"a.bin": bytes(1000)}))


def test_a_zip_file_with_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.bin": saved({"a": torch.arange(1000)})})
    content = bytearray(path.read_bytes())
    start = content.index(b"a.bin") + len("a.bin")
    content[start : start + 40] = b"\xff" * 40
    path.write_bytes(content)
    with pytest.raises(UserError, match="x.zip is truncated"):
        read_state_dict(path)
