"""The page in a real browser: it sorts, filters, asks for nothing and complains of nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from madeup import made_up_cell
from toyplugin import toy_registry

from adbench.store import RunFolder

pytestmark = pytest.mark.slow
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def browser() -> Iterator[Any]:
    """Chromium; the test is skipped, saying so, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("needs chromium on the path: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def shown(browser: Any, demo: RunFolder, page: Callable[..., str], tmp_path: Path) -> Iterator[Any]:
    """The report in a tab, with what it asked for (`requests`) and complained of (`complaints`)."""
    made_up_cell(demo, "hostile", "toy-a", variant=HOSTILE)
    file = tmp_path / "report.html"
    file.write_text(page(registry=toy_registry()), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.requests, tab.complaints = [], []
    tab.on("request", lambda request: tab.requests.append(request.url))
    tab.on("console", lambda message: tab.complaints.append(message.text))
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.on("dialog", lambda dialog: tab.complaints.append(f"dialog {dialog.message}"))
    tab.goto(file.as_uri())
    yield tab
    foreign = [url for url in tab.requests if not url.startswith("data:") and url != file.as_uri()]
    assert foreign == []
    assert tab.complaints == []


def column(tab: Any, number: int) -> list[str]:
    """The values of a column of the cells that are shown."""
    script = "(rows, n) => rows.filter(r => !r.hidden).map(r => r.cells[n].dataset.value ?? r.cells[n].textContent.trim())"
    return tab.eval_on_selector_all("#cell-table tbody tr", script, number)


def test_sorting_by_mouse_and_keyboard(shown: Any) -> None:
    heading = shown.locator("#cell-table thead th").nth(7)
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    values = column(shown, 7)
    assert values[-1] == ""  # the failed cell
    measured = [float(value) for value in values if value]
    assert measured == sorted(measured, reverse=True)
    heading.get_by_role("button").focus()
    shown.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    values = column(shown, 7)
    assert values[-1] == ""
    assert [float(value) for value in values if value] == measured[::-1]
    shown.locator("#cell-table thead th").nth(0).get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "none"
    assert column(shown, 0) == sorted(column(shown, 0))


def test_filters(shown: Any) -> None:
    total = len(column(shown, 0))
    cells = shown.get_by_role("search", name="Filter the cells")
    cells.get_by_label("Method").select_option("alpha")
    assert set(column(shown, 0)) == {"alpha"}
    cells.get_by_label("Dataset").select_option("toy-b")
    assert set(column(shown, 1)) == {"toy-b"}
    assert cells.get_by_role("status").inner_text() == f"4 of {total} cells"
    cells.get_by_label("Method").select_option("")
    cells.get_by_label("Dataset").select_option("")
    cells.get_by_label("Search").fill("gamma failed")
    assert column(shown, 6) == ["failed"]
    board = shown.get_by_role("search", name="Filter the leaderboard")
    board.get_by_label("Filter methods").fill("beta")
    assert shown.locator("table.board tbody tr:visible").count() == 2  # image and pixel


def test_hostile_names_are_text(shown: Any) -> None:
    assert shown.get_by_text(HOSTILE).first.is_visible()
    assert shown.locator("img[src=x]").count() == 0


def test_the_skip_link_is_the_first_stop(shown: Any) -> None:
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.textContent") == "Skip to the content"
    shown.keyboard.press("Enter")
    assert shown.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_follows_the_scheme(shown: Any, width: int, scheme: str) -> None:
    shown.set_viewport_size({"width": width, "height": 800})
    shown.emulate_media(color_scheme=scheme)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    shade = shown.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
    assert (sum(shade) > 600) == (scheme == "light")
    assert len(shown.screenshot()) > 10_000
