"""The page in a real browser: it sorts, filters, asks for nothing and complains of nothing."""

from __future__ import annotations

from typing import Any

import pytest
from madeup import HOSTILE_NAME

pytestmark = pytest.mark.slow


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
    assert shown.locator("table.board tbody tr:visible").count() == 1
    assert board.get_by_role("status").inner_text() == "1 of 5 methods"
    board.get_by_label("Metric").select_option("Pixel AUROC (%)")
    assert shown.locator("table.board:visible caption").all_inner_texts()[0].endswith("Pixel AUROC (%)")
    assert shown.locator("table.board tbody tr:visible").count() == 1


def test_one_block_is_shown_at_a_time(shown: Any) -> None:
    for section in ("heat", "roc", "scores", "gallery"):
        blocks = shown.locator(f"#{section} [data-choice]")
        assert blocks.count() > 1
        chooser = shown.locator(f"#{section} select").first
        visible = [place for place in range(blocks.count()) if blocks.nth(place).is_visible()]
        assert visible == [0]
        chooser.focus()
        shown.keyboard.press("ArrowDown")
        assert [place for place in range(blocks.count()) if blocks.nth(place).is_visible()] == [1]
        chooser.select_option("all")
        assert all(blocks.nth(place).is_visible() for place in range(blocks.count()))


def test_paper_shows_all_blocks_and_no_controls(shown: Any) -> None:
    shown.emulate_media(media="print")
    blocks = shown.locator("[data-choice]")
    assert all(blocks.nth(place).is_visible() for place in range(blocks.count()))
    assert shown.locator("select:visible, input:visible").count() == 0


def test_only_regions_that_scroll_are_stops_for_the_keyboard(shown: Any, expect: Any) -> None:
    stops = shown.locator(".scroll:not(.tall)[tabindex], .charts[tabindex]")  # a tall one scrolls however wide the page
    shown.set_viewport_size({"width": 4000, "height": 4000})
    expect(stops).to_have_count(0)
    shown.set_viewport_size({"width": 360, "height": 800})
    expect(shown.locator("#cells .scroll")).to_have_attribute("tabindex", "0")
    expect(shown.locator("#roc .charts >> nth=0")).to_have_attribute("tabindex", "0")


def test_the_section_being_read_is_marked(shown: Any, expect: Any) -> None:
    shown.get_by_role("link", name="Cells", exact=True).click()
    expect(shown.locator("nav a[aria-current]")).to_have_text("Cells")


def test_hostile_names_are_text(shown: Any) -> None:
    assert shown.get_by_text(HOSTILE_NAME).first.is_visible()
    assert shown.locator("img[src=x]").count() == 0


def test_the_skip_link_is_the_first_stop(shown: Any) -> None:
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.textContent") == "Skip to the content"
    shown.keyboard.press("Enter")
    assert shown.evaluate("document.activeElement.id") == "main"
