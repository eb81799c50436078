import pytest

from controller.definitions.application import Application, parse_applications
from controller.diff.ignore import Rule
from controller.state.records import (
    ApplicationSpec,
    RetryPolicy,
    SyncMode,
    SyncPolicy,
    SyncWindow,
)
from controller.state.specs import application_spec

WHOLE = """
metadata: {name: agents, annotations: {roster.dev/runtime: kagent}}
spec:
  source: {repoURL: https://example.com/a.git, targetRevision: v1, path: x, templates: t}
  destination: {namespace: team}
  suspend: true
  syncPolicy:
    automated: {prune: true, selfHeal: false}
    retry: {limit: 3, backoff: {duration: 10s, factor: 3, maxDuration: 1m}}
    syncWindows:
    - {kind: deny, schedule: 0 22 * * *, duration: 1h30m, timeZone: Europe/Berlin, manualSync: true}
    syncOptions: [CreateNamespace=true]
  ignoreDifferences:
  - {group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}
"""


def parsed(text: str) -> Application:
    head = "apiVersion: roster.dev/v1alpha1\nkind: Application\n"
    (found,), findings = parse_applications(f"{head}{text.strip()}\n".encode(), file="roster.yaml")
    assert findings == ()
    return found


def test_everything_that_is_written_down_is_stored() -> None:
    assert application_spec(parsed(WHOLE)) == ApplicationSpec(
        name="agents",
        repo_url="https://example.com/a.git",
        target_revision="v1",
        path="x",
        templates="t",
        namespace="team",
        agent_annotations={"roster.dev/runtime": "kagent"},
        suspend=True,
        sync_policy=SyncPolicy(
            automated=True,
            prune=True,
            self_heal=False,
            retry=RetryPolicy(limit=3, hook_limit=3, duration_s=10, factor=3, max_duration_s=60),
            windows=(
                SyncWindow(
                    kind="deny",
                    schedule="0 22 * * *",
                    duration_s=5400,
                    time_zone="Europe/Berlin",
                    manual_sync=True,
                ),
            ),
            sync_options=("CreateNamespace=true",),
        ),
        ignore_differences=(
            Rule(group="apps", kind="Deployment", json_pointers=("/spec/replicas",)),
        ),
    )


@pytest.mark.parametrize("mode", ["enforce", "warn", "manual"])
def test_a_mode_is_stored_as_what_it_means(mode: str) -> None:
    text = f"metadata: {{name: a}}\nspec: {{source: {{repoURL: /a}}, syncPolicy: {{mode: {mode}}}}}"

    assert application_spec(parsed(text)).sync_policy.mode is SyncMode(mode)


def test_tries_are_limited_only_where_it_is_said() -> None:
    """Without a limit a sync is tried again for ever, but not its hooks."""
    found = application_spec(parsed("metadata: {name: a}\nspec: {source: {repoURL: /a}}"))

    assert found.sync_policy.retry == RetryPolicy()
