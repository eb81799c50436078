import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from controller.reconcile import operations
from controller.state.records import ApplicationRecord, ObjectResult, SyncRequest


def get(client: FlaskClient, path: str) -> str:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def rehearsed(record: ApplicationRecord, make: Any, **given: Any) -> ApplicationRecord:
    """What the engine makes of a request for a dry run."""
    done = make.operation(11, dry_run=True, request_id=record.request.id, **given)
    return record.model_copy(
        update={"request": None, "history": (done, *record.history), "next_operation_id": 12}
    )


def test_a_sync_goes_back_to_the_application(client: FlaskClient, stored: Any) -> None:
    response = client.post("/applications/agents/sync", data={"revision": "v1"})

    assert response.status_code == 303
    assert "Sync requested" in get(client, response.headers["Location"])
    assert stored.requests == [("agents", SyncRequest(revision="v1", initiated_by="dashboard"))]


def test_a_form_that_makes_no_sense_asks_for_nothing(client: FlaskClient, stored: Any) -> None:
    response = client.post("/applications/agents/sync", data={"revision": "--evil"})

    assert response.status_code == 400
    assert stored.requests == []


def test_a_dry_run_is_followed_to_its_outcome(client: FlaskClient, stored: Any, make: Any) -> None:
    form = {"dialog": "1", "dry_run": "1", "force": "1"}
    place = client.post("/applications/agents/sync", data=form).headers["Location"]

    assert "next in line" in get(client, place)

    stored.store.update("agents", lambda record: rehearsed(record, make))
    outcome = get(client, place)

    assert "A sync would succeed" in outcome
    assert "nothing was written" in outcome
    assert 'href="/applications/agents/sync?dialog=1&amp;force=1"' in outcome
    application = get(client, "/applications/agents")
    assert "#10 by automated" in application
    assert "Dry run #11" in application


def test_a_dry_run_says_what_would_fail(client: FlaskClient, stored: Any, make: Any) -> None:
    place = client.post("/applications/agents/sync", data={"dry_run": "1"}).headers["Location"]
    failed = {"phase": "Failed", "result_message": "1 of 2 objects failed: immutable"}
    stored.store.update("agents", lambda record: rehearsed(record, make, **failed))

    assert "A sync would fail" in get(client, place)
    assert "Would fail" in get(client, "/applications/agents/history")


@pytest.mark.usefixtures("stored")
def test_a_request_that_another_took_the_place_of_says_so(client: FlaskClient) -> None:
    for _ in range(2):
        client.post("/applications/agents/sync", data={})

    assert "A newer request took its place" in get(client, "/applications/agents/requests/1")
    assert client.get("/applications/agents/requests/3").status_code == 404


@pytest.mark.usefixtures("stored")
def test_a_rollback_says_what_it_will_do(client: FlaskClient) -> None:
    page = get(client, "/applications/staging/operations/8/rollback")

    for told in (
        "Roll staging back to #8",
        "Change number 8",
        "2 objects changed",
        "1 object kept although it is not in that revision",
        "prune-needs-confirmation",
        "until the next commit to HEAD",
        "system message",
    ):
        assert told in page


@pytest.mark.parametrize("is_dry", [False, True])
def test_a_rollback_asks_for_the_revision_of_then(
    client: FlaskClient, stored: Any, *, is_dry: bool
) -> None:
    form = {"prune": "1", **({"dry_run": "1"} if is_dry else {})}
    response = client.post("/applications/agents/operations/8/rollback", data=form)

    expected = SyncRequest(
        revision="8" * 40, prune=True, dry_run=is_dry, initiated_by="dashboard (rollback to 8)"
    )
    assert stored.requests == [("agents", expected)]
    assert ("/requests/1" in response.headers["Location"]) is is_dry


def test_a_revert_says_what_it_will_do_and_does_it(client: FlaskClient, stored: Any) -> None:
    asked = get(client, "/applications/agents/operations/8/revert")

    assert "one commit on top of" in asked
    assert 'value="revert-agents-to-8888888"' in asked
    assert stored.reverts == []

    response = client.post("/applications/agents/operations/8/revert", data={"branch": "back"})

    assert stored.reverts == [("agents", 8, "back")]
    assert "Pushed back" in response.text


@pytest.mark.parametrize(("branch", "status"), [("--evil", 400), ("", 400), ("taken", 409)])
@pytest.mark.usefixtures("stored")
def test_a_branch_that_cannot_be_made_is_refused(
    client: FlaskClient, branch: str, status: int
) -> None:
    response = client.post("/applications/agents/operations/8/revert", data={"branch": branch})

    assert response.status_code == status


@pytest.mark.usefixtures("stored")
def test_what_is_applied_cannot_be_gone_back_to(client: FlaskClient) -> None:
    history = get(client, "/applications/agents/history")

    assert "operations/9/rollback" in history
    assert "operations/10/rollback" not in history


@pytest.mark.usefixtures("stored")
def test_an_object_is_synced_alone_from_its_page(client: FlaskClient) -> None:
    key = "apps/Deployment agents/triage"
    page = get(client, f"/applications/agents/objects/{key}")
    (address,) = re.findall(r'href="(/applications/agents/sync\?[^"]+)"', page)
    dialog = get(client, address)

    assert f'value="{key}" checked' in dialog
    assert 'value="chosen" checked' in dialog


def test_hooks_have_their_phase_and_result(client: FlaskClient, stored: Any, make: Any) -> None:
    hooks = (
        ObjectResult(
            key="batch/Job agents/migrate",
            action="create",
            status="Synced",
            sync_phase="PreSync",
            hook_phase="Succeeded",
            message="the hook succeeded",
            is_gone=True,
        ),
        ObjectResult(
            key="Service agents/triage", action="update", status="Synced",
            changes=(f"hash: {'a' * 64} -> {'b' * 64}",),
        ),
    )  # fmt: skip
    done = make.operation(10, objects=hooks)
    stored.store.update(
        "agents", lambda record: operations.beside(record, record.model_copy(
            update={"operation": done}
        ))
    )  # fmt: skip
    page = get(client, "/applications/agents/operations/10")

    assert page.index("PreSync") < page.index("Succeeded</span>", page.index("PreSync"))
    assert "Deleted after its run." in page
    assert "hash: aaaaaaa… -&gt; bbbbbbb…" in page
