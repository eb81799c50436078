"""The definitions of one revision: what `parse` and `resolve` hand to `render`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pydantic

from controller.definitions.findings import DefinitionId, Finding, Position

OWN_GROUPS = frozenset({"kagent.dev", "roster.dev"})
"""API groups whose kinds are definitions; objects of other groups are plain manifests."""

Path: TypeAlias = tuple[str | int, ...]
"""Where a value sits in a document: keys and list indexes from the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One YAML document: its data, and the place of every node in its file."""

    file: str
    index: int
    """The document's number within its file, from 0."""
    data: Mapping[str, Any]
    positions: Mapping[Path, tuple[int, int]]
    """Line and column (from 1) of every key, by path; of the document itself under `()`."""

    def position(self, path: Path = ()) -> Position:
        """Give the place of the deepest node on the path that the document has."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.positions:
                line, column = self.positions[path[:end]]
                return Position(self.file, line, column)
        return Position(self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A document that is something: an agent, a model, an MCP server, or a plain manifest."""

    id: DefinitionId
    document: Document
    spec: pydantic.BaseModel | None
    """AgentSpec, ModelConfigSpec, RemoteMCPServerSpec or MCPServerSpec. None for a plain manifest,
    which is passed through, and for what does not fit its kind, which is broken."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The document's metadata as written."""
        return self.document.data.get("metadata") or {}

    @property
    def is_plain(self) -> bool:
        """Whether this is a Kubernetes manifest to be passed through."""
        return self.spec is None and self.id.group not in OWN_GROUPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Every definition of a revision with what it refers to and what is wrong with it."""

    definitions: Mapping[DefinitionId, Definition]
    depends_on: Mapping[DefinitionId, frozenset[DefinitionId]]
    """Direct references between definitions of this catalog; acyclic but for broken ones."""
    findings: tuple[Finding, ...] = ()
    broken: frozenset[DefinitionId] = field(default_factory=frozenset)
    """Definitions with an error of their own: not rendered, and what depends on them waits."""
