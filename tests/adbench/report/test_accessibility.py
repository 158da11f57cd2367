"""The page for everyone: axe's rules, both colour schemes, a phone's width."""

from __future__ import annotations

import os
from typing import Any

import pytest

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
