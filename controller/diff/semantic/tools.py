"""Which tools an agent may use, which of them ask a person first, and which agents it may call."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from controller.definitions.agent import AgentSpec, Tool
from controller.definitions.catalog import Definition, Path
from controller.definitions.findings import DefinitionId
from controller.definitions.kinds import KAGENT
from controller.definitions.shared import ValueRef
from controller.diff.semantic import shown
from controller.diff.semantic.change import Kind, Severity
from controller.diff.semantic.facts import Told
from controller.diff.semantic.rules import source

_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
_TOOLS: Path = ("spec", "declarative", "tools")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an agent may do with one MCP server or one other agent."""

    target: DefinitionId
    path: Path
    names: frozenset[str] | None = frozenset()
    """Names of tools; None for all that the server has or will ever have."""
    approvals: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    """Headers of the caller that are passed on."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Where the value of each header comes from, by the header's name."""
    values: Mapping[str, str | None] = field(default_factory=dict)
    """Literal values of headers, to be compared and never shown."""
    isolates: bool = False


def compare(old: Definition | None, new: Definition | None) -> Iterator[Told]:
    """Give what changed in the tools of an agent; None where it is not there."""
    before, after = _grants(old), _grants(new)
    for target in dict.fromkeys([*after, *before]):
        was, now = before.get(target), after.get(target)
        place = new if now else old
        for kind, severity, summary, path in _compared(was, now):
            if place is not None:
                position = place.document.position(path)
                yield Told(kind=kind, severity=severity, summary=summary, position=position)


_Found = tuple[Kind, Severity, str, Path]


def _compared(was: Grant | None, now: Grant | None) -> Iterator[_Found]:
    grant = now or was
    if grant is None:
        return
    if grant.target.kind == "Agent":
        yield from _agents(was, now, grant)
    else:
        yield from _tools(was, now, grant)
        yield from _approvals(was, now, grant)
    yield from _headers(was, now, grant)


def _agents(was: Grant | None, now: Grant | None, grant: Grant) -> Iterator[_Found]:
    name = shown.definition(grant.target)
    if was is None or now is None:
        verb = "may call" if was is None else "no longer calls"
        yield Kind.AGENTS, Severity.MEDIUM, f"{verb} {name}", grant.path
    elif was.isolates != now.isolates:
        how = "in a new session each time" if now.isolates else "in one session"
        yield Kind.AGENTS, Severity.LOW, f"calls {name} {how}", now.path


def _tools(was: Grant | None, now: Grant | None, grant: Grant) -> Iterator[_Found]:
    server, path = shown.definition(grant.target), (*grant.path, "mcpServer", "toolNames")
    before = was.names if was else frozenset()
    after = now.names if now else frozenset()
    if after is None:
        if before is not None:
            rest = f", before only {_listed(before)}" if before else ""
            yield Kind.TOOLS, Severity.HIGH, f"grants every tool of {server}{rest}", path
    elif before is None:
        rest = f" but {_listed(after)}" if after else ""
        yield Kind.TOOLS, Severity.MEDIUM, f"withdraws every tool of {server}{rest}", path
    else:
        if come := after - before:
            asking = _listed(come & (now.approvals if now else frozenset()))
            note = f", asking for approval of {asking}" if asking else ""
            told = f"grants {_listed(come)} of {server}{note}"
            yield Kind.TOOLS, Severity.MEDIUM, told, path
        if gone := before - after:
            yield Kind.TOOLS, Severity.MEDIUM, f"withdraws {_listed(gone)} of {server}", path


def _approvals(was: Grant | None, now: Grant | None, grant: Grant) -> Iterator[_Found]:
    if was is None or now is None:
        return
    server, path = shown.definition(grant.target), (*grant.path, "mcpServer", "requireApproval")
    lost = was.approvals - now.approvals
    usable = lost if now.names is None else lost & now.names
    if usable:
        told = f"{_listed(usable)} of {server} no longer waits for approval"
        yield Kind.APPROVAL, Severity.HIGH, told, path
    known = now.approvals if was.names is None else now.approvals & was.names
    if gained := known - was.approvals:
        told = f"{_listed(gained)} of {server} now waits for approval"
        yield Kind.APPROVAL, Severity.LOW, told, path


def _headers(was: Grant | None, now: Grant | None, grant: Grant) -> Iterator[_Found]:
    target = shown.definition(grant.target)
    passed_before = was.passed if was else frozenset()
    passed_after = now.passed if now else frozenset()
    path = (*grant.path, "mcpServer", "allowedHeaders")
    if come := passed_after - passed_before:
        is_credential = any(name.lower() in _CREDENTIALS for name in come)
        severity = Severity.HIGH if is_credential else Severity.MEDIUM
        told = f"passes the caller's {_listed(come)} on to {target}"
        yield Kind.HEADERS, severity, told, path
    if now and (gone := passed_before - passed_after):
        told = f"no longer passes the caller's {_listed(gone)} on to {target}"
        yield Kind.HEADERS, Severity.LOW, told, path
    if now:
        yield from _sent(was, now, target)


def _sent(was: Grant | None, now: Grant, target: str) -> Iterator[_Found]:
    before = was.headers if was else {}
    values = was.values if was else {}
    path = (*now.path, "headersFrom")
    for name in sorted({*before, *now.headers}):
        one, other = before.get(name), now.headers.get(name)
        header = f"header {shown.code(name)} for {target}"
        if one is None:
            yield Kind.HEADERS, Severity.MEDIUM, f"{header} added: {other}", path
        elif other is None:
            yield Kind.HEADERS, Severity.MEDIUM, f"{header} removed", path
        elif one != other:
            yield Kind.HEADERS, Severity.MEDIUM, f"{header} {one} → {other}", path
        elif values.get(name) != now.values.get(name):
            yield Kind.HEADERS, Severity.MEDIUM, f"{header} changed", path


def _listed(names: frozenset[str]) -> str:
    return shown.codes(sorted(names)) if names else ""


def _grants(definition: Definition | None) -> Mapping[DefinitionId, Grant]:
    spec = definition.spec if definition else None
    if definition is None or not isinstance(spec, AgentSpec) or spec.declarative is None:
        return {}
    found: dict[DefinitionId, Grant] = {}
    for index, tool in enumerate(spec.declarative.tools):
        grant = _grant(tool, definition.id.namespace, (*_TOOLS, index))
        if grant is not None:
            found[grant.target] = _both(found.get(grant.target), grant)
    return found


def _grant(tool: Tool, namespace: str, path: Path) -> Grant | None:
    headers = {value.name: _origin(value) for value in tool.headers_from}
    values = {value.name: value.value for value in tool.headers_from}
    if (server := tool.mcp_server) is not None:
        kind = server.kind or "MCPServer"
        return Grant(
            target=DefinitionId(
                kind,
                server.namespace or namespace,
                server.name,
                "" if kind == "Service" else KAGENT,
            ),
            path=path,
            names=frozenset(server.tool_names) or None,
            approvals=frozenset(server.require_approval),
            passed=frozenset(server.allowed_headers),
            headers=headers,
            values=values,
        )
    if (agent := tool.agent) is not None:
        return Grant(
            target=DefinitionId("Agent", agent.namespace or namespace, agent.name),
            path=path,
            headers=headers,
            values=values,
            isolates=bool(tool.isolate_sessions),
        )
    return None


def _origin(value: ValueRef) -> str:
    return source(value.model_dump(mode="json", by_alias=True, exclude_none=True))


def _both(one: Grant | None, other: Grant) -> Grant:
    """Two entries for one server give the agent both their tools."""
    if one is None:
        return other
    names = None if one.names is None or other.names is None else one.names | other.names
    return Grant(
        target=one.target,
        path=one.path,
        names=names,
        approvals=one.approvals | other.approvals,
        passed=one.passed | other.passed,
        headers={**one.headers, **other.headers},
        values={**one.values, **other.values},
        isolates=one.isolates and other.isolates,
    )
