"""What is said of each kind of change. Whole repositories are in test_renderings.py."""

from typing import Any

import pytest
import yaml

from controller.definitions.catalog import Catalog
from controller.definitions.findings import DefinitionId
from controller.definitions.parse import parse
from controller.definitions.resolve import resolve
from controller.diff.semantic.change import Change, Kind, Severity
from controller.diff.semantic.compare import NOTHING, compare

V2 = "kagent.dev/v1alpha2"
MODEL = {"model": "gpt", "provider": "OpenAI", "openAI": {"temperature": "0"}}
CLOCK = {"description": "Time", "url": "http://clock/mcp"}


def document(kind: str, name: str, spec: Any, version: str = V2) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def agent(name: str = "a", **declarative: Any) -> dict[str, Any]:
    spec = {"modelConfig": "m", "systemMessage": "Be kind.", **declarative}
    return document("Agent", name, {"description": "Kind", "declarative": spec})


def clock(**settings: Any) -> dict[str, Any]:
    tool = {"kind": "RemoteMCPServer", "name": "clock", **settings}
    return {"type": "McpServer", "mcpServer": tool}


def calls(name: str) -> dict[str, Any]:
    return {"type": "Agent", "agent": {"name": name}}


def catalog(*documents: dict[str, Any], model: Any = MODEL, server: Any = CLOCK) -> Catalog:
    whole = [
        *documents,
        document("ModelConfig", "m", model),
        document("ModelConfig", "other", {**MODEL, "model": "claude"}),
        document("RemoteMCPServer", "clock", server),
    ]
    files = {
        f"{item['kind']}-{item['metadata']['name']}.yaml": yaml.safe_dump(item).encode()
        for item in whole
    }
    found = resolve(parse(files, namespace="ns"))
    assert not [finding for finding in found.findings if finding.severity == "error"]
    return found


def told(before: Catalog, after: Catalog) -> list[tuple[str, str, str]]:
    changes = compare(before, after).changes
    return [(str(c.severity), str(c.kind), c.summary) for c in changes]


def one(before: Catalog, after: Catalog) -> Change:
    (change,) = compare(before, after).changes
    return change


SERVER = "`RemoteMCPServer ns/clock`"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            [],
            [clock(toolNames=["now"])],
            [("medium", "tools", f"grants `now` of {SERVER}")],
            id="a tool granted",
        ),
        pytest.param(
            [],
            [clock(toolNames=["now", "set"], requireApproval=["set"])],
            [("medium", "tools", f"grants `now`, `set` of {SERVER}, asking for approval of `set`")],
            id="tools granted with approval",
        ),
        pytest.param(
            [],
            [clock()],
            [("high", "tools", f"grants every tool of {SERVER}")],
            id="all tools granted",
        ),
        pytest.param(
            [clock(toolNames=["now"])],
            [clock()],
            [("high", "tools", f"grants every tool of {SERVER}, before only `now`")],
            id="from one tool to all",
        ),
        pytest.param(
            [clock()],
            [clock(toolNames=["now"])],
            [("medium", "tools", f"withdraws every tool of {SERVER} but `now`")],
            id="from all tools to one",
        ),
        pytest.param(
            [clock(toolNames=["now"])],
            [],
            [("medium", "tools", f"withdraws `now` of {SERVER}")],
            id="a tool withdrawn",
        ),
        pytest.param(
            [clock(toolNames=["set"], requireApproval=["set"])],
            [clock(toolNames=["set"])],
            [("high", "approval", f"`set` of {SERVER} no longer waits for approval")],
            id="approval removed",
        ),
        pytest.param(
            [clock(toolNames=["set"], requireApproval=["set"])],
            [clock()],
            [
                ("high", "approval", f"`set` of {SERVER} no longer waits for approval"),
                ("high", "tools", f"grants every tool of {SERVER}, before only `set`"),
            ],
            id="approval lost on the way to all tools",
        ),
        pytest.param(
            [clock(toolNames=["set"])],
            [clock(toolNames=["set"], requireApproval=["set"])],
            [("low", "approval", f"`set` of {SERVER} now waits for approval")],
            id="approval required",
        ),
        pytest.param(
            [clock(toolNames=["set"], requireApproval=["set"])],
            [],
            [("medium", "tools", f"withdraws `set` of {SERVER}")],
            id="a tool withdrawn takes its approval along",
        ),
        pytest.param(
            [clock(toolNames=["now"])],
            [clock(toolNames=["now"], allowedHeaders=["Authorization"])],
            [("high", "headers", f"passes the caller's `Authorization` on to {SERVER}")],
            id="the caller's credentials passed on",
        ),
        pytest.param(
            [{**clock(toolNames=["now"]), "headersFrom": [{"name": "X", "value": "s3cret"}]}],
            [{**clock(toolNames=["now"]), "headersFrom": [{"name": "X", "value": "s4cret"}]}],
            [("medium", "headers", f"header `X` for {SERVER} changed")],
            id="a header's value is not shown",
        ),
        pytest.param(
            [],
            [calls("b")],
            [("medium", "agents", "may call `Agent ns/b`")],
            id="another agent",
        ),
        pytest.param(
            [clock(toolNames=["now", "set"])],
            [clock(toolNames=["set"]), clock(toolNames=["now"])],
            [],
            id="the same tools written otherwise",
        ),
    ],
)
def test_tools(before: list[Any], after: list[Any], expected: list[tuple[str, str, str]]) -> None:
    other = agent("b")
    found = told(catalog(agent(tools=before), other), catalog(agent(tools=after), other))

    assert found == expected


POD = {"deployment": {"env": [{"name": "A", "value": "1"}]}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({}, {"modelConfig": "other"}, [
            ("medium", "model", "model `m` (OpenAI `gpt`) → `other` (OpenAI `claude`)"),
        ], id="another model"),
        pytest.param(POD, {"deployment": {"env": [{"name": "A", "value": "2"}]}}, [
            ("low", "infrastructure", "variable `A` changed (how is not shown)"),
        ], id="a variable's value is not shown"),
        pytest.param(POD, {"deployment": {"env": [
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ]}}, [
            ("low", "infrastructure",
             "variable `A` a value that is not shown → from Secret `s`, key `k`"),
        ], id="a variable from a Secret"),
        pytest.param({"deployment": {"env": [{"name": "A"}, {"name": "B"}]}},
                     {"deployment": {"env": [{"name": "B"}, {"name": "A"}]}},
                     [], id="another order"),
        pytest.param({"deployment": {"replicas": 1}}, {"deployment": {"replicas": 3}}, [
            ("low", "infrastructure", "replicas `1` → `3`"),
        ], id="replicas"),
        pytest.param({}, {"stream": False, "runtime": "python"}, [], id="defaults written down"),
        pytest.param({}, {"executeCodeBlocks": True}, [
            ("high", "access", "running code of its answers added"),
        ], id="code is run"),
        pytest.param({}, {"memory": {"modelConfig": "other", "ttlDays": 3}}, [
            ("medium", "memory", "memory with the model set to `other`"),
            ("medium", "memory", "days that memories are kept set to `3`"),
        ], id="memory"),
        pytest.param({"context": {"compaction": {"tokenThreshold": 9}}},
                     {"context": {"compaction": {"tokenThreshold": 8}}}, [
            ("medium", "context", "compaction `tokenThreshold` `9` → `8`"),
        ], id="context"),
        pytest.param({}, {"deployment": {"securityContext": {"privileged": True}}}, [
            ("high", "infrastructure", 'security context set to `{"privileged":true}`'),
        ], id="privileged"),
        pytest.param({}, {"deployment": {"serviceAccountName": "admin"}}, [
            ("high", "infrastructure", "service account set to `admin`"),
        ], id="service account"),
    ],
)  # fmt: skip
def test_agents(
    before: dict[str, Any], after: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    assert told(catalog(agent(**before)), catalog(agent(**after))) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({}, {"sandbox": {"network": {"allowedDomains": ["a.example"]}}}, [
            ("high", "access", "connections to `a.example` added"),
            ("low", "access", "connections are limited now"),
        ], id="a limit on connections"),
        pytest.param({"sandbox": {"network": {"allowedDomains": []}}}, {}, [
            ("high", "access", "connections are no longer limited"),
        ], id="no limit any more"),
        pytest.param({}, {"skills": {"refs": ["r/skill:1"]}}, [
            ("high", "skills", "skill `r/skill:1` added"),
        ], id="a skill"),
        pytest.param({"skills": {"gitRefs": [{"url": "https://git/x", "ref": "v1"}]}},
                     {"skills": {"gitRefs": [{"url": "https://git/x", "ref": "v2"}]}}, [
            ("high", "skills",
             "skill `https://git/x` `https://git/x` at `v1` → `https://git/x` at `v2`"),
        ], id="a skill's version"),
        pytest.param({"allowedNamespaces": {"from": "Same"}},
                     {"allowedNamespaces": {"from": "All"}}, [
            ("high", "access", "namespaces that may use it `Same` → `All`"),
        ], id="open to all"),
        pytest.param({}, {"version": "2"}, [
            ("low", "description", "version set to `2`"),
        ], id="the card"),
    ],
)  # fmt: skip
def test_what_stands_beside_the_declaration(
    before: dict[str, Any], after: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    def with_spec(more: dict[str, Any]) -> dict[str, Any]:
        made = agent()
        return {**made, "spec": {**made["spec"], **more}}

    assert told(catalog(with_spec(before)), catalog(with_spec(after))) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        pytest.param(
            {**MODEL, "model": "gpt2"}, ("medium", "model", "model `gpt` → `gpt2`"), id="model"
        ),
        pytest.param(
            {**MODEL, "openAI": {"temperature": "1"}},
            ("low", "model", "`openAI.temperature` `0` → `1`"),
            id="parameter",
        ),
        pytest.param(
            {**MODEL, "openAI": {"temperature": "0", "baseUrl": "https://me:pw@x/?key=pw"}},
            ("medium", "model", "`openAI` baseUrl set to `https://x/?key=********`"),
            id="address without credentials",
        ),
        pytest.param(
            {**MODEL, "apiKeyPassthrough": True},
            ("medium", "secrets", "use of the caller's own token added"),
            id="key",
        ),
        pytest.param(
            {**MODEL, "defaultHeaders": {"X-Key": "s3cret"}},
            ("medium", "headers", "header `X-Key` added"),
            id="header",
        ),
        pytest.param(
            {**MODEL, "tls": {"disableVerify": True}},
            ("high", "access", "acceptance of any certificate added"),
            id="no verification",
        ),
    ],
)  # fmt: skip
def test_a_model_concerns_its_agents(model: dict[str, Any], expected: tuple[str, str, str]) -> None:
    agents = (agent(), agent("b", tools=[calls("a")], modelConfig="other"))

    change = one(catalog(*agents), catalog(*agents, model=model))

    assert (str(change.severity), str(change.kind), change.summary) == expected
    assert change.agents == (DefinitionId("Agent", "ns", "a"),)
    assert change.reaches == (DefinitionId("Agent", "ns", "b"),)
    assert change.position.file == "ModelConfig-m.yaml"


def test_a_server_at_another_address_is_loud() -> None:
    agents = agent(tools=[clock()])

    change = one(catalog(agents), catalog(agents, server={**CLOCK, "url": "http://elsewhere/mcp"}))

    assert (change.severity, change.kind) == (Severity.HIGH, Kind.TOOLS)
    assert change.summary == "address of the tools `http://clock/mcp` → `http://elsewhere/mcp`"
    assert change.agents == (DefinitionId("Agent", "ns", "a"),)


def test_arguments_are_shown_without_secrets() -> None:
    def server(*args: str) -> Catalog:
        spec = {"deployment": {"image": "i", "cmd": "run", "args": list(args)}}
        return catalog(document("MCPServer", "s", spec, "kagent.dev/v1alpha1"))

    change = one(server("--port", "1"), server("--token", "s3cret", "--api-key=s3cret"))

    assert change.summary == "arguments `--port 1` → `--token ******** --api-key=********`"


def test_the_reach_goes_through_all_callers() -> None:
    chain = [agent("b", tools=[calls("a")]), agent("c", tools=[calls("b")]), agent("d")]

    change = one(catalog(agent(), *chain), catalog(agent(systemMessage="Be very kind."), *chain))

    assert [caller.name for caller in change.reaches] == ["b", "c"]


def test_new_definitions_say_what_they_bring() -> None:
    after = catalog(agent(tools=[clock()]))
    found = [c for c in compare(NOTHING, after).changes if c.definition.kind == "Agent"]

    assert [(str(c.severity), c.summary) for c in found] == [
        ("high", f"grants every tool of {SERVER}"),
        ("medium", "system message added"),
        ("medium", "model `m` (OpenAI `gpt`)"),
        ("low", "added"),
        ("low", "description added"),
    ]


def test_a_definition_that_is_gone_is_told_with_its_place() -> None:
    change = one(catalog(agent(), agent("b")), catalog(agent()))

    assert (change.summary, str(change.position)) == ("removed", "Agent-b.yaml:1:1")


def test_what_cannot_be_read_is_not_compared() -> None:
    broken = {"a.yaml": yaml.safe_dump(agent(systemMessage=3)).encode()}
    after = resolve(parse(broken, namespace="ns"))
    before = resolve(parse({"a.yaml": yaml.safe_dump(agent()).encode()}, namespace="ns"))

    change = one(before, after)

    assert change.summary == "has errors in one of the revisions and is not compared"


def test_nothing_changed() -> None:
    assert told(catalog(agent()), catalog(agent())) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            {"kind": "Role", "rules": [{"verbs": ["get"]}]},
            {"kind": "Role", "rules": [{"verbs": ["get"]}, {"verbs": ["*"]}]},
            (
                "high",
                "access",
                'rules `[{"verbs":["get"]}]` → `[{"verbs":["get"]},{"verbs":["*"]}]`',
            ),
            id="rights",
        ),
        pytest.param(
            {"kind": "Secret", "stringData": {"k": "s3cret"}},
            {"kind": "Secret", "stringData": {"k": "s4cret"}},
            ("medium", "secrets", "`stringData.k` changed"),
            id="a Secret's value is not shown",
        ),
        pytest.param(
            {"kind": "Deployment", "spec": {"replicas": 1}},
            {"kind": "Deployment", "spec": {"replicas": 2}},
            ("medium", "infrastructure", "`spec.replicas` `1` → `2`"),
            id="a field",
        ),
    ],
)
def test_plain_manifests(
    before: dict[str, Any], after: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    def manifest(content: dict[str, Any]) -> Catalog:
        whole = {"apiVersion": "v1", "metadata": {"name": "x"}, **content}
        return resolve(parse({"x.yaml": yaml.safe_dump(whole).encode()}, namespace="ns"))

    ((severity, kind, summary),) = told(manifest(before), manifest(after))

    assert (severity, kind, summary.replace("`rules`", "rules")) == expected
