"""The page for everyone: axe's rules, both colour schemes, a phone's width."""

from __future__ import annotations

import os
from typing import Any

import pytest
from madeup import made_up_cell

from adbench.results.store import RunFolder

pytestmark = pytest.mark.slow
WIDTHS = (360, 1280)
SCHEMES = ("light", "dark")


@pytest.fixture
def axe() -> Any:
    """The checker; missing, the test is skipped, but not in CI."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ModuleNotFoundError:
        if os.environ.get("CI"):
            raise
        pytest.skip("needs axe: pip install axe-playwright-python")
    return Axe()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing(shown: Any, axe: Any, width: int, scheme: str) -> None:
    shown.set_viewport_size({"width": width, "height": 800})
    shown.emulate_media(color_scheme=scheme)
    found = axe.run(shown)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_page_fits_and_follows_the_scheme(shown: Any, width: int, scheme: str) -> None:
    shown.set_viewport_size({"width": width, "height": 800})
    shown.emulate_media(color_scheme=scheme)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    shade = shown.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
    assert (sum(shade) > 600) == (scheme == "light")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_figures_stand_out_from_every_tint_of_the_heat_map(browser: Any, folder: RunFolder, page: Any, scheme: str) -> None:
    for share in range(0, 101, 2):
        made_up_cell(folder, "alpha", f"set-{share:03d}", metrics={"image_auroc": share / 100})
    tab = browser.new_page(color_scheme=scheme)
    tab.set_content(page())
    pairs = tab.eval_on_selector_all(
        ".heat-good, .heat-bad",
        """(tints) => tints.map((tint) => {
            const parse = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
            const style = getComputedStyle(tint), ground = parse(getComputedStyle(tint.closest(".card")).backgroundColor);
            const share = Number(style.fillOpacity);
            const mixed = parse(style.fill).map((value, place) => share * value + (1 - share) * ground[place]);
            return [parse(getComputedStyle(tint.nextElementSibling).fill), mixed];
        })""",
    )
    tab.close()
    assert len(pairs) == 51
    assert min(contrast(text, tint) for text, tint in pairs) >= 4.5


def contrast(one: list[float], other: list[float]) -> float:
    """Contrast ratio of two sRGB colours (WCAG 2.2), from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: list[float]) -> float:
    """Relative luminance of (3,) values in [0, 255]."""
    shares = [value / 255 for value in colour]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
