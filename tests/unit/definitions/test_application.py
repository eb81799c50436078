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
metadata: {name: minimal, annotations: {roster.dev/runtime: kagent, owner: team}}
spec:
  source: {repoURL: /srv/agents}
"""


def test_applications_are_read_and_settings_skipped() -> None:
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
    assert agents.agent_annotations == {}
    assert minimal.agent_annotations == {"roster.dev/runtime": "kagent"}
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
        ("kind: Application", "kind: Applicaton", (7, 1), "unknown-kind"),
        ("kind: Settings", "kind: Agent", (3, 1), "unknown-kind"),
        ("kind: Settings\n", "", (2, 1), "unknown-kind"),
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


IGNORING = GOOD.replace(
    b"  syncPolicy:",
    b"""  ignoreDifferences:
    - group: apps
      kind: Deployment
      name: triage
      jsonPointers: [/spec/replicas]
      jqPathExpressions: ['.spec.template.spec.containers[].image']
      managedFieldsManagers: [updater]
  syncPolicy:""",
)


def test_fields_that_are_left_to_others_are_read() -> None:
    applications, findings = parse_applications(IGNORING, file="roster.yaml")

    assert findings == ()
    (rule,) = applications[0].spec.ignore_differences
    assert (rule.group, rule.kind, rule.name) == ("apps", "Deployment", "triage")
    assert rule.json_pointers == ["/spec/replicas"]
    assert rule.jq_path_expressions == [".spec.template.spec.containers[].image"]
    assert rule.managed_fields_managers == ["updater"]


@pytest.mark.parametrize(
    ("old", "new", "place", "rule"),
    [
        ("[/spec/replicas]", "[/a, spec/replicas]", (21, 26), "invalid-pointer"),
        ("[/spec/replicas]", "[/a~2]", (21, 22), "invalid-pointer"),
        ("'.spec.template.spec.containers[].image'", "'.spec['", (22, 27), "invalid-jq-expression"),
        ("'.spec.template.spec.containers[].image'", "'import \"a\" as a; .'", (22, 27),
         "invalid-jq-expression"),
        ("kind: Deployment", "kinds: Deployment", (19, 7), "unknown-field"),
        ("managedFieldsManagers: [updater]", "managedFieldsManagers: updater", (23, 7),
         "wrong-type"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_with_ignored_fields_is_found_with_its_place(
    old: str, new: str, place: tuple[int, int], rule: str
) -> None:
    content = IGNORING.decode().replace(old, new, 1).encode()

    _, findings = parse_applications(content, file="roster.yaml")

    assert (rule, *place) in [(f.rule, f.position.line, f.position.column) for f in findings]


def test_a_rule_without_a_field_is_a_finding() -> None:
    content = GOOD.replace(
        b"  syncPolicy:", b"  ignoreDifferences: [{kind: Secret}]\n  syncPolicy:"
    )

    _, findings = parse_applications(content, file="roster.yaml")

    assert [finding.rule for finding in findings] == ["nothing-ignored"]


def test_sync_options_are_read_and_unknown_ones_found_with_their_place() -> None:
    content = GOOD.replace(
        b"  syncPolicy:\n",
        b"  syncPolicy:\n    syncOptions:\n      - PruneLast=true\n      - Prunelast=yes\n",
    )

    _, findings = parse_applications(content, file="roster.yaml")
    good, _ = parse_applications(content.replace(b"      - Prunelast=yes\n", b""), file="r.yaml")

    (found,) = findings
    assert (found.rule, found.position.line, found.position.column) == (
        "invalid-sync-option", 20, 9,
    )  # fmt: skip
    assert "Did you mean 'PruneLast'?" in found.remedy
    assert good[0].spec.sync_policy.sync_options == ["PruneLast=true"]
