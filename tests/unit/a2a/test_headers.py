from controller.a2a import headers


def test_a_definition_cannot_ask_for_who_asks_or_for_the_connections_own() -> None:
    wanted = {"X-Tenant", "X-User-Id", "X-Agent-Name", "Host", "Transfer-Encoding", "Cookie"}

    assert headers.permitted(wanted) == {"x-tenant"}


def test_a_relays_credentials_win_over_the_clients() -> None:
    sent = headers.onward(
        {"authorization": "client"},
        passes=frozenset({"authorization"}),
        relay={"authorization": "relay"},
    )

    assert sent["authorization"] == "relay"


def test_a_clients_credentials_pass_where_the_definition_asks_for_them() -> None:
    sent = headers.onward(
        {"authorization": "client"}, passes=frozenset({"authorization"}), relay={}
    )

    assert sent["authorization"] == "client"
