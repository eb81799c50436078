"""Whether rendered objects fit Kubernetes' schema: told before anything is written.

Kinds that are not built in are left to the server, which has their schema.
"""

from collections.abc import Iterable, Iterator

from controller.definitions import modelerrors, syncoptions
from controller.definitions.catalog import Definition, Path
from controller.definitions.findings import Finding
from controller.definitions.syncoptions import SyncOptions, Validation
from controller.definitions.violation import Violation, dotted
from controller.objects import Manifest, ObjectKey
from controller.render.options import RenderOptions
from controller.schemas import published, validate
from controller.schemas.validate import Problem

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "a text",
}
_SERVER = (
    f"Correct it; where a cluster newer than Kubernetes {published.RELEASE} knows better, set the"
    " sync option Validate=server."
)


def check(
    manifests: Iterable[Manifest], definition: Definition, options: RenderOptions
) -> Iterator[Finding]:
    """Give a finding for everything that the API server would refuse by its schema."""
    base = SyncOptions(validation=options.validation)
    for manifest in manifests:
        if syncoptions.of_object(manifest, base).validation is Validation.OFFLINE:
            for problem in validate.problems(manifest):
                yield _finding(problem, manifest, definition)


def _finding(problem: Problem, manifest: Manifest, definition: Definition) -> Finding:
    violation = _violation(problem, is_secret=manifest.get("kind") == "Secret")
    is_as_written = definition.spec is None
    shown = violation.message if is_as_written else f"{ObjectKey.of(manifest)}: {violation.message}"
    return Finding(
        rule="unfit-object",
        message=f"{definition.id}: {shown}",
        remedy=f"{violation.remedy} {_SERVER}" if problem.rule == "unknown" else violation.remedy,
        position=definition.document.position(problem.path if is_as_written else ()),
        definition=definition.id,
    )


def _violation(problem: Problem, *, is_secret: bool) -> Violation:
    path: Path = problem.path
    match problem.rule:
        case "unknown":
            return modelerrors.unknown_field(path, dict.fromkeys(problem.expected))
        case "type":
            expected = " or ".join(_TYPES.get(name, name) for name in problem.expected)
            return modelerrors.wrong_type(path, expected, problem.value, is_secret=is_secret)
        case "missing":
            return Violation(
                rule="unfit-object",
                path=path,
                message=f"{dotted(path)} is missing",
                remedy=f"Add {path[-1]!r}.",
            )
    told = "" if is_secret else f": {problem.message}"
    return Violation(
        rule="unfit-object",
        path=path,
        message=f"{dotted(path)} does not fit the schema{told}",
        remedy="Correct it.",
    )
