from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from controller.objects import Manifest, ObjectKey
from controller.plan.steps import Action, Guard, Plan, Step
from controller.reconcile import desired, status
from controller.render.options import RenderOptions
from controller.source.snapshot import Commit
from controller.state.records import ApplicationStatus, SyncStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
COMMIT = Commit(
    revision="c" * 40, author="Ada", email="ada@x", message="Add prompts", committed_at=NOW
)
PROMPTS = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: style}\ndata: {a: b}\n"
KEY = ObjectKey("", "ConfigMap", "agents", "style")
WANTED = desired.of_files(
    {"agents/style.yaml": PROMPTS}, RenderOptions(application="a", namespace="agents")
)
COMPONENT = WANTED.rendered.components[0]
MANIFEST = COMPONENT.manifests[0]


def step(action: Action) -> Step:
    return Step(action=action, key=KEY, component=COMPONENT.id, manifest=MANIFEST)


def observe(
    plan: Plan,
    live: Mapping[ObjectKey, Manifest] | None = None,
    before: ApplicationStatus | None = None,
    *,
    wanted: desired.Desired = WANTED,
    now: datetime = NOW,
) -> ApplicationStatus:
    observation = status.Observation(commit=COMMIT, desired=wanted, plan=plan, live=live or {})
    return status.status(observation, before or ApplicationStatus(), now=now)


def test_what_equals_git_is_synced_and_its_revision_is_remembered() -> None:
    plan = Plan(application="a", revision="c" * 40, waves=(), unchanged=(step(Action.UNCHANGED),))

    seen = observe(plan, {KEY: MANIFEST})

    assert (seen.sync, seen.health) == (SyncStatus.SYNCED, "Healthy")
    assert seen.synced_revision == "c" * 40
    assert seen.objects[0].file == "agents/style.yaml"
    assert seen.components[0].id == "ConfigMap agents/style"


def test_what_is_to_be_created_is_missing() -> None:
    seen = observe(Plan(application="a", revision="c" * 40, waves=((step(Action.CREATE),),)))

    assert (seen.sync, seen.health) == (SyncStatus.OUT_OF_SYNC, "Missing")
    assert seen.synced_revision == ""
    assert str(KEY) in seen.health_message


def test_a_definition_that_is_held_back_is_unknown_and_its_objects_are_shown() -> None:
    plan = Plan(
        application="a", revision="c" * 40, waves=(), blocked=((COMPONENT.id, "InvalidDefinition"),)
    )

    seen = observe(plan, {KEY: MANIFEST})

    assert seen.sync is SyncStatus.UNKNOWN
    assert [item.key for item in seen.objects] == [str(KEY)]
    assert seen.components[0].message == "InvalidDefinition"


def test_what_a_definition_with_errors_left_running_is_unknown_and_not_to_be_pruned() -> None:
    marks = {"roster.dev/component": str(COMPONENT.id), "roster.dev/source": "agents/style.yaml"}
    live = {**MANIFEST, "metadata": {**MANIFEST["metadata"], "annotations": marks}}
    kept = Step(action=Action.KEEP, key=KEY, component=None, manifest=None, live=live)
    plan = Plan(
        application="a", revision="c", waves=(), kept=(kept,), blocked=((COMPONENT.id, "It is."),)
    )

    (item,) = observe(plan, {KEY: live}).objects

    assert (item.sync, item.requires_pruning) == (SyncStatus.UNKNOWN, False)
    assert item.component == str(COMPONENT.id)


def test_an_error_in_a_file_is_a_condition_with_its_place() -> None:
    broken = desired.of_files(
        {"a.yaml": b"kind: [unfinished\n"}, RenderOptions(application="a", namespace="agents")
    )

    seen = observe(Plan(application="a", revision="c", waves=()), wanted=broken)

    assert [item.type for item in seen.conditions] == ["InvalidDefinition"]
    assert seen.conditions[0].message == "1 error in a.yaml; the findings say what to do."
    assert seen.findings[0].rule == "invalid-yaml"
    assert seen.sync is SyncStatus.UNKNOWN


def test_a_condition_that_stays_keeps_its_time() -> None:
    plan = Plan(
        application="a", revision="c", waves=(), guards=(Guard(rule="empty-source", message="m"),)
    )
    first = observe(plan)

    second = observe(plan, before=first, now=LATER)

    assert second.conditions[0].type == "EmptySource"
    assert second.conditions[0].last_transition_time == NOW


def test_a_visit_that_sees_nothing_keeps_what_was_known() -> None:
    plan = Plan(application="a", revision="c" * 40, waves=(), unchanged=(step(Action.UNCHANGED),))
    before = observe(plan, {KEY: MANIFEST})

    seen = status.unknown(before, ("SourceError", "no answer"), now=LATER)

    assert seen.sync is SyncStatus.UNKNOWN
    assert seen.objects == before.objects
    assert seen.conditions[0].type == "SourceError"


def test_a_workload_that_is_not_well_is_explained_by_its_pods() -> None:
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "style", "uid": "d-1", "generation": 1},
        "status": {"observedGeneration": 1, "updatedReplicas": 0},
    }
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s"}
    pod = {
        "metadata": {"name": "style-1"},
        "status": {"containerStatuses": [{"name": "agent", "state": {"waiting": waiting}}]},
    }
    observation = status.Observation(
        commit=COMMIT,
        desired=WANTED,
        plan=Plan(
            application="a", revision="c" * 40, waves=(), unchanged=(step(Action.UNCHANGED),)
        ),
        live={KEY: deployment},
        pods=lambda uid: [pod] if uid == "d-1" else [],
    )

    seen = status.status(observation, ApplicationStatus(), now=NOW)

    assert (seen.health, seen.components[0].health) == ("Degraded", "Degraded")
    assert "Pod style-1: Container agent: CrashLoopBackOff" in seen.health_message
