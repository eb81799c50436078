"""The kind Application (roster.dev/v1alpha1): where definitions come from and where they go.

The fields are those of Argo CD's Application, as far as Roster has what they mean; any other is
refused rather than passed over, so that nobody believes in a setting that does nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from controller.definitions import (
    documents,
    identity,
    ignoredifferences,
    reading,
    spec,
    suggest,
    syncoptions,
    syncpolicy,
)
from controller.definitions.catalog import Document
from controller.definitions.checks import metadata
from controller.definitions.findings import Finding, Position, has_errors, in_order
from controller.definitions.ignoredifferences import IgnoreDifferences
from controller.definitions.kinds import ROSTER
from controller.definitions.positions import Positions
from controller.definitions.schema import Model, Opt
from controller.definitions.syncpolicy import SyncPolicyDefinition
from controller.definitions.view import View
from controller.definitions.violation import Violation, finding

API_VERSION = f"{ROSTER}/v1alpha1"
KIND = "Application"
SETTINGS = "Settings"


class Source(Model):
    """A folder of a git repository at a revision."""

    repo_url: str = Field(
        alias="repoURL",
        min_length=1,
        description="https, ssh or file address of the repository, or the path of a local one.",
    )
    target_revision: str = Field(
        default="HEAD", min_length=1, description="Branch, tag or commit; HEAD is the default one."
    )
    path: str = Field(
        default=".", description="Folder in the repository; its YAML files are read recursively."
    )
    templates: str = Field(
        default="",
        description="Folder in the repository whose manifest templates replace the built-in ones.",
    )


class Destination(Model):
    """Where the objects go."""

    namespace: str = Field(
        default="default", min_length=1, description="Namespace of definitions that name none."
    )
    server: Opt[Literal["https://kubernetes.default.svc"]] = Field(
        default=None, description="The controller's own cluster, which is the only one it serves."
    )
    name: Opt[Literal["in-cluster"]] = Field(
        default=None, description="Another way to name the controller's own cluster."
    )


class ApplicationSpecDefinition(Model):
    """Where definitions come from, where they go, and what happens by itself."""

    source: Source = Field(description="The folder of a git repository that is followed.")
    destination: Destination = Field(
        default_factory=Destination, description="Where the objects go."
    )
    sync_policy: SyncPolicyDefinition = Field(
        default_factory=SyncPolicyDefinition, description="When a revision is applied."
    )
    ignore_differences: list[IgnoreDifferences] = Field(
        default_factory=list, description="Fields that are left to others."
    )
    suspend: bool = Field(
        default=False, description="Sync nothing, neither by itself nor by request."
    )
    project: Opt[str] = Field(
        default=None, description="Argo CD's project, for copies of its manifests; not used."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application as it is written down."""

    name: str
    spec: ApplicationSpecDefinition
    position: Position
    agent_annotations: Mapping[str, str]
    """Its annotations `roster.dev/…`: what agents get that do not say otherwise themselves."""


def parse_applications(
    content: bytes, *, file: str
) -> tuple[tuple[Application, ...], tuple[Finding, ...]]:
    """Read the applications of a file, such as `roster.yaml`.

    Documents of the kind Settings are passed over; what is neither is a finding, for somebody
    believes that it does something. An application with an error is left out, with a finding.
    """
    text, refusal = reading.decode(file, content)
    if refusal is not None:
        return (), (refusal,)
    applications: dict[str, Application] = {}
    findings: list[Finding] = []
    for index, chunk in enumerate(documents.split(text)):
        built = documents.build(chunk.text)
        data = built.data if isinstance(built.data, dict) else {}
        document = Document(file=file, index=index, data=data, positions=Positions(chunk))
        found = [
            reading.of_problem(problem, document, chunk.line, None) for problem in built.problems
        ]
        if data.get("kind") == KIND:
            found += _read(document, applications)
        elif data and data.get("kind") != SETTINGS:
            found.append(finding(_unknown_kind(View(data)), document))
        findings += found
    return tuple(applications.values()), in_order(findings)


def _read(document: Document, applications: dict[str, Application]) -> list[Finding]:
    """Add the application of a document, unless it has errors; give its findings."""
    view = View(document.data)
    model, violations = spec.validate(
        ApplicationSpecDefinition, view["spec"] or View({}, ("spec",))
    )
    name = view.at("metadata", "name")
    problems = [
        *identity.check(view),
        *_checks(view),
        *violations,
        *syncoptions.check(view.at("spec", "syncPolicy", "syncOptions")),
        *syncpolicy.check(view.at("spec", "syncPolicy")),
        *ignoredifferences.check(view.at("spec", "ignoreDifferences")),
    ]
    if name.text in applications:
        problems.append(_taken(name, applications[name.text]))
    findings = [finding(problem, document) for problem in problems]
    if isinstance(model, ApplicationSpecDefinition) and not has_errors(findings):
        applications[name.text] = Application(
            name=name.text,
            spec=model,
            position=document.position(),
            agent_annotations=_agent_annotations(view),
        )
    return findings


def _unknown_kind(view: View) -> Violation:
    kind = view["kind"].text
    near = suggest.nearest(kind, (KIND, SETTINGS))
    hint = f"Did you mean {near!r}? " if near else ""
    return Violation(
        rule="unknown-kind",
        path=view["kind"].path if kind else (),
        message=f"this file has no use for the kind {kind!r}" if kind else "this has no kind",
        remedy=f"{hint}It takes {KIND} and {SETTINGS}; agents belong into their repository.",
    )


def _agent_annotations(view: View) -> dict[str, str]:
    notes = view.at("metadata", "annotations").each()
    named = ((str(note.path[-1]), note.text) for note in notes)
    return {name: text for name, text in named if name.startswith(f"{ROSTER}/")}


def _checks(view: View) -> Iterator[Violation]:
    yield from metadata.check(view, ROSTER, KIND)
    yield from spec.unknown_top_fields(view)
    api_version = view["apiVersion"]
    if api_version.text and api_version.text != API_VERSION:
        yield Violation(
            rule="unsupported-version",
            path=api_version.path,
            message=f"{api_version.text} of the kind {KIND} is not supported",
            remedy=f"Write it as {API_VERSION}.",
        )


def _taken(name: View, other: Application) -> Violation:
    return Violation(
        rule="duplicate-definition",
        path=name.path,
        message=f"the application {name.text!r} is defined more than once: also at "
        f"{other.position}",
        remedy="Keep one of them, or give them different names.",
    )
