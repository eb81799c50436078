"""One file of the repository to definitions and findings."""

from dataclasses import dataclass, field
from typing import Any

import pydantic

from controller.definitions import documents, identity, kinds, notkubernetes, spec, suggest
from controller.definitions.catalog import OWN_GROUPS, Definition, Document, Path
from controller.definitions.checks import metadata, plain
from controller.definitions.findings import DefinitionId, Finding, Position, Severity
from controller.definitions.positions import Positions
from controller.definitions.syntax import Problem
from controller.definitions.view import View
from controller.definitions.violation import Violation, finding

MAX_FILE_BYTES = 2_000_000
"""More is no definition: Kubernetes takes objects of about 1.5 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """What one file defines, in the order of its documents, and what is wrong with it."""

    definitions: tuple[Definition, ...] = ()
    findings: tuple[Finding, ...] = ()


def read(file: str, content: bytes, namespace: str) -> FileContent:
    """Read the definitions of a file; never raises for what it contains."""
    text, refusal = decode(file, content)
    if refusal is not None:
        return FileContent(findings=(refusal,))
    reader = _Reader(file, namespace)
    for index, chunk in enumerate(documents.split(text)):
        reader.chunk(index, chunk)
    return FileContent(definitions=tuple(reader.definitions), findings=tuple(reader.findings))


def decode(file: str, content: bytes) -> tuple[str, Finding | None]:
    """Give the text of a file, or why it cannot be read."""
    if len(content) > MAX_FILE_BYTES:
        return "", _too_large(file, len(content))
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        return "", _not_utf8(file, content, error)


def _too_large(file: str, size_bytes: int) -> Finding:
    return Finding(
        rule="too-large",
        message=f"the file has {size_bytes:,} bytes, and at most {MAX_FILE_BYTES:,} are read",
        remedy="Split it, or move what is no definition out of the application's path.",
        position=Position(file),
    )


def _not_utf8(file: str, content: bytes, error: UnicodeDecodeError) -> Finding:
    before = content[: error.start]
    return Finding(
        rule="not-utf8",
        message=f"the byte 0x{content[error.start]:02X} is no UTF-8",
        remedy="Save the file in the encoding UTF-8.",
        position=Position(file, before.count(b"\n") + 1, error.start - before.rfind(b"\n")),
    )


@dataclass(slots=True)
class _Reader:
    """Collects what the documents of one file say."""

    file: str
    namespace: str
    definitions: list[Definition] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def chunk(self, index: int, chunk: documents.Chunk) -> None:
        """Read the text between two document markers."""
        built = documents.build(chunk.text)
        document = self._document(index, Positions(chunk), built.data)
        if isinstance(built.data, dict):
            found = identity.of(View(built.data), self.namespace)
        else:
            found = identity.guess(chunk.text, self.namespace)
        for problem in built.problems:
            self.findings.append(of_problem(problem, document, chunk.line, found))
        if built.data is not None or not built.problems:
            self._content(document, built.data, chunk)

    def _document(self, index: int, positions: Positions, data: Any) -> Document:
        return Document(
            file=self.file,
            index=index,
            data=data if isinstance(data, dict) else {},
            positions=positions,
        )

    def _content(
        self, document: Document, data: Any, chunk: documents.Chunk, prefix: Path = ()
    ) -> None:
        if data is None:
            return
        if not isinstance(data, dict) or not ("apiVersion" in data or "kind" in data):
            self.findings.append(notkubernetes.warn(document))
        elif str(data.get("kind", "")).endswith("List") and isinstance(data.get("items"), list):
            for number, item in enumerate(data["items"]):
                place = (*prefix, "items", number)
                inner = self._document(document.index, Positions(chunk, place), item)
                self._content(inner, item, chunk, place)
        else:
            self._manifest(document, View(data))

    def _manifest(self, document: Document, view: View) -> None:
        problems = list(identity.check(view))
        found = identity.of(view, self.namespace)
        if found is None:
            self._report(problems, document, None)
            return
        problems += metadata.check(view, found.group, found.kind)
        if found.group in OWN_GROUPS:
            self._own(document, view, found, problems)
        else:
            problems += plain.check(view, found.group, found.kind)
            self._define(document, found, None, problems)

    def _own(
        self, document: Document, view: View, found: DefinitionId, problems: list[Violation]
    ) -> None:
        refusal = _refusal(view, found)
        if refusal is not None and refusal.severity is Severity.WARNING:
            self._report([refusal], document, None)
        elif refusal is not None:
            self._define(document, found, None, [refusal])
        else:
            read = spec.read(found.kind, view)
            self._define(document, found, read.model, [*problems, *read.violations])

    def _define(
        self,
        document: Document,
        found: DefinitionId,
        model: pydantic.BaseModel | None,
        problems: list[Violation],
    ) -> None:
        cleaned = Document(
            file=document.file,
            index=document.index,
            data=metadata.without_server_fields(document.data),
            positions=document.positions,
        )
        self.definitions.append(Definition(id=found, document=cleaned, spec=model))
        self._report(problems, document, found)

    def _report(
        self, problems: list[Violation], document: Document, found: DefinitionId | None
    ) -> None:
        self.findings += [finding(problem, document, found) for problem in problems]


def of_problem(
    problem: Problem, document: Document, first_line: int, definition: DefinitionId | None
) -> Finding:
    """Give the finding of a problem in the text that starts in a line of the document's file."""
    line = first_line - 1 + problem.line
    message = problem.message
    if problem.path is not None:
        message = f"{message}, first in line {document.position(problem.path).line}"
    return Finding(
        rule=problem.rule,
        message=message,
        remedy=problem.remedy,
        position=Position(document.file, line, problem.column),
        definition=definition,
    )


def _refusal(view: View, found: DefinitionId) -> Violation | None:
    """Say why a document of our groups is none that Roster runs, None where it is one."""
    if found.group == kinds.ROSTER:
        return _not_here(view, found.kind)
    if found.kind in kinds.SPECS:
        return _wrong_version(view, found.kind)
    if found.kind in kinds.NOT_RUN:
        return Violation(
            rule="kind-not-run",
            path=view["kind"].path,
            message=f"Roster does not run the kind {found.kind}",
            remedy=kinds.NOT_RUN[found.kind],
        )
    if found.kind in kinds.WITHOUT_EFFECT:
        return Violation(
            rule="kind-without-effect",
            path=view["kind"].path,
            message=f"passed over: the kind {found.kind} has no effect on agents",
            remedy=kinds.WITHOUT_EFFECT[found.kind],
            severity=Severity.WARNING,
        )
    return _unknown_kind(view, found.kind)


def _not_here(view: View, kind: str) -> Violation:
    if kind != "Application":
        return _unknown_kind(view, kind)
    return Violation(
        rule="application-in-repository",
        path=view["kind"].path,
        message="passed over: an Application says where agents come from, and is none of them",
        remedy="Put it in the controller's roster.yaml.",
        severity=Severity.WARNING,
    )


def _wrong_version(view: View, kind: str) -> Violation | None:
    version = kinds.SPECS[kind][0]
    if view["apiVersion"].text == version:
        return None
    return Violation(
        rule="unsupported-version",
        path=view["apiVersion"].path,
        message=f"{view['apiVersion'].text} of the kind {kind} is not supported",
        remedy=f"Write it as {version}, which is what Roster reads.",
    )


def _unknown_kind(view: View, kind: str) -> Violation:
    near = suggest.nearest(kind, kinds.SPECS)
    hint = f"Did you mean {near!r}? " if near else ""
    return Violation(
        rule="unknown-kind",
        path=view["kind"].path,
        message=f"{view['apiVersion'].text} has no kind {kind!r}",
        remedy=f"{hint}Roster runs {suggest.listing(kinds.SPECS)}.",
    )
