"""Rules of an agent's skills: folders below /skills, and references that stay what they are."""

import re
from collections.abc import Iterator

from controller.definitions import skillnames
from controller.definitions.findings import Severity
from controller.definitions.view import View
from controller.definitions.violation import Violation, dotted

_COMMIT = re.compile(r"[0-9a-fA-F]{40}([0-9a-fA-F]{24})?")
_DIGEST = re.compile(r".+@sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})")


def check(skills: View) -> Iterator[Violation]:
    """Check the field `skills` of an Agent."""
    yield from _folders(skills)
    for source in skills["gitRefs"].each():
        yield from _local_path(source["path"])
        yield from _commit(source)
    for image in skills["refs"].each():
        yield from _digest(image)


def _folders(skills: View) -> Iterator[Violation]:
    seen: dict[str, View] = {}
    for source, name in _names(skills):
        if not skillnames.ALLOWED.fullmatch(name):
            yield Violation(
                rule="skill-name",
                path=source.path,
                message=f"the skill's folder name {name!r} is not allowed",
                remedy="Set 'name' to letters, digits, '.', '_' and '-'.",
            )
        elif name in seen:
            yield Violation(
                rule="duplicate-skill",
                path=source.path,
                message=f"two skills have the folder name {name!r}: {dotted(seen[name].path)} too",
                remedy="Set 'name' of one of them to something else.",
            )
        seen.setdefault(name, source)


def _names(skills: View) -> Iterator[tuple[View, str]]:
    for image in skills["refs"].each():
        yield image, skillnames.of_image(image.text)
    for source in skills["gitRefs"].each():
        named = {"path": source["path"].text, "name": source["name"].text}
        yield source, skillnames.of_git(source["url"].text, **named)
    for source in skills["s3Refs"].each():
        yield source, skillnames.of_bucket(source["uri"].text, name=source["name"].text)


def _local_path(path: View) -> Iterator[Violation]:
    if not skillnames.is_local(path.text):
        yield Violation(
            rule="skill-path",
            path=path.path,
            message=f"the path {path.text!r} leads out of the repository",
            remedy="Use a path relative to the repository's root, without '..'.",
        )


def _commit(source: View) -> Iterator[Violation]:
    ref = source["ref"]
    wanted = ref.text or "main"
    if not _COMMIT.fullmatch(wanted):
        yield Violation(
            rule="skill-not-pinned",
            path=ref.path if ref else source.path,
            message=f"{wanted!r} is no commit: the skill changes without a review, and only for"
            " pods that start after it",
            remedy="Set 'ref' to the full id of a commit.",
            severity=Severity.WARNING,
        )


def _digest(image: View) -> Iterator[Violation]:
    if image.text and not _DIGEST.fullmatch(image.text):
        yield Violation(
            rule="skill-not-pinned",
            path=image.path,
            message=f"{image.text!r} has no digest: the skill changes without a review, and only"
            " for pods that start after it",
            remedy="Append '@sha256:' and the image's digest.",
            severity=Severity.WARNING,
        )
