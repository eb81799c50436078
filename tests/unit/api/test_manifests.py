import json
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

PATH = "/api/v1/applications/agents/manifests"

pytestmark = pytest.mark.usefixtures("stored")


def test_manifests_are_those_of_the_compared_revision(
    client: FlaskClient, make: SimpleNamespace
) -> None:
    answer = client.get(PATH, query_string={"kind": "Deployment", "name": "triage"}).get_json()

    (manifest,) = map(json.loads, answer["manifests"])
    assert answer["revision"] == make.revision
    assert manifest["metadata"]["name"] == "triage"


def test_another_revision_can_be_named(client: FlaskClient) -> None:
    assert client.get(f"{PATH}?revision=v1.2").get_json()["revision"] == "v1.2"
    assert client.get(f"{PATH}?revision=no-such-revision").status_code == 409
    assert client.get(f"{PATH}?revision=--upload-pack=x").status_code == 400


def test_secrets_are_masked(client: FlaskClient, make: SimpleNamespace) -> None:
    text = client.get(f"{PATH}?kind=Secret").get_data(as_text=True)

    assert "********" in text
    assert [word for word in make.canaries if word in text] == []


def test_manifests_come_in_pages_and_are_not_sent_twice(client: FlaskClient) -> None:
    first = client.get(f"{PATH}?limit=3")
    again = client.get(f"{PATH}?limit=3", headers={"If-None-Match": first.headers["ETag"]})

    assert len(first.get_json()["manifests"]) == 3
    assert first.get_json()["metadata"]["remainingItemCount"] > 0
    assert again.status_code == 304
