from controller.definitions import grants, parse, resolve, toolnames
from controller.definitions.findings import DefinitionId, Severity
from controller.definitions.toolnames import Known

AGENT = """
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: a}
spec:
  description: d
  declarative:
    modelConfig: m
    systemMessage: s
    tools:
      - type: McpServer
        mcpServer: {kind: MCPServer, name: calc%s}
      - type: Agent
        agent: {name: b}
"""
CALC = DefinitionId("MCPServer", "ns", "calc")


def check(known: Known, given: str = "") -> list[tuple[str, str, str]]:
    catalog = resolve.resolve(parse.parse({"a.yaml": (AGENT % given).encode()}, namespace="ns"))
    found = toolnames.check(catalog, {CALC: known})
    assert all(finding.severity is Severity.WARNING for finding in found)
    return [(finding.rule, finding.message, finding.remedy) for finding in found]


def test_tools_that_the_server_has_are_fine() -> None:
    assert check(Known(names=frozenset({"add", "sub"})), ", toolNames: [add]") == []


def test_an_unknown_tool_is_told_with_the_nearest() -> None:
    (found,) = check(Known(names=frozenset({"add_numbers"})), ", toolNames: [add_number]")

    assert found == (
        "unknown-tool",
        "MCPServer ns/calc has no tool 'add_number'",
        "Did you mean 'add_numbers'?",
    )


def test_where_none_is_near_all_are_named() -> None:
    ((_, _, remedy),) = check(Known(names=frozenset({"add", "sub"})), ", toolNames: [weather]")

    assert remedy == "It has add or sub."


def test_an_agent_with_all_tools_is_told_of_changes_only() -> None:
    known = Known(names=frozenset({"add"}), withdrawn={"sub": "then"}, changed={"add": "now"})

    ((rule, message, _),) = check(known)

    assert rule == "changed-tool"
    assert "(changed now)" in message


def test_changes_of_tools_that_an_agent_may_not_use_do_not_concern_it() -> None:
    known = Known(names=frozenset({"add", "sub"}), changed={"sub": "now"})

    assert check(known, ", toolNames: [add]") == []


def test_grants_name_the_server_and_what_needs_an_approval() -> None:
    text = AGENT % ", namespace: other, toolNames: [add], requireApproval: [add]"
    catalog = resolve.resolve(parse.parse({"a.yaml": text.encode()}, namespace="ns"))

    (grant,) = grants.all_of(catalog)

    assert (str(grant.agent), str(grant.server)) == ("Agent ns/a", "MCPServer other/calc")
    assert (grant.tools, grant.approval) == (("add",), ("add",))
    assert grant.covers("add")
    assert not grant.covers("sub")
