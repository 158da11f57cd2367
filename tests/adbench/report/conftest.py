"""Made-up runs to report on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from madeup import HOSTILE_NAME, failed_cell, keep_maps, made_up_cell
from toyplugin import toy_registry

from adbench.api import open_run
from adbench.registry.factories import load_factory
from adbench.report.build import build_report
from adbench.results.store import RunFolder

# Without a sandbox, for CI runs as root; the rest keeps the browser itself off the network.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; the test is skipped, saying so, where there is none."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("needs chromium on the path: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        if os.environ.get("CI"):
            raise  # the dependency group `test` brings it: CI would silently test less
        pytest.skip("needs playwright: pip install playwright")
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """An empty run folder."""
    return RunFolder.create(tmp_path / "run")


@pytest.fixture
def page(folder: RunFolder) -> Callable[..., str]:
    """The report on what was put into `folder`."""
    return lambda **options: build_report([open_run(folder.path)], **options)


@pytest.fixture
def demo(folder: RunFolder) -> RunFolder:
    """Four methods on two toy sets and one that nobody has: several k, seeds, marks, maps, a failure, missing figures."""
    registry = toy_registry()
    for name in ("toy-a", "toy-b"):
        card = registry.dataset(name)
        dataset = load_factory(card.factory, name)(card, None)
        items = [(item.id, item.abnormal) for item in dataset.items("test")]
        known = {"items": items, "fingerprint": dataset.fingerprint(), "synthetic": True}
        for method, k, shift in (("alpha", 2, 1.0), ("alpha", 4, 2.0), ("beta", 4, 0.5), ("gamma", 4, 1.2)):
            for seed in (0, 1):
                record = made_up_cell(
                    folder, method, name, k=k, seed=seed, shift=shift, metrics={"pixel_auroc": 0.9 - k / 100}, **known
                )
                if method == "alpha" and seed == 0:
                    keep_maps(folder, record, dataset, noise=0.5)
        made_up_cell(folder, "oracle", name, shift=3.0, selection="test-oracle", transductive=True, **known)
    failed_cell(folder, "gamma", "elsewhere", "a bug in the plugin")
    made_up_cell(folder, "alpha", "elsewhere")
    return folder


@pytest.fixture
def file(demo: RunFolder, page: Callable[..., str], tmp_path: Path) -> Path:
    """The report on `demo` and on a method with a hostile name."""
    made_up_cell(demo, "hostile", "toy-a", variant=HOSTILE_NAME)
    written = tmp_path / "report.html"
    written.write_text(page(registry=toy_registry()), encoding="utf-8")
    return written


@pytest.fixture
def shown(browser: Any, file: Path) -> Iterator[Any]:
    """That report in a tab. At the end it must have asked for nothing but itself and complained of nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
    tab.goto(file.as_uri())
    yield tab
    context.close()
    assert [url for url in requests if not url.startswith("data:")] == [file.as_uri()]
    assert complaints == []


@pytest.fixture
def expect(browser: Any) -> Any:
    """Playwright's assertions, which wait until they hold."""
    from playwright.sync_api import expect

    return expect
