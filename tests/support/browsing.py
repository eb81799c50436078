"""A real browser for tests, and patience with it on a slow machine."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from waiting import PATIENCE_S

CHROMIUM = shutil.which("chromium")
LIMIT_MS = PATIENCE_S * 1000
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, or skip the test where there is none."""
    if CHROMIUM is None:
        pytest.skip("Chromium is missing: `make browser`")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(FLAGS), timeout=LIMIT_MS
        )
        yield opened
        opened.close()


def new_context(browser: Browser, **given: Any) -> BrowserContext:
    """Open what a reader has, who is patient."""
    context = browser.new_context(**given)
    context.set_default_timeout(LIMIT_MS)
    return context
