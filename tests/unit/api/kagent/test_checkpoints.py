import pytest
from flask.testing import FlaskClient

PLACE = {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "01"}
AGENT = {"X-Agent-Name": "default__NS__graph", "X-User-Id": "ada"}


def test_checkpoints_come_back_with_their_writes(client: FlaskClient) -> None:
    stored = {"checkpoint": "e30=", "metadata": "{}", "type_": "json", "version": 1}
    writes = [{"idx": 0, "channel": "c", "type_": "json", "value": "1"}]
    path = "/api/langgraph/checkpoints"
    put = client.post(path, json={**PLACE, **stored}, headers=AGENT)
    wrote = client.post(
        f"{path}/writes", json={**PLACE, "task_id": "x", "writes": writes}, headers=AGENT
    )
    (found,) = client.get(f"{path}?thread_id=t&checkpoint_ns=&limit=1", headers=AGENT).get_json()[
        "data"
    ]

    assert (put.status_code, wrote.status_code) == (201, 201)
    assert {**PLACE, **stored, "parent_checkpoint_id": None}.items() <= found.items()
    assert found["writes"]["task_id"] == "x"
    assert found["writes"]["writes"] == [{**writes[0], "task_id": "x"}]
    assert client.get(f"{path}?thread_id=t").get_json()["data"] == []  # another's
    assert client.delete(f"{path}/t", headers=AGENT).status_code == 200
    assert client.get(f"{path}?thread_id=t", headers=AGENT).get_json()["data"] == []


def test_a_checkpoint_needs_a_thread_and_content(client: FlaskClient) -> None:
    path = "/api/langgraph/checkpoints"

    assert client.post(path, json={"thread_id": "t"}).status_code == 400
    assert client.get(path).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        '{"thread_id": "t", "writes": [{"channel": "c", "idx": 9223372036854775808}]}',
        '{"thread_id": "t", "writes": [{"channel": "\\ud800", "idx": 1}]}',
    ],
    ids=["number", "text"],
)
def test_what_the_database_cannot_write_is_refused(client: FlaskClient, body: str) -> None:
    answer = client.post(
        "/api/langgraph/checkpoints/writes", data=body, content_type="application/json"
    )

    assert answer.status_code == 400
