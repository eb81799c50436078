"""Whether an agent's system message, where it is a template, can be expanded."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from controller.definitions import positions, prompts, suggest, targets
from controller.definitions.catalog import Definition, Document, Path
from controller.definitions.findings import Finding, Position, Severity
from controller.definitions.kinds import KAGENT
from controller.definitions.memory import OfObject
from controller.definitions.prompttokens import Inclusion
from controller.definitions.view import View
from controller.definitions.violation import Violation, finding

_MOST = 8_192
"""Messages that are remembered, over all applications: as many as components are."""
_EVERY_VARIABLE: prompts.Variables = {
    name: ("one",) if name.endswith("Names") else "some" for name in prompts.VARIABLES
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """The text of a system message and where it stands."""

    text: str
    document: Document
    path: Path

    def place(self, line: int) -> Position:
        return positions.inside(self.document, self.path, line)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """What an agent says by itself of its system message."""

    message: _Message | None
    """None where it stands elsewhere."""
    by_alias: Mapping[str, str]
    """Names of the ConfigMaps that can be included from."""
    violations: tuple[Violation, ...]


def check(definition: Definition, index: targets.Index) -> Iterator[Finding]:
    """Check the template of an agent: its syntax, and that what it includes is there."""
    if (definition.id.group, definition.id.kind) != (KAGENT, "Agent"):
        return
    written = _written(definition)
    message = written.message or _elsewhere(definition, index)
    for violation in written.violations:
        yield finding(violation, definition.document, definition.id)
    if message and written.by_alias:
        yield from _template(definition, message, written.by_alias, index)
    elif message and "{{include" in message.text.replace(" ", ""):
        yield _not_a_template(definition, message)


def _read(definition: Definition) -> _Written:
    declarative = View(definition.document.data).at("spec", "declarative")
    text = declarative["systemMessage"]
    sources = tuple(declarative.at("promptTemplate", "dataSources").each())
    return _Written(
        message=_Message(text=text.text, document=definition.document, path=text.path)
        if text.text
        else None,
        by_alias=_by_alias(sources),
        violations=tuple(_sources(sources)),
    )


_written = OfObject(_read)


def _elsewhere(definition: Definition, index: targets.Index) -> _Message | None:
    """Give the message where it stands in a ConfigMap of the repository."""
    source = View(definition.document.data).at("spec", "declarative", "systemMessageFrom")
    if source["type"].text != "ConfigMap":
        return None
    config = index.get("ConfigMap", definition.id.namespace, source["name"].text, "")
    found = View(config.document.data)["data"][source["key"].text] if config else View(None)
    if config is None or not found.text:
        return None
    return _Message(text=found.text, document=config.document, path=found.path)


def _by_alias(sources: tuple[View, ...]) -> dict[str, str]:
    return {source["alias"].text or source["name"].text: source["name"].text for source in sources}


def _sources(sources: tuple[View, ...]) -> Iterator[Violation]:
    seen: set[str] = set()
    for source in sources:
        alias = source["alias"].text or source["name"].text
        if alias in seen:
            yield Violation(
                rule="duplicate-alias",
                path=source["alias"].path,
                message=f"two data sources have the alias {alias!r}",
                remedy="Give one of them another 'alias'.",
            )
        seen.add(alias)
        if source["kind"].text not in {"", "ConfigMap"}:
            yield Violation(
                rule="reference-kind",
                path=source["kind"].path,
                message=f"a data source cannot be of the kind {source['kind'].text}",
                remedy="It can be a ConfigMap.",
            )


def _template(
    definition: Definition, message: _Message, by_alias: Mapping[str, str], index: targets.Index
) -> Iterator[Finding]:
    included = _included(message.text)
    if isinstance(included, prompts.PromptError):
        yield Finding(
            rule="prompt-template",
            message=f"the system message is no valid template: {included.message}",
            remedy="Correct it; two braces that are meant as text are written {{`{{`}}.",
            position=message.place(included.line),
            definition=definition.id,
        )
        return
    for include in included:
        yield from _include(definition, message, include, by_alias, index)


@functools.lru_cache(maxsize=_MOST)
def _included(text: str) -> tuple[Inclusion, ...] | prompts.PromptError:
    """Give what a template includes, or why it is none; read once, not with each commit."""
    try:
        prompts.expand(text, lambda _alias, _key: "", _EVERY_VARIABLE)
        return prompts.includes(text)
    except prompts.PromptError as error:
        return error.with_traceback(None)


def _include(
    definition: Definition,
    message: _Message,
    include: Inclusion,
    by_alias: Mapping[str, str],
    index: targets.Index,
) -> Iterator[Finding]:
    problem, near = "", ""
    if include.alias not in by_alias:
        problem = f"no data source has the alias {include.alias!r}"
        near = suggest.nearest(include.alias, by_alias)
    else:
        name = by_alias[include.alias]
        config = index.get("ConfigMap", definition.id.namespace, name, "")
        keys = targets.keys_of(config) if config else (include.key,)
        if include.key not in keys:
            problem = f"the ConfigMap {name!r} has no key {include.key!r}"
            near = suggest.nearest(include.key, keys)
    if problem:
        yield Finding(
            rule="prompt-include",
            message=f'include "{include.alias}/{include.key}": {problem}',
            remedy=f"Did you mean {near!r}?" if near else "Add it, or correct the name.",
            position=message.place(include.line),
            definition=definition.id,
        )


def _not_a_template(definition: Definition, message: _Message) -> Finding:
    line = next(n for n, text in enumerate(message.text.split("\n")) if "{{" in text)
    return Finding(
        rule="prompt-not-template",
        message="the agent has no 'promptTemplate', so '{{include …}}' reaches the model as it is",
        remedy="Add 'promptTemplate.dataSources' with the ConfigMap that is to be included.",
        severity=Severity.WARNING,
        position=message.place(line),
        definition=definition.id,
    )
