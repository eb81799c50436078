"""Hooks, waves and pruning of whole visits: Jobs that run on the local cluster."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from controller.cluster.errors import InvalidError
from controller.objects import ObjectKey
from controller.reconcile import operations
from controller.reconcile.workqueue import Trigger
from controller.state.records import ObjectResult, OperationPhase, RetryPolicy, SyncStatus

Write = Callable[..., str]

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  {name}
  annotations: {{{annotations}}}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - {{name: main, image: "python:3.12", command: [python3, -c, {code}]}}
"""


def job(name: str, phase: str, code: str = "pass", **annotations: str) -> str:
    """Write a hook; a name that ends with a dash is a prefix."""
    notes = {"roster.dev/hook": phase, **{f"roster.dev/{k}": v for k, v in annotations.items()}}
    text = ", ".join(f"{key}: {value!r}" for key, value in notes.items())
    field = "generateName" if name.endswith("-") else "name"
    return JOB.format(name=f"{field}: {name}", annotations=text, code=repr(code))


FAILS = "raise SystemExit(3)"
HANGS = "import time; time.sleep(600)"


def results(world: Any) -> dict[str, ObjectResult]:
    """What the last operation did, by name of the object."""
    return {ObjectKey.parse(item.key).name: item for item in world.record.operation.objects}


def jobs(world: Any) -> list[str]:
    found = world.client.list("batch/v1", "Job", namespace=world.namespace)
    return sorted(item["metadata"]["name"] for item in found if "deletionTimestamp" not in item)


def test_hooks_run_in_their_phases_and_waves_come_in_order(world: Any, prompts: Write) -> None:
    order: list[str] = []
    world.when_applied = lambda manifest: order.append(manifest["metadata"]["name"])
    world.commit(
        after=job("after", "PostSync"),
        before=job("before", "PreSync"),
        during=job("during", "Sync", **{"sync-wave": "2"}),
        last=prompts("last", **{"argocd.argoproj.io/sync-wave": "3"}),
        first=prompts("first", **{"roster.dev/sync-wave": "-1"}),
        plain=prompts("plain"),
        never=job("never", "SyncFail"),
    )

    world.visit()

    assert order == ["before", "first", "plain", "during", "last", "after"]
    assert {name: (one.sync_phase, one.hook_phase) for name, one in results(world).items()} == {
        "before": ("PreSync", "Succeeded"),
        "first": ("Sync", ""),
        "plain": ("Sync", ""),
        "during": ("Sync", "Succeeded"),
        "last": ("Sync", ""),
        "after": ("PostSync", "Succeeded"),
    }
    assert world.record.operation.phase is OperationPhase.SUCCEEDED


def test_hooks_are_in_the_inventory_and_count_for_no_status(world: Any, prompts: Write) -> None:
    world.commit(before=job("before", "PreSync"), plain=prompts("plain"))

    world.visit()
    world.visit()

    status = world.record.status
    assert (status.sync, status.health) == (SyncStatus.SYNCED, "Healthy")
    assert [ObjectKey.parse(item.key).name for item in status.objects] == ["plain"]
    assert f"batch/Job {world.namespace}/before" in world.record.inventory
    assert len(world.record.history) == 1, "a hook is no reason to sync"


def test_a_hook_that_fails_keeps_the_rest_from_being_written(world: Any, prompts: Write) -> None:
    world.commit(
        before=job("before", "PreSync", FAILS),
        plain=prompts("plain"),
        after=job("after", "PostSync"),
        failed=job("failed", "SyncFail"),
    )

    world.visit()

    found = results(world)
    assert found["before"].hook_phase == "Failed"
    assert "HookFailed: batch/Job" in found["plain"].message
    assert (found["after"].status, found["after"].hook_phase) == ("HookSkipped", "")
    assert (found["failed"].sync_phase, found["failed"].hook_phase) == ("SyncFail", "Succeeded")
    assert world.config_map("plain") is None
    assert world.record.operation.phase is OperationPhase.FAILED


def test_a_hook_that_does_not_end_fails_at_its_limit(world: Any, prompts: Write) -> None:
    world.commit(
        before=job("before", "PreSync", HANGS, **{"hook-timeout": "500ms"}), plain=prompts()
    )

    world.visit()

    assert "it did not end within 0.5 s: " in results(world)["before"].message


def test_a_hook_that_vanishes_fails(world: Any, prompts: Write) -> None:
    world.commit(before=job("before", "PreSync", HANGS), plain=prompts())

    def vanish(manifest: Any) -> None:
        if manifest["kind"] == "Job":
            world.reconciler.executor._live.subscribe(lambda key, _: delete(key))

    def delete(key: ObjectKey) -> None:
        found = world.client.get(key, "batch/v1") if key.kind == "Job" else None
        if found is not None:
            uid = found["metadata"]["uid"]
            world.client.delete(found, uid=uid, propagation="Background")

    world.when_applied = vanish
    world.visit()

    assert results(world)["before"].message == "it was deleted before it ended"


@pytest.mark.parametrize(
    ("policy", "code", "left"),
    [
        ("HookSucceeded", "pass", []),
        ("HookSucceeded", FAILS, ["hook"]),
        ("HookFailed", FAILS, []),
        ("HookFailed", "pass", ["hook"]),
        ("", "pass", ["hook"]),
    ],
)
def test_hooks_are_deleted_as_their_policy_says(
    world: Any, prompts: Write, policy: str, code: str, left: list[str]
) -> None:
    world.commit(hook=job("hook", "PostSync", code, **{"hook-delete-policy": policy}), a=prompts())

    world.visit()

    assert jobs(world) == left
    assert any("Job" in key for key in world.record.inventory) == bool(left)


@pytest.mark.parametrize("phase", ["PreSync", "Sync"])
def test_terminating_an_operation_deletes_the_hook_that_runs(
    world: Any, prompts: Write, phase: str
) -> None:
    world.commit(before=job("before", phase, HANGS), a=prompts())

    def terminate(manifest: Any) -> None:
        if manifest["kind"] == "Job":
            world.store.update(
                world.name, lambda record: operations.terminate(record, "ada", world.now)
            )

    world.when_applied = terminate
    world.visit()

    assert results(world)["before"].message == "Terminated by ada. It was deleted."
    assert jobs(world) == []
    assert not any("Job" in key for key in world.record.inventory)
    assert world.record.operation.phase is OperationPhase.FAILED


def test_a_newer_request_leaves_the_hook_that_runs_to_its_own_operation(
    world: Any, prompts: Write
) -> None:
    world.commit(before=job("before", "PreSync", HANGS), a=prompts())
    world.when_applied = lambda manifest: world.ask() if manifest["kind"] == "Job" else None

    world.visit()

    assert results(world)["before"].message.endswith("It goes on by itself.")
    assert jobs(world) == ["before"]


FAILS_AT_FIRST = (
    "import os, pathlib; mark = pathlib.Path({mark!r}); known = mark.exists(); mark.touch(); "
    "raise SystemExit(0 if known else 3)"
)


@pytest.mark.parametrize("phase", ["PostSync", "Sync"])
def test_a_hook_that_failed_is_tried_again_by_itself(
    world: Any, prompts: Write, phase: str
) -> None:
    """It has its turn although nothing else is pending, and the hooks before it have had theirs."""
    code = FAILS_AT_FIRST.format(mark=str(world.folder / "mark"))
    world.commit(before=job("before", "PreSync"), a=prompts(), last=job("last", phase, code))
    world.visit()
    failed = results(world)["last"].hook_phase
    wait_s = world.visit(Trigger.POLL)
    at_once = world.record.operation.id

    world.later(wait_s)
    world.visit(Trigger.POLL)

    assert (failed, at_once) == ("Failed", 1)
    assert {name: one.hook_phase for name, one in results(world).items()} == {"last": "Succeeded"}
    assert world.record.operation.phase is OperationPhase.SUCCEEDED
    assert world.record.retries == ()


def test_the_tries_of_a_hook_end_at_the_limit(world: Any, prompts: Write) -> None:
    world.follow(retry=RetryPolicy(hook_limit=0))
    world.commit(a=prompts(), last=job("last", "PostSync", FAILS))
    world.visit()
    world.later(3600)

    world.visit()

    assert world.record.operation.id == 1
    (condition,) = [one for one in world.record.status.conditions if one.type == "SyncError"]
    assert "/last: " in condition.message


def test_a_hook_that_health_kept_from_running_is_run_later(world: Any, prompts: Write) -> None:
    slow = job("slow", "Sync", HANGS).replace("roster.dev/hook: 'Sync'", "")
    world.commit(slow=slow, a=prompts(), last=job("last", "PostSync"))
    world.give_up_after(2)
    world.visit()
    world.give_up_after(60)
    skipped = results(world)["last"]
    told = {"roster.dev/health": "ignore"}
    world.client.connection.request(
        "PATCH",
        f"/apis/batch/v1/namespaces/{world.namespace}/jobs/slow",
        action="tell that its health does not count",
        body={"metadata": {"annotations": told}},
        content_type="application/merge-patch+json",
    )
    world.later(60)

    world.visit()

    assert skipped.message.startswith("not run: NotHealthy: batch/Job ")
    assert {name: one.hook_phase for name, one in results(world).items()} == {"last": "Succeeded"}


def test_the_retry_of_a_component_runs_only_the_hooks_that_are_owed(
    world: Any, prompts: Write
) -> None:
    world.commit(
        before=job("before", "PreSync"), a=prompts("a"), bad=prompts("bad"),
        after=job("after", "PostSync"),
    )  # fmt: skip
    fails = [True]

    def refuse(manifest: Any) -> None:
        if manifest["metadata"]["name"] == "bad" and fails:
            raise InvalidError("Cannot apply it.")

    world.when_applied = refuse
    world.visit()
    first = {name: one.status for name, one in results(world).items()}
    fails.clear()
    world.later(60)

    world.visit()

    assert first == {"before": "Synced", "a": "Synced", "bad": "SyncFailed", "after": "HookSkipped"}
    assert {name: one.status for name, one in results(world).items()} == {
        "bad": "Synced", "after": "Synced",
    }  # fmt: skip
    assert world.record.operation.initiated_by == "automated"


def test_every_run_of_a_hook_is_new(world: Any, prompts: Write) -> None:
    world.commit(fixed=job("fixed", "PreSync"), named=job("named-", "PreSync"), a=prompts())
    world.visit()
    before = jobs(world)

    second = world.commit(a=prompts(text="Be brief."))
    world.visit()

    after = jobs(world)
    assert len(before) == len(after) == 2
    assert before[0] == after[0] == "fixed"
    assert after[1].startswith(f"named-{second[:7]}-presync-")
    assert results(world)[before[1]].message == "it was an earlier run of a hook"
    assert [ObjectKey.parse(key).name for key in world.record.inventory if "Job" in key] == after


def test_a_hook_of_nobody_is_left_alone(world: Any, prompts: Write) -> None:
    world.client.ensure_namespace(world.namespace)
    world.client.connection.request(
        "POST",
        f"/api/v1/namespaces/{world.namespace}/configmaps",
        action="create",
        body={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}},
    )
    world.commit(hook=prompts("theirs", **{"argocd.argoproj.io/hook": "PreSync"}), a=prompts())

    world.visit()

    assert "is no hook of this application" in results(world)["theirs"].message
    assert "labels" not in world.config_map("theirs")["metadata"]


def test_correcting_drift_runs_no_hooks(world: Any, prompts: Write) -> None:
    world.commit(hook=job("hook", "PreSync"), a=prompts())
    world.visit()
    world.client.connection.request(
        "PATCH",
        f"/api/v1/namespaces/{world.namespace}/configmaps/style",
        action="edit",
        body={"data": {"text": "by hand"}},
        content_type="application/merge-patch+json",
    )
    world.seen(lambda live: live["data"]["text"] == "by hand")

    world.visit(Trigger.DRIFT)

    assert world.config_map("style")["data"] == {"text": "Be kind."}
    assert world.record.operation.initiated_by == "self-heal"
    assert list(results(world)) == ["style"]


def test_a_sync_that_was_asked_for_runs_hooks_although_nothing_changed(
    world: Any, prompts: Write
) -> None:
    world.commit(hook=job("hook", "PreSync"), a=prompts())
    world.visit()

    world.ask()
    world.visit(Trigger.MANUAL)

    assert list(results(world)) == ["hook"]


def test_a_hook_that_left_git_is_pruned(world: Any, prompts: Write) -> None:
    world.follow(prune=True)
    world.commit(hook=job("hook", "PreSync"), named=job("named-", "PreSync"), a=prompts())
    world.visit()

    world.commit(hook=None, named=None)
    world.visit()

    assert {one.status for one in results(world).values()} == {"Pruned"}
    assert not any("Job" in key for key in world.record.inventory)


def test_an_approval_on_the_object_lets_it_go_by_itself(world: Any, prompts: Write) -> None:
    world.follow(prune=True)
    world.commit(a=prompts("a", **{"argocd.argoproj.io/sync-options": "Prune=confirm"}))
    world.visit()
    world.commit(a=None, other=prompts("other"))
    world.visit()
    kept = world.config_map("a")
    # Of this clock, not the world's: it is git that dates commits.
    note = {"argocd.argoproj.io/deletion-approved": datetime.now(UTC).isoformat()}
    world.client.connection.request(
        "PATCH",
        f"/api/v1/namespaces/{world.namespace}/configmaps/a",
        action="approve",
        body={"metadata": {"annotations": note}},
        content_type="application/merge-patch+json",
    )
    world.seen(lambda live: note.items() <= live["metadata"]["annotations"].items(), "a")

    world.visit(Trigger.DRIFT)

    assert kept is not None
    assert world.config_map("a") is None


def test_what_is_pruned_last_waits_until_everything_is_written(world: Any, prompts: Write) -> None:
    world.follow(prune=True)
    last = {"argocd.argoproj.io/sync-options": "PruneLast=true"}
    world.commit(a=prompts("a"), b=prompts("b", **last))
    world.visit()

    world.commit(b=None, a=None, bad="apiVersion: demo.example/v1\nkind: X\nmetadata: {name: x}\n")
    world.visit()

    found = results(world)
    assert found["a"].status == "Pruned"
    assert found["b"].status == "PruneSkipped"
    assert "is not synced" in found["b"].message
