from flask.testing import FlaskClient


def test_opinions_are_a_user_s_and_all_are_the_operator_s(client: FlaskClient) -> None:
    for user, text in (("ada", "good"), ("bob", "bad")):
        body = {"is_positive": True, "feedback_text": text, "message_id": 7}
        assert client.post(f"/api/feedback?user_id={user}", json=body).status_code == 200

    (hers,) = client.get("/api/feedback?user_id=ada").get_json()["data"]
    assert (hers["feedback_text"], hers["message_id"]) == ("good", "7")
    assert len(client.get("/api/feedback").get_json()["data"]) == 2


def test_an_opinion_needs_words_and_a_known_issue(client: FlaskClient) -> None:
    right = {"is_positive": False, "feedback_text": "hm", "issue_type": "factual"}

    assert client.post("/api/feedback", json=right).status_code == 200
    for wrong in ({"feedback_text": ""}, {"issue_type": "mood"}, {"is_positive": "yes"}):
        assert client.post("/api/feedback", json={**right, **wrong}).status_code == 400
