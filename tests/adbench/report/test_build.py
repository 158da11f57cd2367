"""The page as a whole: well formed, accessible, harmless, small, and honest about what is missing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from madeup import failed_cell, made_up_cell
from toyplugin import toy_registry

from adbench.errors import UserError
from adbench.results.store import RunFolder

Page = Callable[..., str]
HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;"
VOID = {"meta", "link", "input", "img", "br"}


class Reader(HTMLParser):
    """Collects elements as (tag, attributes, text) and checks that they are nested."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: Counter[str] = Counter()
        self.problems: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text[data.strip()] += 1

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_is_well_formed_and_accessible(demo: RunFolder, page: Page) -> None:
    read = Reader(page(registry=toy_registry()))
    assert read.problems == []
    assert read.open == []
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in read.all("a") if a["href"].startswith("#")} <= set(ids)
    for tag in ("a", "img", "th", "svg", "table"):
        assert read.all(tag), tag
    assert all(image["alt"] for image in read.all("img"))
    assert all("scope" in heading for heading in read.all("th"))
    assert len(read.all("caption")) == len(read.all("table"))
    assert all(svg.get("aria-label") if svg.get("role") == "img" else svg["aria-hidden"] == "true" for svg in read.all("svg"))
    assert read.all("html")[0]["lang"] == "en"
    assert read.text["Skip to the content"] == 1


def test_nothing_is_fetched_and_only_its_own_script_runs(demo: RunFolder, page: Page) -> None:
    html = page(registry=toy_registry())
    read = Reader(html)
    policy = next(meta["content"] for meta in read.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")
    for tag in ("style", "script"):
        content = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert len(content) == 1
        assert base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode() in policy
    references = [value for _, attributes in read.elements for name, value in attributes.items() if name in ("src", "href")]
    assert {value.partition(":")[0].partition("#")[0] for value in references} == {"data", ""}
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on") or name == "style"]
    assert "http:" not in html
    assert "https:" not in html


@pytest.mark.parametrize("known", [True, False])
def test_names_from_outside_are_escaped(folder: RunFolder, page: Page, known: bool) -> None:
    names = {"variant": HOSTILE, "title": HOSTILE, "preset": HOSTILE}
    for dataset in (HOSTILE, "plain"):
        for k in (2, 4):
            made_up_cell(folder, "m", dataset, k=k, items=[(HOSTILE, True), ("b", False)], **names)
            made_up_cell(folder, "n", dataset, k=k, items=[(HOSTILE, True), ("b", False)])
    failed_cell(folder, HOSTILE, HOSTILE, HOSTILE)
    html = page(registry=toy_registry() if known else None)
    read = Reader(html)
    assert read.problems == []
    assert len(read.all("script")) == 1
    assert not read.all("img")
    assert "<script>alert" not in html
    assert "&amp;amp;" in html  # shown as it was given, not decoded
    assert HOSTILE in "".join(read.text)


def test_missing_and_failed_figures_are_shown_as_such(demo: RunFolder, page: Page) -> None:
    html = page()
    assert html.count('href="#failed">failed</a>') == 2  # leaderboard and cells
    assert "no mean: a dataset is missing" in html
    assert "a bug in the plugin" in html
    assert all(f"{method} (missing: elsewhere)" in html for method in ("beta", "gamma", "oracle"))
    assert not re.search(r"\bnan\b", re.sub(r"<(script|style)>.*?</\1>|base64,[^\"]*", "", html, flags=re.DOTALL), re.IGNORECASE)


def test_marks_and_banner_are_visible(demo: RunFolder, page: Page) -> None:
    read = Reader(page())
    assert read.text["test-oracle"] >= 3
    assert read.text["transductive"] >= 3
    assert read.text["Phantoms."] == 1
    assert read.text["Preset demo."] == 1


def test_a_contradicted_card_is_shown_with_what_was_seen(folder: RunFolder, page: Page) -> None:
    seen = "Scored by themselves, 8 of 8 test images get a different score."
    for seed in (0, 1):
        made_up_cell(folder, "alpha", "set", seed=seed, contradiction=seen)
    made_up_cell(folder, "beta", "set")
    read = Reader(page())
    assert read.text["Contradicted."] == 1
    assert read.text[f": {seen}"] == 1
    assert read.text["Seen on set (few-shot, k = 4, seed 0), set (few-shot, k = 4, seed 1)."] == 1
    assert read.text["contradicted"] == 2  # the cells
    assert read.text["transductive"] >= 1


def test_real_figures_have_no_banner(folder: RunFolder, page: Page) -> None:
    made_up_cell(folder, "alpha", "real", preset="paper")
    assert "banner" not in re.sub(r"<style>.*?</style>", "", page(), flags=re.DOTALL)


def test_the_same_run_gives_the_same_small_page(demo: RunFolder, page: Page) -> None:
    html = page(registry=toy_registry())
    assert page(registry=toy_registry()) == html
    assert 100_000 < len(html) < 1_000_000


def test_scores_that_cannot_be_read_cost_their_charts_only(demo: RunFolder, page: Page) -> None:
    record = next(record for record in demo.records() if record.method == "beta")
    (demo.cells / record.id / "scores.parquet").write_bytes(b"broken")
    assert f"beta on {record.dataset}, seed {record.seed}: its scores cannot be read" in page()


def test_one_label_only_draws_no_curve(folder: RunFolder, page: Page) -> None:
    made_up_cell(folder, "alpha", "normals", items=[("a", False), ("b", False)], metrics={"image_auroc": None})
    html = page()
    assert "No finished cell with both labels: no curve." in html
    assert "One label only." in html


def test_only_failures_make_a_page_too(folder: RunFolder, page: Page) -> None:
    failed_cell(folder, "alpha", "set", "out of luck")
    assert "out of luck" in page()


def test_two_copies_of_a_dataset_are_pointed_out(folder: RunFolder, page: Page) -> None:
    made_up_cell(folder, "alpha", "set", fingerprint="aa")
    made_up_cell(folder, "beta", "set", fingerprint="bb")
    assert "Cells saw different copies of set" in page()


def test_an_empty_run_is_refused(folder: RunFolder, page: Page) -> None:
    with pytest.raises(UserError, match="run holds no cell"):
        page()
