from __future__ import annotations

import pytest

from adbench.errors import UserError
from adbench.files.windows import check_axis, read_bounds, read_window, window_range


@pytest.mark.parametrize(
    ("window", "low", "high"),
    [
        ("brain", 0, 80),
        ("lung", -1350, 150),
        ("liver", -45, 105),
        ("40:400", -160, 240),
        (" -600:1500 ", -1350, 150),
        ("0.5:1", 0, 1),
    ],
)
def test_windows(window: str, low: float, high: float) -> None:
    assert window_range(read_window(window)) == (low, high)
    assert read_window(window.upper()) == window.strip()


@pytest.mark.parametrize("window", ["", "voi", "percentile", "VOI"])
def test_windows_without_a_range_of_their_own(window: str) -> None:
    assert read_window(window) == window.lower()


@pytest.mark.parametrize("window", ["lungs", "40", "40:0", "40:-1", "a:b", "1:2:3", "nan:1", "0:inf"])
def test_what_is_no_window_names_the_choices(window: str) -> None:
    with pytest.raises(
        UserError, match=r"is no window: give a name, or CENTRE:WIDTH .* (Did you mean|Known: bone, brain, liver)"
    ):
        read_window(window)


def test_axes() -> None:
    for axis in range(3):
        check_axis(axis)
    for axis in (-1, 3):
        with pytest.raises(UserError, match=f"--axis {axis} is none of 0, 1 and 2"):
            check_axis(axis)


@pytest.mark.parametrize(("given", "found"), [("0:4095", (0, 4095)), (" -1.5 : 2e3", (-1.5, 2000)), ([1, 2], (1, 2))])
def test_bounds(given: object, found: tuple[float, float]) -> None:
    assert read_bounds(given) == found  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["", "1", "1:2:3", "2:1", "1:1", "a:b", "nan:1", "0:inf", "-inf:0", [1], [1, None], 3])
def test_no_bounds(given: object) -> None:
    with pytest.raises(ValueError, match="is not LOW:HIGH with two numbers, the lower first"):
        read_bounds(given)  # type: ignore[arg-type]
