from typing import Any

import pytest
from flask.testing import FlaskClient

from controller.state.records import Hold, Operation, OperationPhase, SyncPolicy, SyncWindow

ONE = "/api/v1/applications/agents"
CLOSED = SyncWindow(kind="deny", schedule="* * * * *", duration_s=3600)


def test_suspending_refuses_syncs_until_it_is_resumed(client: FlaskClient, stored: Any) -> None:
    suspended = client.post(f"{ONE}/suspend").get_json()
    refused = client.post(f"{ONE}/sync")
    resumed = client.post(f"{ONE}/resume").get_json()
    accepted = client.post(f"{ONE}/sync")

    assert (suspended["status"]["suspended"], resumed["status"]["suspended"]) == (True, False)
    assert (refused.status_code, accepted.status_code) == (409, 202)
    assert "roster app resume agents" in refused.get_json()["remedy"]
    assert stored.queue.pending("agents") == {"manual"}


def test_resuming_ends_a_hold(client: FlaskClient, stored: Any) -> None:
    stored.store.update(
        "agents",
        lambda record: record.model_copy(update={"hold": Hold(revision="a", instead_of="b")}),
    )

    client.post(f"{ONE}/resume")

    assert stored.store.application("agents").hold is None


def test_what_is_suspended_by_its_definition_is_not_resumed(
    client: FlaskClient, stored: Any, make: Any
) -> None:
    stored.store.put(make.well(suspend=True))

    answer = client.post(f"{ONE}/resume")

    assert answer.status_code == 409
    assert "suspend: true" in answer.get_json()["remedy"]


def test_an_operation_that_runs_is_terminated(client: FlaskClient, stored: Any, make: Any) -> None:
    running = make.operation(11, phase=OperationPhase.RUNNING, finished_at=None)
    stored.store.update("agents", lambda record: record.model_copy(update={"operation": running}))

    answer = client.delete(f"{ONE}/operation")

    assert answer.status_code == 202
    assert answer.get_json()["status"]["operationState"]["phase"] == "Terminating"
    operation: Operation = stored.store.application("agents").operation
    assert operation.terminated_by == "api"


def test_what_was_asked_for_and_has_not_begun_is_taken_back(
    client: FlaskClient, stored: Any
) -> None:
    client.post(f"{ONE}/sync")

    answer = client.delete(f"{ONE}/operation").get_json()

    assert answer["operation"] is None
    assert "before it began" in answer["status"]["operationState"]["message"]


@pytest.mark.usefixtures("stored")
def test_there_has_to_be_something_to_terminate(client: FlaskClient) -> None:
    answer = client.delete(f"{ONE}/operation")

    assert answer.status_code == 409
    assert answer.get_json()["message"] == "No operation runs on agents."


def test_windows_are_told_in_argos_shape_and_refuse_syncs(
    client: FlaskClient, stored: Any, make: Any
) -> None:
    stored.store.put(make.well(sync_policy=SyncPolicy(windows=(CLOSED,))))

    told = client.get(f"{ONE}/syncwindows").get_json()
    refused = client.post(f"{ONE}/sync")

    window = {
        "kind": "deny",
        "schedule": "* * * * *",
        "duration": "1h",
        "timeZone": "UTC",
        "manualSync": False,
    }
    assert (told["activeWindows"], told["assignedWindows"]) == ([window], [window])
    assert (told["canSync"], told["canAutoSync"]) == (False, False)
    assert refused.status_code == 409
    assert refused.get_json()["error"] == "SyncWindow"


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "suspend"), ("POST", "resume"), ("DELETE", "operation"), ("GET", "syncwindows")],
)
def test_an_application_that_does_not_exist_is_not_found(
    client: FlaskClient, method: str, path: str
) -> None:
    assert client.open(f"/api/v1/applications/nope/{path}", method=method).status_code == 404


def test_the_page_has_forms_that_work_without_scripts(client: FlaskClient, stored: Any) -> None:
    before = client.get("/applications/agents").get_data(as_text=True)
    done = client.post("/applications/agents/suspend")
    after = client.get(done.headers["Location"]).get_data(as_text=True)

    assert 'action="/applications/agents/suspend"' in before
    assert done.status_code == 303
    assert 'action="/applications/agents/resume"' in after
    assert 'action="/applications/agents/sync"><button' not in after
    assert stored.store.application("agents").suspension.by == "dashboard"


def test_a_revert_is_pushed_as_a_branch(client: FlaskClient, stored: Any) -> None:
    made = client.post(f"{ONE}/revert", json={"id": 9, "branch": "back"})
    taken = client.post(f"{ONE}/revert", json={"id": 9, "branch": "taken"})
    unknown = client.post(f"{ONE}/revert", json={"id": 999, "branch": "back"})
    wrong = client.post(f"{ONE}/revert", json={"id": 9, "branch": "--force"})

    assert made.get_json() == {"branch": "back", "revision": "d" * 40}
    answers = (made, taken, unknown, wrong)
    assert [answer.status_code for answer in answers] == [201, 409, 404, 400]
    assert stored.reverts == [("agents", 9, "back")]
