"""The two networks: what is read off weights, what the layers are, what guided backpropagation drops."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from adbench import UserError
from adbench_mkd.network import Vgg, blocks_of, build_cloner, build_source, cloner_blocks, guided_relu, source_blocks, widths

VGG16 = ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3)
SMALL = ((4, 4), (4, 6), (6,), (6, 8, 8), (8, 8))


def small_state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return Vgg(SMALL, cloner=False).state_dict()


def test_the_cloner_of_vgg16_is_that_of_the_paper() -> None:
    expected = "16 16 M 16 128 M 16 16 256 M 16 16 512 M 16 16 512 M"
    assert " ".join(widths(cloner_blocks(VGG16, 16))) == expected


def test_the_source_has_the_keys_of_torchvision() -> None:
    vgg16 = Vgg(((2, 2), (2, 2), (2,) * 3, (2,) * 3, (2,) * 3), cloner=False)
    places = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    assert list(vgg16.state_dict()) == [f"features.{place}.{kind}" for place in places for kind in ("weight", "bias")]


def test_blocks_are_read_off_the_keys() -> None:
    assert source_blocks(small_state() | {"classifier.0.weight": torch.zeros(3, 3)}) == SMALL


def test_batch_norm_is_missing_before_each_pooling_only() -> None:
    cloner = Vgg(cloner_blocks(VGG16, 2), cloner=True)
    kinds = "".join(type(layer).__name__[0] for layer in cloner.features)
    assert kinds == "CBRCRM" * 2 + "CBRCBRCRM" * 3
    assert all(layer.bias is None for layer in cloner.features if isinstance(layer, nn.Conv2d))


def test_levels_are_the_poolings_but_the_first() -> None:
    shapes = [tuple(level.shape) for level in build_source(small_state())(torch.rand(2, 3, 64, 64))]
    assert shapes == [(2, 6, 16, 16), (2, 6, 8, 8), (2, 8, 4, 4), (2, 8, 2, 2)]


def test_the_cloner_starts_from_the_generator_alone() -> None:
    source = build_source(small_state())
    blocks = cloner_blocks(SMALL, 3)
    one, other = (build_cloner(source, blocks, torch.Generator().manual_seed(5)) for _ in range(2))
    assert all(torch.equal(one.state_dict()[name], tensor) for name, tensor in other.state_dict().items())


def test_a_cloner_may_be_uneven() -> None:
    source = build_source(small_state())
    blocks = ((3, 5), (2, 6), (6,), (7, 1, 8), (4, 8))
    cloner = build_cloner(source, blocks, torch.Generator().manual_seed(5))
    convolutions = [layer.out_channels for layer in cloner.features if isinstance(layer, nn.Conv2d)]
    assert convolutions == [3, 5, 2, 6, 6, 7, 1, 8, 4, 8]
    images = torch.rand(2, 3, 64, 64)
    assert [level.shape for level in cloner(images)] == [level.shape for level in source(images)]


@pytest.mark.parametrize("blocks", [((3, 5), (2, 7), (6,), (8,), (8,)), ((3,), (6,), (6,), (8,))])
def test_a_cloner_that_cannot_be_compared_is_refused(blocks: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError, match=r"\[6, 6, 8, 8\] channels"):
        build_cloner(build_source(small_state()), blocks, torch.Generator())


def test_the_flat_notation_and_back() -> None:
    flat = [4, 4, "M", 4, 16, "M", 4, "M"]
    assert blocks_of(flat) == ((4, 4), (4, 16), (4,))
    assert widths(blocks_of(flat)) == [str(entry) for entry in flat]


@pytest.mark.parametrize("flat", [[], [4], ["M"], [4, "M", "M"], [4, "M", 4], [0, "M"], [4, "pool"]])
def test_other_notations_are_refused(flat: list[int | str]) -> None:
    with pytest.raises(ValueError, match=r"pooling|invalid literal"):
        blocks_of(flat)


def test_guided_relu_drops_negative_values_and_negative_gradients() -> None:
    values = torch.tensor([-1.0, 1.0, -1.0, 1.0], requires_grad=True)
    result = guided_relu(values)
    result.backward(torch.tensor([1.0, 1.0, -1.0, -1.0]))
    assert result.tolist() == [0, 1, 0, 1]
    assert values.grad is not None
    assert values.grad.tolist() == [0, 1, 0, 0]


def with_batch_norm() -> dict[str, torch.Tensor]:
    return {"features.0.weight": torch.zeros(4, 3, 3, 3), "features.1.weight": torch.zeros(4)}


def with_four_poolings() -> dict[str, torch.Tensor]:
    return Vgg(SMALL[:4], cloner=False).state_dict()


def without_a_bias() -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in small_state().items() if name != "features.0.bias"}


def with_a_gap() -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in small_state().items() if not name.startswith("features.2.")}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"conv1.weight": torch.zeros(4, 3, 7, 7)}, "has no features.0.weight"),
        (with_batch_norm(), "has batch norm"),
        (with_four_poolings(), "has 4 poolings"),
        (without_a_bias(), "features.0.bias"),
        (with_a_gap(), "features.5 after features.0"),
    ],
)
def test_other_weights_are_refused(state: dict[str, torch.Tensor], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        build_source(state)
    assert "vgg16.tv_in1k" in str(error.value)
