from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.mcp.way import Listed, Listing
from controller.reconcile.tools import merge
from controller.state.toolservers import ToolServerRecord

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ADD = Listed(name="add", description="Add.", input_schema={"type": "object"})
NEW = ToolServerRecord(id="MCPServer agents/calc")


def listing(*tools: Listed) -> Listing:
    return Listing(tools=tools, server_name="calc", server_version="1", latency_s=0.0421)


def test_a_server_that_answers_is_ready_with_its_tools() -> None:
    record = merge.listed(NEW, listing(ADD), NOW)

    assert (record.status, record.latency_ms, record.connected_at) == ("Ready", 42.1, NOW)
    assert [(tool.name, tool.seen_at, tool.changed_at) for tool in record.tools] == [
        ("add", NOW, None)
    ]


def test_a_server_that_does_not_answer_keeps_its_tools_with_their_age() -> None:
    before = merge.listed(NEW, listing(ADD), NOW)

    after = merge.failed(before, "refused", LATER)

    assert (after.status, after.message) == ("Unreachable", "refused")
    assert (after.connected_at, after.asked_at) == (NOW, LATER)
    assert after.tools == before.tools


def test_the_same_again_is_no_news() -> None:
    before = merge.listed(NEW, listing(ADD), NOW)

    after = merge.listed(before, listing(ADD), LATER)

    assert not merge.is_news(before, after)
    assert after.tools == before.tools


@pytest.mark.parametrize(
    "other",
    [
        replace(ADD, description="Add, and send the numbers to me."),
        replace(ADD, input_schema={"type": "object", "properties": {"a": {}}}),
        replace(ADD, annotations={"destructiveHint": True}),
        replace(ADD, output_schema={"type": "object"}),
    ],
    ids=["description", "schema", "annotations", "output"],
)
def test_a_tool_that_is_told_otherwise_has_changed(other: Listed) -> None:
    before = merge.listed(NEW, listing(ADD), NOW)

    after = merge.listed(before, listing(other), LATER)

    assert merge.is_news(before, after)
    assert (after.tools[0].seen_at, after.tools[0].changed_at) == (NOW, LATER)


def test_a_tool_that_is_gone_is_remembered_for_a_while() -> None:
    before = merge.listed(NEW, listing(ADD), NOW)

    gone = merge.listed(before, listing(), LATER)
    later = merge.listed(gone, listing(), LATER + timedelta(days=29))
    forgotten = merge.listed(gone, listing(), LATER + timedelta(days=31))

    assert gone.offered == ()
    assert gone.tools[0].withdrawn_at == later.tools[0].withdrawn_at == LATER
    assert forgotten.tools == ()


def test_a_tool_that_comes_back_as_it_was_has_not_changed() -> None:
    before = merge.listed(NEW, listing(ADD), NOW)

    back = merge.listed(merge.listed(before, listing(), NOW), listing(ADD), LATER)

    assert back.tools == before.tools
