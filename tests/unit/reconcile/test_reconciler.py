"""Whole visits, on real git, the local cluster and a real database."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.cluster.errors import InvalidError
from controller.errors import PermanentError, TransientError
from controller.objects import Manifest
from controller.reconcile import interruption, operations
from controller.reconcile.workqueue import Trigger
from controller.state.records import Operation, OperationPhase, SyncStatus, SyncWindow

Write = Callable[..., str]


def test_a_commit_is_applied(world: Any, prompts: Write) -> None:
    revision = world.commit(a=prompts())

    world.visit()

    assert world.record.status.sync is SyncStatus.SYNCED
    assert world.record.status.synced_revision == revision
    assert world.config_map("style")["data"] == {"text": "Be kind."}


def test_a_request_is_carried_out_by_the_operation_with_its_number(
    world: Any, prompts: Write
) -> None:
    world.commit(a=prompts())
    world.visit()

    asked = world.ask(initiated_by="ada")
    world.visit(Trigger.MANUAL)

    assert asked.request.id == 1
    assert world.record.request is None
    assert [(item.request_id, item.initiated_by) for item in world.record.history] == [
        (1, "ada"),
        (0, "automated"),
    ]


def test_a_request_waits_until_the_source_can_be_read(world: Any, prompts: Write) -> None:
    world.follow(spec={"repo_url": "https://127.0.0.1:1/agents.git"}, automated=False)
    world.ask(initiated_by="ada")
    with pytest.raises(TransientError):
        world.visit(Trigger.MANUAL)

    world.follow(automated=False)
    revision = world.commit(a=prompts())
    world.visit()

    assert world.record.status.synced_revision == revision
    assert world.record.history[0].initiated_by == "ada"


def test_a_request_outlives_a_restart(world: Any, prompts: Write) -> None:
    world.follow(automated=False)
    revision = world.commit(a=prompts())
    world.ask()
    world.restart()

    world.visit(Trigger.STARTUP)

    assert world.record.status.synced_revision == revision


def test_a_request_that_can_never_be_carried_out_is_refused_in_history(
    world: Any, prompts: Write
) -> None:
    world.commit(a=prompts())
    world.visit()
    world.ask(revision="no-such-branch", initiated_by="ada")

    with pytest.raises(PermanentError):
        world.visit(Trigger.MANUAL)

    assert world.record.request is None
    refused = world.record.history[0]
    assert (refused.phase, refused.request_id) == (OperationPhase.ERROR, 1)
    assert "no-such-branch" in refused.result_message


def test_a_newer_request_takes_the_place_of_the_one_that_runs(world: Any, prompts: Write) -> None:
    world.follow(automated=False)
    world.commit(**{f"f{number}": prompts(f"c{number}") for number in range(20)})
    asked: list[Manifest] = []

    def ask_once(manifest: Manifest) -> None:
        if not asked:
            asked.append(manifest)
            world.ask(initiated_by="bob")

    world.when_applied = ask_once
    world.ask(initiated_by="ada")
    world.visit(Trigger.MANUAL)
    left = world.record.request
    world.visit(Trigger.MANUAL)

    assert left.initiated_by == "bob"
    assert world.record.history[0].initiated_by == "bob"
    assert world.record.status.sync is SyncStatus.SYNCED


def test_a_newer_commit_supersedes_and_the_request_goes_on_with_it(
    world: Any, prompts: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interruption, "_LOOK_AGAIN_S", 0)
    world.follow(automated=False)
    world.commit(**{f"f{number}": prompts(f"c{number}") for number in range(20)})
    newer: list[str] = []

    def commit_once(_: Manifest) -> None:
        if not newer:
            newer.append(world.commit(last=prompts("last")))
            world.pending.add(Trigger.WEBHOOK)

    world.when_applied = commit_once
    world.ask()
    world.reconciler.visit(world.name, frozenset({Trigger.MANUAL}))
    world.pending.clear()
    world.visit(Trigger.WEBHOOK)

    assert world.record.status.synced_revision == newer[0]
    assert world.record.request is None


def test_stopping_ends_an_operation_which_goes_on_at_the_next_start(
    world: Any, prompts: Write
) -> None:
    world.follow(automated=False)
    files = {f"f{number}": prompts(f"c{number}") for number in range(40)}
    revision = world.commit(**files)

    def stop(_: Manifest) -> None:
        world.stopping = True

    world.when_applied = stop
    world.ask()
    world.visit(Trigger.MANUAL)
    stopped_at = len(world.live.managed(world.name))
    world.stopping = False
    world.when_applied = lambda _: None
    world.restart()
    world.visit(Trigger.STARTUP)

    assert stopped_at < 40
    assert world.record.history[1].result_message.startswith("Interrupted: ")
    assert world.record.status.synced_revision == revision
    assert world.record.request is None


def test_a_file_that_cannot_be_read_holds_back_what_it_defined_and_nothing_else(
    world: Any, prompts: Write
) -> None:
    world.follow(prune=True)
    world.commit(a=prompts("a"), b=prompts("b"))
    world.visit()

    (world.repository / "b.yaml").unlink()
    (world.repository / "b.yaml").symlink_to("/etc/passwd")
    world.commit(a=prompts("a", "Be brief."))
    world.visit()

    assert world.config_map("a")["data"] == {"text": "Be brief."}
    assert world.config_map("b") is not None
    (finding,) = world.record.status.findings
    assert (finding.file, finding.rule) == ("b.yaml", "bad-link")
    assert {item.key.split("/")[1]: item.sync for item in world.record.status.objects} == {
        "a": SyncStatus.SYNCED,
        "b": SyncStatus.UNKNOWN,
    }


def refuse(name: str) -> Callable[[Manifest], None]:
    """Answer applies of one object as the API server does to a wrong one."""

    def answer(manifest: Manifest) -> None:
        if manifest["metadata"]["name"] == name:
            raise InvalidError(f"Cannot apply ConfigMap {name}: it is wrong.")

    return answer


def test_what_fails_is_tried_again_by_itself_with_growing_waits(world: Any, prompts: Write) -> None:
    world.commit(a=prompts(), b=prompts("broken"))
    world.when_applied = refuse("broken")

    waits = []
    for _ in range(3):
        waits.append(round(world.visit()))
        assert world.visit(Trigger.DRIFT) is not None
        world.later(waits[-1])

    assert waits == [5, 10, 20]
    assert world.config_map("style") is not None
    assert {item.type for item in world.record.status.conditions} == {"SyncError"}
    assert {item.phase for item in world.record.history} == {OperationPhase.FAILED}
    assert [item.retry_count for item in world.record.history] == [1, 0]
    failed = next(item for item in world.record.status.components if item.name == "broken")
    assert (failed.tries, failed.sync) == (3, SyncStatus.OUT_OF_SYNC)
    assert "it is wrong" in failed.message


def test_a_neighbour_of_what_fails_is_corrected_at_once(world: Any, prompts: Write) -> None:
    world.commit(a=prompts(), b=prompts("broken"))
    world.when_applied = refuse("broken")
    world.visit()
    world.edit("style", {"text": "x"})

    world.visit(Trigger.DRIFT)

    assert world.config_map("style")["data"] == {"text": "Be kind."}
    assert [item.initiated_by for item in world.record.history] == ["self-heal", "automated"]
    assert world.record.status.synced_revision == ""


def test_a_new_commit_does_not_wait(world: Any, prompts: Write) -> None:
    world.commit(b=prompts("broken"))
    world.when_applied = refuse("broken")
    world.visit()

    world.when_applied = lambda _: None
    revision = world.commit(b=prompts("broken", "Mended."))
    world.visit()

    assert world.record.status.synced_revision == revision
    assert world.record.retries == ()


def test_an_object_that_somebody_changes_all_the_time_is_left_alone(
    world: Any, prompts: Write
) -> None:
    world.commit(a=prompts())
    world.visit()

    for number in range(6):
        world.edit("style", {"text": str(number)})
        world.visit(Trigger.DRIFT)
        world.later(1)
    world.edit("style", {"text": "mine"})
    wait_s = world.visit(Trigger.DRIFT)

    assert world.config_map("style")["data"] == {"text": "mine"}
    (condition,) = world.record.status.conditions
    assert condition.type == "Contested"
    assert "kubectl-edit" in condition.message
    assert wait_s == 1.0

    world.later(wait_s)
    world.visit(Trigger.TIMER)

    assert world.config_map("style")["data"] == {"text": "Be kind."}


def test_terminating_ends_an_operation_between_two_writes(world: Any, prompts: Write) -> None:
    world.commit(**{f"f{number}": prompts(f"c{number}") for number in range(40)})
    phases: list[str] = []

    def terminate(_: Manifest) -> None:
        if not phases:
            done = world.store.update(
                world.name, lambda record: operations.terminate(record, "ada", world.now)
            )
            phases.append(done.operation.phase)

    world.when_applied = terminate
    world.visit()
    world.visit()

    (ended,) = world.record.history
    assert phases == [OperationPhase.TERMINATING]
    assert (ended.phase, ended.terminated_by) == (OperationPhase.FAILED, "ada")
    assert ended.result_message.startswith("Terminated by ada. ")
    assert 0 < len(world.live.managed(world.name)) < 40
    assert "Terminated" in {item.type for item in world.record.status.conditions}


def test_what_a_crash_kept_from_being_terminated_is_not_done_again(
    world: Any, prompts: Write
) -> None:
    world.commit(a=prompts())
    running = Operation(
        id=1,
        revision=world.git("rev-parse", "HEAD"),
        started_at=world.now,
        phase=OperationPhase.TERMINATING,
        terminated_by="ada",
    )
    world.store.put(world.record.model_copy(update={"operation": running}))
    world.restart()

    world.visit(Trigger.STARTUP)

    assert world.record.history[0].phase is OperationPhase.FAILED
    assert world.config_map("style") is None


def test_nothing_is_written_while_suspended_also_after_a_restart(
    world: Any, prompts: Write
) -> None:
    world.store.update(world.name, lambda record: operations.suspend(record, "ada", world.now))
    world.commit(a=prompts())
    world.visit()
    world.restart()
    world.visit(Trigger.STARTUP)
    conditions = {item.type for item in world.record.status.conditions}

    world.store.update(world.name, operations.resume)
    world.visit(Trigger.MANUAL)

    assert "Suspended" in conditions
    assert len(world.record.history) == 1
    assert world.config_map("style") is not None


def test_a_rollback_holds_over_restarts_until_it_is_resumed(world: Any, prompts: Write) -> None:
    world.commit(a=prompts(text="one"))
    world.visit()
    first = world.record.status.synced_revision
    second = world.commit(a=prompts(text="two"))
    world.visit()

    world.ask(revision=first)
    world.visit(Trigger.MANUAL)
    world.restart()
    world.visit(Trigger.STARTUP)
    world.visit()
    held = world.config_map("style")["data"]
    world.store.update(world.name, operations.resume)
    world.visit(Trigger.MANUAL)

    assert held == {"text": "one"}
    assert world.config_map("style")["data"] == {"text": "two"}
    assert world.record.status.synced_revision == second


def test_warning_tells_of_drift_and_changes_nothing(world: Any, prompts: Write) -> None:
    world.follow(automated=False, warn=True)
    world.commit(a=prompts())

    world.visit()

    assert [item.type for item in world.record.status.conditions] == ["DriftDetected"]
    assert world.config_map("style") is None


def test_a_window_is_awaited_and_kept(world: Any, prompts: Write) -> None:
    window = SyncWindow(kind="deny", schedule="0 0 * * *", duration_s=600)
    world.follow(windows=(window,))
    world.commit(a=prompts())

    wait_s = world.visit()
    conditions = [item.type for item in world.record.status.conditions]
    world.later(wait_s)
    world.visit(Trigger.TIMER)

    assert (wait_s, conditions) == (600, ["SyncWindow"])
    assert world.config_map("style") is not None


AGENT = """apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: NAME}
spec:
  type: Declarative
  description: A test.
  declarative:
    systemMessage: Help.
    modelConfig: demo
    tools: TOOLS
"""
MODEL = """apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: demo}
spec: {provider: Ollama, model: m, ollama: {host: "http://127.0.0.1:1"}}
"""


def test_an_agent_that_calls_one_which_does_not_exist_heals_when_that_one_arrives(
    world: Any, prompts: Write
) -> None:
    calling = "[{type: Agent, agent: {name: helper}}]"
    caller = AGENT.replace("NAME", "caller").replace("TOOLS", calling)
    world.commit(caller=caller, model=MODEL, style=prompts())
    world.visit()
    before = {item.name: item for item in world.record.status.components}

    world.commit(helper=AGENT.replace("NAME", "helper").replace("TOOLS", "[]"))
    world.visit()
    after = {item.name: item for item in world.record.status.components}

    assert before["caller"].sync is SyncStatus.UNKNOWN
    assert "helper" in before["caller"].message
    assert before["style"].sync is SyncStatus.SYNCED
    assert after["caller"].sync is not SyncStatus.UNKNOWN


def test_what_needs_a_broken_definition_names_it(world: Any) -> None:
    calling = "[{type: Agent, agent: {name: helper}}]"
    broken = AGENT.replace("NAME", "helper").replace("TOOLS", "[]").replace("Help.", "")
    world.commit(
        caller=AGENT.replace("NAME", "caller").replace("TOOLS", calling), a=broken, model=MODEL
    )

    world.visit()

    messages = {item.name: item.message for item in world.record.status.components}
    assert messages["caller"] == f"DependencyNotReady: Agent {world.namespace}/helper."
