"""What is wrong in an agents repository: one finding a problem, with a position and a remedy."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

KAGENT_GROUP = "kagent.dev"
KAGENT_KINDS = frozenset(
    {"Agent", "MCPServer", "ModelConfig", "ModelProviderConfig", "RemoteMCPServer"}
)
"""Kinds whose group goes without saying: no core kind has one of these names."""


class Severity(StrEnum):
    """Whether a finding keeps its component from being applied (error) or not (warning)."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file of the repository; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class DefinitionId:
    """Names one definition; also the identity of the component it renders to."""

    kind: str
    namespace: str
    name: str
    group: str = KAGENT_GROUP

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote: `Kind[.group] namespace/name`.

        Raises:
            ValueError: the text has another form.
        """
        kind_group, _, place = text.partition(" ")
        kind, dot, group = kind_group.partition(".")
        namespace, slash, name = place.partition("/")
        if not slash or not kind:
            raise ValueError(f"{text!r} does not name a definition, as 'Agent ns/name' does")
        if not dot and kind in KAGENT_KINDS:
            group = KAGENT_GROUP
        return cls(kind=kind, namespace=namespace, name=name, group=group)

    def __str__(self) -> str:
        """Give `Agent ns/name`, and `Deployment.apps ns/name` where the kind needs its group."""
        group = "" if self.group in {"", KAGENT_GROUP} else f".{self.group}"
        return f"{self.kind}{group} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem, or one thing to look at, in the repository."""

    rule: str
    """Stable id in kebab case, such as `unknown-field`; listed by `roster explain`."""
    message: str
    remedy: str
    position: Position
    severity: Severity = Severity.ERROR
    definition: DefinitionId | None = None
    template: Position | None = None
    """Where the manifest template failed, for findings of rendering."""
    cause: Position | None = None
    """The error that this one only follows from: with it corrected, this one is gone."""

    def __str__(self) -> str:
        template = f" (template {self.template})" if self.template else ""
        return f"{self.position}: {self.severity}: {self.message}{template} [{self.rule}]"


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any of the findings is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Give the findings in the order a reader goes through files: file, line, column, rule."""
    return tuple(sorted(findings, key=lambda f: (f.position, f.rule, f.message)))
