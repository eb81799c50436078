"""Tools of one name in one agent: which of them its model does not see.

Names that a definition itself brings together are told wherever it is rendered; those that only
come along with a server, once the server was asked for its tools. Sources go in the order of the
runtime (`runtime.engine`); config.json, which it reads, lists servers of HTTP before those of SSE.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import TypeAlias

from controller.definitions import agentconfig, grants, owntools, suggest
from controller.definitions.agent import AgentSpec
from controller.definitions.catalog import Definition, Path
from controller.definitions.findings import DefinitionId, Severity
from controller.definitions.grants import Grant
from controller.definitions.violation import Violation
from controller.objects import metadata
from controller.render import rosterruntime, toolservers
from controller.render.problems import RenderError
from controller.render.scope import Scope

Find: TypeAlias = Callable[[DefinitionId], Definition | None]
"""Looks up a definition of the revision."""
Listed: TypeAlias = Mapping[DefinitionId, frozenset[str]]
"""The tools that servers have, of those that were asked."""


class _Rank(IntEnum):
    """Of two tools of one name, that of the lower rank is taken."""

    QUESTION = auto()
    NAMED = auto()
    NAMED_SSE = auto()
    COLLEAGUE = auto()
    ALONG = auto()
    ALONG_SSE = auto()
    MEMORY = auto()
    SKILLS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """What gives an agent tools."""

    title: str
    rank: _Rank
    tools: Sequence[str]
    grant: Grant | None = None
    """Of a server's tools."""

    @property
    def is_along(self) -> bool:
        """Whether the tools are all that a server has, known only since it was asked."""
        return self.grant is not None and not self.grant.tools

    def place(self, tools: Sequence[str]) -> Path:
        """Give where the first of a server's tools is granted."""
        if self.grant is None:
            return ()
        if not self.grant.tools:
            return (*self.grant.path, "name")
        return (*self.grant.path, "toolNames", min(map(self.grant.tools.index, tools)))


_QUESTION = _Source(title="the agent itself", rank=_Rank.QUESTION, tools=(owntools.ASK_USER,))
_MEMORY = _Source(title="the agent's memory", rank=_Rank.MEMORY, tools=owntools.MEMORY)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A source that hides tools of another one."""

    hidden: _Source
    behind: _Source

    @property
    def server(self) -> _Source:
        """The one whose tools can be chosen; one of the two is a server."""
        return self.hidden if self.hidden.grant else self.behind

    @property
    def is_declared(self) -> bool:
        """Whether the definition shows it without any server being asked."""
        return not (self.hidden.is_along or self.behind.is_along)


_Conflicts: TypeAlias = Mapping[_Pair, Sequence[str]]


def warn(scope: Scope) -> None:
    """Warn of what an agent's definition itself names twice."""
    for told in _told(_conflicts(_sources(scope.definition, scope.sources.find, {}))):
        warning = RenderError(told.rule, told.message, remedy=told.remedy, path=told.path)
        scope.sources.warn(warning)


def observed(definition: Definition, find: Find, listed: Listed) -> Iterator[Violation]:
    """Tell of what servers turned out to have twice; what `warn` tells is not repeated."""
    if not any(grant.server in listed for grant in grants.of(definition)):
        return
    conflicts = _conflicts(_sources(definition, find, listed))
    yield from _told({pair: found for pair, found in conflicts.items() if not pair.is_declared})


def _sources(definition: Definition, find: Find, listed: Listed) -> Iterator[_Source]:
    spec = definition.spec
    declarative = spec.declarative if isinstance(spec, AgentSpec) else None
    if not isinstance(spec, AgentSpec) or declarative is None:
        return
    yield _QUESTION
    for grant in grants.of(definition):
        yield _server(grant, find, listed)
    for tool in declarative.tools:
        if tool.agent is not None:
            yield _colleague(tool.agent.namespace or definition.id.namespace, tool.agent.name)
    if declarative.memory is not None:
        yield _MEMORY
    if spec.skills is not None:
        yield _skills(definition)


def _server(grant: Grant, find: Find, listed: Listed) -> _Source:
    """Give a server's tools; a Service that only the cluster has is taken for one of HTTP."""
    has = listed.get(grant.server)
    if grant.tools:
        tools = tuple(name for name in grant.tools if has is None or name in has)
        ranks = (_Rank.NAMED, _Rank.NAMED_SSE)
    else:
        tools, ranks = tuple(sorted(has or ())), (_Rank.ALONG, _Rank.ALONG_SSE)
    found = find(grant.server)
    server = toolservers.of(found) if found else None
    is_sse = server is not None and server.protocol == toolservers.SSE
    return _Source(title=str(grant.server), rank=ranks[is_sse], tools=tools, grant=grant)


def _colleague(namespace: str, name: str) -> _Source:
    id_ = DefinitionId(kind="Agent", namespace=namespace, name=name)
    tool = agentconfig.agent_identity(namespace, name)
    return _Source(title=str(id_), rank=_Rank.COLLEAGUE, tools=(tool,))


def _skills(definition: Definition) -> _Source:
    """Give the tools of skills; commands that only the application forbids are taken as allowed."""
    chosen = metadata.annotations(definition.document.data).get(rosterruntime.COMMANDS)
    tools = owntools.READING_SKILLS if chosen == "disabled" else owntools.RUNNING_SKILLS
    return _Source(title="the agent's skills", rank=_Rank.SKILLS, tools=tools)


def _conflicts(sources: Iterator[_Source]) -> _Conflicts:
    taken: dict[str, _Source] = {}
    found: dict[_Pair, list[str]] = {}
    for source in sorted(sources, key=lambda source: source.rank):
        for tool in dict.fromkeys(source.tools):
            first = taken.setdefault(tool, source)
            if first is not source and (first.grant or source.grant):
                found.setdefault(_Pair(source, first), []).append(tool)
    return found


def _told(conflicts: _Conflicts) -> Iterator[Violation]:
    for pair, tools in conflicts.items():
        one = len(tools) == 1
        names = suggest.counted(map(repr, tools))
        yield Violation(
            rule="tool-name-conflict",
            path=pair.server.place(tools),
            message=(
                f"the tool{'' if one else 's'} {names} of {pair.hidden.title}"
                f" {'is hidden by that' if one else 'are hidden by those'} of {pair.behind.title}"
            ),
            remedy=_remedy(pair, "it" if one else "them"),
            severity=Severity.WARNING,
        )


def _remedy(pair: _Pair, them: str) -> str:
    if pair.server.is_along:
        return f"Name in 'toolNames' what the agent needs of {pair.server.title}, without {them}."
    if pair.behind.grant and pair.hidden.grant:
        return f"Keep {them} in 'toolNames' of one server only."
    return f"Remove {them} from 'toolNames', or rename {them} at the server."
