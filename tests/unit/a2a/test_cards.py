from typing import Any

import pytest

from controller.a2a import cards

OLD = {"url": "http://a:8080", "protocolVersion": "0.3.0"}


def interface(version: str, binding: str = "JSONRPC") -> dict[str, str]:
    return {"url": "http://a:8080", "protocolBinding": binding, "protocolVersion": version}


@pytest.mark.parametrize(
    ("card", "spoken"),
    [
        pytest.param(OLD, {"0.3"}, id="old"),
        pytest.param({"url": "http://a:8080"}, {"0.3"}, id="old-without-version"),
        pytest.param({**OLD, "preferredTransport": "GRPC"}, set(), id="grpc-only"),
        pytest.param({"supportedInterfaces": [interface("1.0")]}, {"1.0"}, id="new"),
        pytest.param(
            {**OLD, "supportedInterfaces": [interface("1.0")]}, {"1.0", "0.3"}, id="both-spellings"
        ),
        pytest.param(
            {"supportedInterfaces": [interface("1.0", "GRPC"), interface("0.3")]},
            {"0.3"},
            id="other-binding",
        ),
        pytest.param({"supportedInterfaces": [interface("7.0")]}, set(), id="unknown-version"),
        pytest.param({"supportedInterfaces": ["odd"]}, set(), id="odd"),
        pytest.param({}, set(), id="nothing"),
    ],
)
def test_a_card_says_what_its_agent_speaks(card: dict[str, Any], spoken: set[str]) -> None:
    assert cards.spoken(card) == spoken


def test_a_card_shows_the_gateways_address_only() -> None:
    card = {**OLD, "additionalInterfaces": [{"url": "grpc://a"}], "signatures": [{}], "name": "a"}

    shown = cards.shown(card, "https://roster/a/")

    assert {entry["url"] for entry in shown["supportedInterfaces"]} == {"https://roster/a/"}
    assert shown["url"] == "https://roster/a/"
    assert shown["name"] == "a"
    assert not {"additionalInterfaces", "signatures"} & set(shown)
    assert card["url"] == "http://a:8080"
