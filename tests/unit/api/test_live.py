"""The dashboard in a real browser: it refreshes itself, and keeps what the reader opened."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from controller.api.serve import Server
from controller.state.records import SyncStatus

CHROMIUM = shutil.which("chromium")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing: `make browser`")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for this file: starting it is what takes long."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def page(server: Server, browser: Browser) -> Iterator[Page]:
    """A page on the dashboard; complaints on its console fail the test."""
    complaints: list[str] = []
    context = browser.new_context(base_url=server.url)
    opened = context.new_page()
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


def drift(stored: Any) -> None:
    def drifted(record: Any) -> Any:
        status = record.status.model_copy(update={"sync": SyncStatus.OUT_OF_SYNC})
        return record.model_copy(update={"status": status})

    stored.store.update("agents", drifted)


def test_list_refreshes_itself(page: Page, stored: Any) -> None:
    page.goto("/")
    page.locator("#live:not(.is-off)").wait_for()
    assert page.locator("#app-agents").get_by_text("Synced").count() == 1

    drift(stored)

    page.locator("#app-agents").get_by_text("OutOfSync").wait_for(timeout=10_000)


def test_refresh_keeps_open_what_the_reader_opened(page: Page, stored: Any) -> None:
    page.goto("/applications/agents")
    page.locator("#live:not(.is-off)").wait_for()
    row = page.locator("#component-Agent-agents-triage")
    row.locator("summary .row-name").click()

    drift(stored)

    page.locator(".head-statuses").get_by_text("OutOfSync").wait_for(timeout=10_000)
    assert row.evaluate("row => row.open")


def test_sync_button_works_without_scripts(page: Page, stored: Any) -> None:
    page.goto("/applications/agents")
    page.locator(".actions > form button").click()

    page.get_by_text("Sync requested").wait_for()
    assert [name for name, _ in stored.requests] == ["agents"]


def test_pages_fit_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/", "/applications/staging", "/applications/staging/diff", "/api/docs"):
        page.goto(path)

        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
