from datetime import UTC, datetime
from pathlib import Path

from controller.state.toolservers import ToolRecord, ToolServerRecord, ToolServers

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
CALC = ToolServerRecord(
    id="MCPServer ns/calc",
    status="Ready",
    connected_at=NOW,
    tools=(
        ToolRecord(name="add", input_schema={"type": "object"}, hash="h", seen_at=NOW),
        ToolRecord(name="sub", input_schema={}, hash="h", seen_at=NOW, withdrawn_at=NOW),
    ),
)


def test_records_outlive_a_restart(tmp_path: Path) -> None:
    ToolServers(tmp_path).put(CALC, durably=True)

    assert ToolServers(tmp_path).all() == {CALC.id: CALC}


def test_what_is_no_news_is_written_when_it_is_saved(tmp_path: Path) -> None:
    records = ToolServers(tmp_path)
    records.put(CALC, durably=False)
    before = ToolServers(tmp_path).get(CALC.id)
    records.save()

    assert records.get(CALC.id) == CALC
    assert before is None
    assert ToolServers(tmp_path).get(CALC.id) == CALC


def test_servers_that_nobody_defines_are_forgotten(tmp_path: Path) -> None:
    records = ToolServers(tmp_path)
    records.put(CALC, durably=True)

    records.keep_only(frozenset())

    assert ToolServers(tmp_path).all() == {}


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "toolservers.json").write_text("{")

    assert ToolServers(tmp_path).all() == {}


def test_withdrawn_tools_are_not_offered() -> None:
    assert [tool.name for tool in CALC.offered] == ["add"]
