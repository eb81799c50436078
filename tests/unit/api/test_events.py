from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

PATH = "/api/v1/applications/staging/events"

pytestmark = pytest.mark.usefixtures("stored")


def test_events_of_the_whole_tree_come_newest_first(client: FlaskClient) -> None:
    items = client.get(PATH).get_json()["items"]

    assert [item["involvedObject"]["kind"] for item in items] == ["Deployment", "Pod"]
    assert items[0]["lastTimestamp"] > items[1]["lastTimestamp"]
    assert items[0]["source"] == {"component": "kubelet"}


def test_events_of_one_object_are_those_below_it_too(client: FlaskClient) -> None:
    def about(uid: str) -> list[str]:
        items = client.get(PATH, query_string={"resourceUID": uid}).get_json()["items"]
        return [item["involvedObject"]["uid"] for item in items]

    assert about("uid-Deployment-triage") == ["uid-Deployment-triage", "uid-triage-7d9f-abcde"]
    assert about("uid-triage-7d9f-abcde") == ["uid-triage-7d9f-abcde"]


def test_objects_of_others_have_no_events_here(client: FlaskClient) -> None:
    query = {"resourceUID": "uid-of-another-application"}

    assert client.get(PATH, query_string=query).status_code == 404


def test_values_of_secrets_are_masked(client: FlaskClient, make: SimpleNamespace) -> None:
    text = client.get(PATH).get_data(as_text=True)

    assert make.canary not in text
    assert "the key was ********" in text


def test_events_come_in_pages(client: FlaskClient) -> None:
    first = client.get(PATH, query_string={"limit": 1}).get_json()
    token = first["metadata"]["continue"]
    second = client.get(PATH, query_string={"limit": 1, "continue": token}).get_json()

    assert first["items"] != second["items"]
    assert second["metadata"]["continue"] == ""
