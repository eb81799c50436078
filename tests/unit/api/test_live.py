"""The dashboard in a real browser: it refreshes itself, and keeps what the reader opened."""

from typing import Any

import pytest
from browsing import new_context
from playwright.sync_api import Browser, Page, Route
from pytest_httpserver import HTTPServer

from controller.api.serve import Server
from controller.state.records import SyncStatus


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

    page.locator("#app-agents").get_by_text("OutOfSync").wait_for()


def test_a_page_follows_although_a_script_comes_late(page: Page, stored: Any) -> None:
    def late(route: Route) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/hx-sse.min.js", late)
    page.goto("/")

    page.locator("#live:not(.is-off)").wait_for()


def test_refresh_keeps_open_what_the_reader_opened(page: Page, stored: Any) -> None:
    page.goto("/applications/agents")
    page.locator("#live:not(.is-off)").wait_for()
    row = page.locator("#component-Agent-agents-triage")
    row.locator("summary .row-name").click()

    drift(stored)

    page.locator(".head-statuses").get_by_text("OutOfSync").wait_for()
    assert row.evaluate("row => row.open")


def test_refresh_keeps_the_readers_place(page: Page, stored: Any) -> None:
    page.set_viewport_size({"width": 900, "height": 300})
    page.goto("/applications/agents")
    page.locator("#live:not(.is-off)").wait_for()
    page.evaluate("scrollTo(0, 400)")
    page.locator('input[name="q"]').evaluate("field => { field.value = 'half a wo' }")

    drift(stored)

    page.locator(".head-statuses").get_by_text("OutOfSync").wait_for()
    assert page.evaluate("scrollY") == 400
    assert page.locator('input[name="q"]').input_value() == "half a wo"


def test_refresh_keeps_folded_what_the_reader_folded(page: Page, stored: Any) -> None:
    page.goto("/applications/agents/tree")
    page.locator("#live:not(.is-off)").wait_for()
    branch = page.locator("#tree-Agent-agents-triage")
    branch.locator("summary").focus()
    page.keyboard.press("Enter")
    branch.get_by_text("Deployment").wait_for(state="hidden")

    drift(stored)

    page.locator(".head-statuses").get_by_text("OutOfSync").wait_for()
    assert not branch.evaluate("branch => branch.open")
    page.get_by_role("button", name="Unfold all").click()
    branch.get_by_text("Deployment").wait_for()


def test_rows_open_by_keyboard(page: Page) -> None:
    page.goto("/applications/agents")
    row = page.locator("#component-Agent-agents-triage")
    row.locator("summary").focus()
    page.keyboard.press("Enter")

    assert row.evaluate("row => row.open")
    page.keyboard.press("Tab")  # to the file
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Talk to it"
    page.keyboard.press("Tab")  # to syncing it alone
    page.keyboard.press("Tab")
    assert "objects" in page.evaluate("document.activeElement.href")


@pytest.mark.usefixtures("stored")
def test_a_log_is_followed(browser: Browser, reading: Server, cluster: HTTPServer) -> None:
    log = "/api/v1/namespaces/agents/pods/triage-7d9f-abcde/log"
    cluster.expect_request(log).respond_with_data(
        "2026-01-01T10:11:12Z fine\n2026-01-01T10:11:13Z an error here\n"
    )
    context = new_context(
        browser, base_url=reading.url, timezone_id="Europe/Berlin", locale="en-GB"
    )
    page = context.new_page()
    page.goto("/applications/staging/logs")

    page.locator(".log-line.is-bad").get_by_text("an error here").wait_for()
    page.get_by_text("The log ended here.").wait_for()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".log-line").first.inner_text().split() == ["11:11:12", "fine"]
    context.close()


@pytest.mark.usefixtures("stored")
def test_a_log_without_a_line_says_so(browser: Browser, reading: Server) -> None:
    """The stream of a pod that writes nothing may open late."""
    context = new_context(browser, base_url=reading.url)
    page = context.new_page()
    page.route("**/api/v1/applications/staging/logs?*", lambda _: None)
    page.goto("/applications/staging/logs")

    page.locator("#log:empty").wait_for()
    context.close()


@pytest.mark.usefixtures("stored")
def test_a_log_is_shown_without_scripts(
    browser: Browser, reading: Server, cluster: HTTPServer
) -> None:
    log = "/api/v1/namespaces/agents/pods/triage-7d9f-abcde/log"
    cluster.expect_request(log).respond_with_data("2026-01-01T10:11:12Z fine <b>\n")
    context = new_context(browser, base_url=reading.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/applications/staging/logs")

    page.frame_locator(".log-frame").get_by_text("fine <b>").wait_for()
    context.close()


def test_sync_works_without_scripts(browser: Browser, server: Server, stored: Any) -> None:
    context = new_context(browser, base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/applications/agents")
    page.locator(".actions").get_by_role("link", name="Sync").click()
    page.get_by_label("Dry run").check()
    page.get_by_role("button", name="Sync").click()

    page.get_by_text("next in line").wait_for()
    assert [request.dry_run for _, request in stored.requests] == [True]
    context.close()


def test_the_sync_dialog_is_used_by_keyboard(page: Page, stored: Any) -> None:
    page.goto("/applications/agents")
    page.locator(".actions").get_by_role("link", name="Sync").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Sync agents")
    dialog.wait_for()
    page.keyboard.press("Tab")  # past the link to the commit's page
    page.keyboard.press("Tab")
    page.keyboard.type("v1")
    page.keyboard.press("Enter")

    page.wait_for_url("**/applications/agents?notice=sync")
    assert [request.revision for _, request in stored.requests] == ["v1"]


def test_a_dialog_closes_and_gives_the_focus_back(page: Page) -> None:
    page.goto("/applications/agents/history")
    page.get_by_role("link", name="Roll back to #9").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Roll agents back to #9")
    dialog.wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")

    assert page.evaluate("document.activeElement.textContent") == "Roll back to #9"


def test_a_refresh_leaves_an_open_dialog_alone(page: Page, stored: Any) -> None:
    page.goto("/applications/agents")
    page.locator("#live:not(.is-off)").wait_for()
    page.locator(".actions").get_by_role("link", name="Sync").click()
    dialog = page.get_by_role("dialog", name="Sync agents")
    dialog.get_by_label("Chosen objects").check()
    dialog.locator("summary").get_by_text("Agent triage").click()
    dialog.get_by_label("Deployment triage").check()

    drift(stored)

    page.locator(".head-statuses").get_by_text("OutOfSync").wait_for()
    assert dialog.get_by_label("Deployment triage").is_checked()
    dialog.get_by_role("button", name="Sync").click()
    page.wait_for_url("**/applications/agents?notice=sync")
    (chosen,) = stored.requests[0][1].resources
    assert (chosen.kind, chosen.name) == ("Deployment", "triage")


def test_a_dialog_that_cannot_be_shown_is_a_page(browser: Browser, server: Server) -> None:
    context = new_context(browser, base_url=server.url)
    page = context.new_page()
    page.goto("/applications/agents")
    page.route("**/applications/agents/sync", lambda route: route.abort(), times=1)
    page.locator(".actions").get_by_role("link", name="Sync").click()

    page.wait_for_url("**/applications/agents/sync")
    page.get_by_role("heading", name="Sync agents").wait_for()
    context.close()


@pytest.mark.usefixtures("stored")
def test_times_are_told_in_the_readers_zone(browser: Browser, server: Server) -> None:
    context = new_context(browser, base_url=server.url, timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    page.goto("/applications/agents/operations/10")
    page.locator("time[title*='21:00:00']").first.wait_for()
    context.close()


def test_a_page_that_nobody_keeps_up_to_date_says_so(browser: Browser, server: Server) -> None:
    context = new_context(browser, base_url=server.url)
    page = context.new_page()
    page.goto("/applications/agents")
    page.locator("#live:not(.is-off)").wait_for()

    server.stop()

    page.get_by_role("alert").get_by_text("Roster has not answered since").wait_for()
    context.close()


def test_pages_fit_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    decisions = ("/sync", "/operations/8/rollback", "/operations/8/revert")
    tabs = ("", "/tree", "/diff", "/events", "/history", "/operations/10", *decisions)
    pod = "/objects/Pod agents/triage-7d9f-abcde"
    for path in ("/", "/api/docs", *(f"/applications/staging{tab}" for tab in (*tabs, pod))):
        page.goto(path)

        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
