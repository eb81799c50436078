import pytest

from controller.definitions.application import parse_applications

GOOD = b"""# Settings come first.
apiVersion: roster.dev/v1alpha1
kind: Settings
spec: {pollIntervalS: 10}
---
apiVersion: roster.dev/v1alpha1
kind: Application
metadata:
  name: agents
spec:
  source:
    repoURL: https://example.com/agents.git
    targetRevision: main
    path: agents
    templates: templates
  destination: {namespace: team}
  syncPolicy:
    automated: {prune: true, selfHeal: true}
---
apiVersion: roster.dev/v1alpha1
kind: Application
metadata: {name: minimal}
spec:
  source: {repoURL: /srv/agents}
"""


def test_applications_are_read_and_other_kinds_skipped() -> None:
    applications, findings = parse_applications(GOOD, file="roster.yaml")

    assert findings == ()
    agents, minimal = applications
    assert (agents.name, str(agents.position)) == ("agents", "roster.yaml:6:1")
    assert agents.spec.source.repo_url == "https://example.com/agents.git"
    assert agents.spec.source.target_revision == "main"
    assert agents.spec.source.path == "agents"
    assert agents.spec.source.templates == "templates"
    assert agents.spec.destination.namespace == "team"
    automated = agents.spec.sync_policy.automated
    assert automated is not None
    assert (automated.enabled, automated.prune, automated.self_heal) == (True, True, True)
    assert minimal.spec.source.target_revision == "HEAD"
    assert minimal.spec.sync_policy.automated is None


@pytest.mark.parametrize(
    ("old", "new", "place", "rule"),
    [
        ("repoURL: https", "repoUrl: https", (12, 5), "unknown-field"),
        ("path: agents", "path: 1", (14, 5), "wrong-type"),
        ("prune: true", "prune: yeah", (18, 17), "wrong-type"),
        ("name: minimal", "name: agents", (22, 12), "duplicate-definition"),
        ("name: agents", "name: Agents", (9, 3), "invalid-name"),
        ("name: agents", "labels: {}", (8, 1), "missing-field"),
        (
            "roster.dev/v1alpha1\nkind: Application",
            "x/v1\nkind: Application",
            (6, 1),
            "unsupported-version",
        ),
        ("source: {repoURL", "sources: {repoURL", (24, 3), "unknown-field"),
        (
            "  destination",
            "  destination: {server: https://other}\n  destination",
            (17, 3),
            "duplicate-key",
        ),
        ("path: agents", "path: [", (14, 11), "invalid-yaml"),
    ],
    ids=lambda value: str(value).replace("\n", " "),
)
def test_what_is_wrong_is_found_with_its_place(
    old: str, new: str, place: tuple[int, int], rule: str
) -> None:
    content = GOOD.decode().replace(old, new, 1).encode()

    _, findings = parse_applications(content, file="roster.yaml")

    found = [(item.rule, item.position.line, item.position.column) for item in findings]
    assert (rule, *place) in found


def test_an_application_with_an_error_is_left_out_and_the_others_stay() -> None:
    content = GOOD.replace(b"path: agents", b"path: 1")

    applications, _ = parse_applications(content, file="roster.yaml")

    assert [application.name for application in applications] == ["minimal"]


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[", b"kind: Application", b"- kind: Application"]
)
def test_any_content_is_read_without_an_exception(content: bytes) -> None:
    applications, findings = parse_applications(content, file="roster.yaml")

    assert applications == ()
    assert all(finding.position.file == "roster.yaml" for finding in findings)
