"""What changed in prompts: each text once, for all the agents that it reaches.

A system message is shown as the model gets it, with what it includes put in, while variables such
as `.AgentName` stay as they are written: they change with what they stand for, which is told
elsewhere. A shared text that changed is told at its own place, with every agent that includes it,
and not again inside of each of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from controller.definitions import prompts
from controller.definitions.agent import AgentSpec, PromptTemplate
from controller.definitions.catalog import Catalog, Definition, Path
from controller.definitions.findings import DefinitionId, Position
from controller.diff.semantic import shown, words
from controller.diff.semantic.change import Change, Kind, Mark, Piece, Severity

_VARIABLES: prompts.Variables = {
    name: (f"{{{{.{name}}}}}",) if name.endswith("Names") else f"{{{{.{name}}}}}"
    for name in prompts.VARIABLES
}
_MESSAGE: Path = ("spec", "declarative", "systemMessage")
_MESSAGE_FROM: Path = ("spec", "declarative", "systemMessageFrom")


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of a ConfigMap or Secret."""

    holder: DefinitionId
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prompt:
    """A system message and where its parts come from."""

    text: str
    """Empty for a message in a Secret."""
    owner: DefinitionId
    position: Position
    secret: _Key | None
    held: str | None
    """The value in that Secret, to be compared and never shown."""
    sources: Mapping[str, DefinitionId]
    """ConfigMaps by alias; empty where the message is no template."""
    used: tuple[_Key, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A change without the agents: what two agents have in common is one change."""

    owner: DefinitionId
    position: Position
    summary: str
    pieces: tuple[Piece, ...]


def compare(
    before: Catalog, after: Catalog, agents: Iterator[DefinitionId] | tuple[DefinitionId, ...]
) -> Iterator[Change]:
    """Give the changes of the prompts of agents, each with all the agents that it is for."""
    by_change: dict[_Told, list[DefinitionId]] = {}
    for agent in agents:
        old, new = before.definitions.get(agent), after.definitions.get(agent)
        for told in _agent(old, new, before, after):
            by_change.setdefault(told, []).append(agent)
    for told, users in by_change.items():
        yield Change(
            kind=Kind.PROMPT,
            severity=Severity.MEDIUM,
            definition=told.owner,
            position=told.position,
            summary=told.summary,
            pieces=told.pieces,
            agents=tuple(users),
        )


def keys_of(agent: Definition, config_map: DefinitionId, catalog: Catalog) -> frozenset[str]:
    """Give the keys of a ConfigMap that an agent's prompt is made of."""
    prompt = _prompt(agent, catalog)
    if prompt is None:
        return frozenset()
    keys = {key.key for key in prompt.used if key.holder == config_map}
    source = _held_in(agent)
    return frozenset({*keys, source.key} if source and source.holder == config_map else keys)


def _agent(
    old: Definition | None, new: Definition | None, before: Catalog, after: Catalog
) -> Iterator[_Told]:
    if new is None or (old is not None and old.spec is None):
        # That it is gone, or cannot be read, is all there is to say.
        return
    was, now = _prompt(old, before) if old else None, _prompt(new, after)
    if now is None:
        return
    if was is None:
        yield _added(now, after)
        return
    yield from _message(was, now, before, after)
    for key in now.used:
        if key in was.used:
            yield from _included(key, before, after)


def _added(prompt: _Prompt, catalog: Catalog) -> _Told:
    text = _expanded(prompt, catalog, {})
    summary = f"system message added{_from_secret(prompt)}"
    return _told(prompt, summary, words.excerpt(text, Mark.ADDED))


def _message(was: _Prompt, now: _Prompt, before: Catalog, after: Catalog) -> Iterator[_Told]:
    if was.secret or now.secret:
        if (was.secret, was.held, was.text) != (now.secret, now.held, now.text):
            summary = f"system message changed{_from_secret(now) or ', before from a Secret'}"
            yield _told(now, summary, ())
        return
    shared = {key: _value(after, key) for key in was.used if _value(after, key) is not None}
    one, other = _expanded(was, before, shared), _expanded(now, after, {})
    if one == other and was.text != now.text:
        # It changed where this agent does not look, such as the `else` of an `if`.
        one, other = was.text, now.text
    if one != other:
        yield _told(now, *_compared(_moved(was, now), one, other))
    elif was.owner != now.owner:
        yield _told(now, _moved(was, now), ())


def _moved(was: _Prompt, now: _Prompt) -> str:
    if was.owner == now.owner:
        return "system message changed"
    return f"system message, now from {shown.definition(now.owner)}"


def _told(prompt: _Prompt, summary: str, pieces: tuple[Piece, ...]) -> _Told:
    return _Told(owner=prompt.owner, position=prompt.position, summary=summary, pieces=pieces)


def _from_secret(prompt: _Prompt) -> str:
    if prompt.secret is None:
        return ""
    return f", from {shown.definition(prompt.secret.holder)}, which is not shown"


def _included(key: _Key, before: Catalog, after: Catalog) -> Iterator[_Told]:
    one, other = _value(before, key), _value(after, key)
    if one is None or other is None or one == other:
        return
    summary, pieces = _compared(f"shared prompt {shown.code(key.key)} changed", one, other)
    yield _Told(
        owner=key.holder,
        position=after.definitions[key.holder].document.position(("data", key.key)),
        summary=summary,
        pieces=pieces,
    )


def _compared(summary: str, one: str, other: str) -> tuple[str, tuple[Piece, ...]]:
    pieces = words.compare(one, other)
    if any(piece.mark in {Mark.ADDED, Mark.REMOVED} for piece in pieces):
        return summary, pieces
    return f"{summary}, only its white space", ()


def _prompt(definition: Definition, catalog: Catalog) -> _Prompt | None:
    spec = definition.spec
    if not isinstance(spec, AgentSpec) or spec.declarative is None:
        return None
    owner, path, secret, held = definition, _MESSAGE, None, None
    text = spec.declarative.system_message or ""
    if (key := _held_in(definition)) is not None:
        path = _MESSAGE_FROM
        if key.holder.kind == "Secret":
            secret, held, text = key, _secret_value(catalog, key), ""
        else:
            text = _value(catalog, key) or ""
            if (holder := catalog.definitions.get(key.holder)) is not None:
                owner, path = holder, ("data", key.key)
    sources = _sources(spec.declarative.prompt_template, definition.id.namespace)
    return _Prompt(
        text=text,
        owner=owner.id,
        position=owner.document.position(path),
        secret=secret,
        held=held,
        sources=sources,
        used=_used(text, sources),
    )


def _held_in(agent: Definition) -> _Key | None:
    """Give the key that `systemMessageFrom` names."""
    spec = agent.spec
    declarative = spec.declarative if isinstance(spec, AgentSpec) else None
    source = declarative.system_message_from if declarative else None
    if source is None:
        return None
    return _Key(DefinitionId(source.type, agent.id.namespace, source.name, ""), source.key)


def _sources(template: PromptTemplate | None, namespace: str) -> Mapping[str, DefinitionId]:
    listed = template.data_sources if template else []
    return {
        source.alias or source.name: DefinitionId("ConfigMap", namespace, source.name, "")
        for source in listed
    }


def _used(text: str, sources: Mapping[str, DefinitionId]) -> tuple[_Key, ...]:
    if not sources:
        return ()
    try:
        found = prompts.includes(text)
    except prompts.PromptError:
        return ()
    keys = (_Key(sources[one.alias], one.key) for one in found if one.alias in sources)
    return tuple(dict.fromkeys(keys))


def _expanded(prompt: _Prompt, catalog: Catalog, shared: Mapping[_Key, str | None]) -> str:
    """Give the message with what it includes; as it is written where that cannot be had."""
    if not prompt.sources:
        return prompt.text

    def include(alias: str, name: str) -> str:
        written = f'{{{{include "{alias}/{name}"}}}}'
        if alias not in prompt.sources:
            return written
        key = _Key(prompt.sources[alias], name)
        text = shared.get(key)
        text = _value(catalog, key) if text is None else text
        return written if text is None else text

    try:
        return prompts.expand(prompt.text, include, _VARIABLES)
    except prompts.PromptError:
        return prompt.text


def _value(catalog: Catalog, key: _Key) -> str | None:
    found = catalog.definitions.get(key.holder)
    data = found.document.data.get("data") if found else None
    value = data.get(key.key) if isinstance(data, Mapping) else None
    return value if isinstance(value, str) else None


def _secret_value(catalog: Catalog, key: _Key) -> str | None:
    found = catalog.definitions.get(key.holder)
    if found is None:
        return None
    texts = (found.document.data.get(field) for field in ("stringData", "data"))
    values = [text.get(key.key) for text in texts if isinstance(text, Mapping)]
    return next((str(value) for value in values if value is not None), None)
