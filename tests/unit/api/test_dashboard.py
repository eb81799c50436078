import re
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from controller.state.records import ApplicationRecord, ApplicationSpec

OBJECT = "/applications/staging/objects/apps/Deployment agents/researcher"
POD = "/applications/staging/objects/Pod agents/triage-7d9f-abcde"
PAGES = (
    "/",
    "/applications/agents",
    "/applications/staging",
    "/applications/staging/diff",
    "/applications/staging/tree",
    OBJECT,
    "/applications/staging/objects/apps/Deployment agents/retired",
    "/applications/staging/objects/apps/Deployment agents/writer",
    POD,
    "/applications/staging/events",
    "/applications/staging/logs",
    "/applications/staging/history",
    "/applications/staging/operations/10",
    "/applications/staging/operations/8/rollback",
    "/applications/staging/operations/8/revert",
    "/applications/staging/sync",
    "/chat",
    "/chat/agents/triage",
    "/applications/staging/requests/10",
    "/api/docs",
    "/applications/nope",
)
VOID = {"meta", "link", "input", "use", "path", "circle", "rect", "br"}


class Page(HTMLParser):
    """Reads a page strictly: every element that opens closes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.attributes: set[str] = set()
        self.inline = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.attributes |= set(given)
        if tag not in VOID:
            self.open.append(tag)
        self.loads += [
            given[name]
            for name in ("src", "hx-get", "hx-sse:connect", "action", "srcset", "poster")
            if name in given
        ]
        if tag == "link":
            self.loads.append(given["href"])
        if tag == "a":
            self.links.append(given["href"])
        if "id" in given:
            self.ids.append(given["id"])
        self.inline += tag in {"style", "script"} and "src" not in given

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def get(client: FlaskClient, path: str) -> str:
    return client.get(path, headers={"Accept": "text/html"}).get_data(as_text=True)


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("path", PAGES)
def test_pages_are_well_formed_and_load_nothing_from_elsewhere(
    client: FlaskClient, path: str
) -> None:
    page = Page(get(client, path))

    assert page.open == []
    assert [address for address in page.loads if not address.startswith("/")] == []
    assert page.inline == 0
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("path", PAGES)
def test_pages_link_only_to_the_web_and_to_themselves(client: FlaskClient, path: str) -> None:
    for link in Page(get(client, path)).links:
        assert link.startswith(("/", "#", "https://", "?")), link


@pytest.mark.usefixtures("stored")
def test_links_of_every_page_lead_somewhere(client: FlaskClient) -> None:
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in seen or not path.startswith("/"):
            continue
        seen.add(path)
        if "/logs?" in path and path.startswith("/api/"):
            continue  # the ASGI shell's
        response = client.get(path, headers={"Accept": "text/html"})
        assert response.status_code == 200, path
        if response.mimetype == "text/html":
            waiting += Page(response.get_data(as_text=True)).links

    assert len(seen) > 20


def test_style_sheet_loads_nothing(client: FlaskClient) -> None:
    with client.get("/static/roster.css") as response:
        text = response.get_data(as_text=True)

    assert "url(" not in text
    assert "@import" not in text


def test_first_page_says_how_to_begin(client: FlaskClient) -> None:
    text = get(client, "/")

    assert "No applications yet" in text
    assert "roster run --repo" in text


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["staging", "agents"]),
        ("?health=Degraded", ["staging"]),
        ("?sync=Synced", ["agents"]),
        ("?sync=Nonsense", []),
    ],
)
def test_applications_are_listed_by_need_and_filtered(
    client: FlaskClient, query: str, expected: list[str]
) -> None:
    assert re.findall(r'id="app-([^"]+)"', get(client, f"/{query}")) == expected


@pytest.mark.usefixtures("stored")
def test_application_page_tells_the_whole_story(client: FlaskClient) -> None:
    text = re.sub(r"\s+", " ", get(client, "/applications/staging"))

    for told in (
        "agents/writer.yaml:9:5",
        "Did you mean <code>modelConfig</code>?",
        "ANTHROPIC_API_KEY is not set",
        "DependencyNotReady",
        "Give the triage agent the ticket tools",
        "Ada Lovelace",
        "No longer in git",
        "SourceError",
        "1 of 4 objects failed",
        "triage-7d9f-abcde",
        "3 restarts",
        "back-off 10s restarting",
    ):
        assert told in text


@pytest.mark.usefixtures("stored")
def test_operation_page_tells_what_was_done_failures_first(client: FlaskClient) -> None:
    text = re.sub(r"\s+", " ", get(client, "/applications/staging/operations/10"))

    assert "spec.replicas: 3 -&gt; 1" in text
    assert "conflict with kubectl-edit" in text
    assert text.index("SyncFailed") < text.index("Service</span> researcher")
    assert client.get("/applications/staging/operations/99").status_code == 404


@pytest.mark.usefixtures("stored")
def test_history_leads_to_every_operation(client: FlaskClient) -> None:
    links = Page(get(client, "/applications/staging/history")).links

    assert {f"/applications/staging/operations/{number}" for number in range(5, 11)} <= set(links)


def many(controller: Any, make: SimpleNamespace, count: int) -> None:
    """Store an application of so many agents."""
    record = make.well("many")
    components = tuple(make.component("Agent", f"agent-{number:04d}") for number in range(count))
    status = record.status.model_copy(update={"components": components, "objects": ()})
    controller.store.put(record.model_copy(update={"status": status}))


def test_long_lists_come_in_pages_and_can_be_searched(
    client: FlaskClient, controller: Any, make: SimpleNamespace
) -> None:
    many(controller, make, 120)

    def names(query: str) -> list[str]:
        return re.findall(r'id="component-Agent-agents-([^"]+)"', get(client, path + query))

    path = "/applications/many"
    assert names("") == [f"agent-{number:04d}" for number in range(50)]
    assert names("?page=3") == [f"agent-{number:04d}" for number in range(100, 120)]
    assert names("?q=agent-0117") == ["agent-0117"]
    assert names("?show=attention") == []
    assert "of 120" in get(client, f"{path}?page=2")
    assert "/applications/many?q=agent&amp;page=2" in get(client, f"{path}?q=agent&page=1")


@pytest.mark.usefixtures("stored")
def test_pods_have_pages_like_objects_of_git(client: FlaskClient) -> None:
    text = get(client, POD)

    assert "CrashLoopBackOff" in text
    assert "Desired" not in text
    assert "/applications/staging/logs?object=Pod" in text
    assert "restarting; the key was ********" in text


@pytest.mark.usefixtures("stored")
def test_object_page_names_the_commit_behind_it(client: FlaskClient) -> None:
    text = get(client, OBJECT)

    assert "Teach triage to count" in text
    assert "Grace Hopper" in text
    assert "what the cluster says an apply would give" in text


@pytest.mark.usefixtures("stored")
def test_log_page_asks_for_what_is_chosen(client: FlaskClient) -> None:
    page = get(client, "/applications/staging/logs?filter=x%26y&previous=true")

    assert "kind=Deployment" in page
    assert "filter=x%26y&amp;previous=true&amp;follow=true" in page
    assert client.get("/applications/staging/logs?object=Pod agents/foreign").status_code == 404


def test_application_without_a_visit_has_a_page(client: FlaskClient, controller: Any) -> None:
    spec = ApplicationSpec(name="new", repo_url="/srv/agents")
    controller.store.put(ApplicationRecord(spec=spec))

    assert "its first visit is under way" in get(client, "/applications/new")
    assert "No commit read yet" in get(client, "/")


@pytest.mark.parametrize("value", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_what_comes_from_git_is_text(
    client: FlaskClient, controller: Any, make: SimpleNamespace, value: str
) -> None:
    record = make.ill()
    status = record.status
    finding = status.findings[0].model_copy(update={"message": value, "file": value})
    component = status.components[0].model_copy(update={"message": value, "name": value})
    changed = status.model_copy(
        update={
            "commit": status.commit.model_copy(update={"message": value, "author": value}),
            "findings": (finding,),
            "components": (component,),
            "health_message": value,
        }
    )
    spec = record.spec.model_copy(update={"target_revision": value, "repo_url": value})
    controller.store.put(record.model_copy(update={"status": changed, "spec": spec}))

    for path in ("/", "/applications/staging"):
        text = get(client, path)

        assert value not in text
        assert "onerror" not in Page(text).attributes


def test_repository_that_is_no_web_address_is_no_link(
    client: FlaskClient, controller: Any, make: SimpleNamespace
) -> None:
    controller.store.put(make.well("a", repo_url="javascript:alert(1)//github.com"))

    for path in ("/", "/applications/a"):
        assert [link for link in Page(get(client, path)).links if "javascript" in link] == []


@pytest.mark.usefixtures("stored")
def test_object_page_shows_the_difference_and_both_sides(client: FlaskClient) -> None:
    text = get(client, OBJECT)

    assert re.search(r"is-removed.*replicas: 3", text)
    assert re.search(r"is-added.*replicas: 1", text)
    assert text.count('<span class="y-key">kind:</span> Deployment') == 2


@pytest.mark.usefixtures("stored")
def test_objects_of_nobody_are_not_shown(client: FlaskClient) -> None:
    """An object is shown only through the application that it belongs to."""
    for key in ("Secret kube-system/root", "apps/Deployment agents/oncall", "nonsense", " "):
        response = client.get(f"/applications/staging/objects/{key}")

        assert response.status_code == 404


@pytest.mark.usefixtures("stored")
def test_pages_are_not_sent_again_unchanged(client: FlaskClient) -> None:
    headers = {"Accept": "text/html"}
    first = client.get("/applications/nope", headers=headers)
    page = client.get("/api/docs", headers=headers)

    assert "ETag" not in first.headers
    assert page.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.usefixtures("stored")
def test_stream_of_a_page_begins_where_the_page_ends(client: FlaskClient) -> None:
    version = client.get("/api/v1/applications").get_json()["metadata"]["resourceVersion"]

    assert f"/api/v1/stream/applications?since={version}" in Page(get(client, "/")).loads
