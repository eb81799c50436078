import itertools
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.errors import PermanentError, TransientError
from controller.objects import ObjectKey
from controller.objects.outlines import Outline, outline
from controller.reconcile.revisions import Revisions
from controller.render.options import RenderOptions
from controller.source.repository import Repositories
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    Hold,
    Operation,
    SyncRequest,
)

PROMPTS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: style}}\ndata: {{a: {}}}\n"


class World:
    """A repository that is committed to, and the revisions of an application of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "repository"
        self.folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.spec = ApplicationSpec(name="a", repo_url=str(self.folder), namespace="agents")
        self.revisions = Revisions(
            repositories=Repositories(folder / "mirrors", listing_validity_s=0),
            options=lambda spec: RenderOptions(application=spec.name, namespace=spec.namespace),
        )

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Ada", "-c", "user.email=a@b")
        done = subprocess.run(
            ["git", "-C", self.folder, *identity, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, text: str) -> str:
        (self.folder / "style.yaml").write_text(PROMPTS.format(text))
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", text)
        return self.git("rev-parse", "HEAD")

    def record(self, hold: Hold | None = None) -> ApplicationRecord:
        return ApplicationRecord(spec=self.spec, hold=hold)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_newest_commit_is_followed(world: World) -> None:
    first = world.commit("one")
    before = world.revisions.current(world.record(), refresh=True)
    second = world.commit("two")

    unseen = world.revisions.current(world.record(), refresh=False)
    seen = world.revisions.current(world.record(), refresh=True)

    assert [found.commit.revision for found in (before, unseen, seen)] == [first, first, second]


def test_a_revision_that_was_asked_for_is_held_until_the_next_commit(world: World) -> None:
    first = world.commit("one")
    second = world.commit("two")

    asked = world.revisions.current(
        world.record(), refresh=True, request=SyncRequest(revision=first)
    )
    polled = world.revisions.current(world.record(asked.hold), refresh=True)
    third = world.commit("three")
    after = world.revisions.current(world.record(asked.hold), refresh=True)

    assert asked.hold == Hold(revision=first, instead_of=second)
    assert polled.commit.revision == first
    assert (after.commit.revision, after.hold) == (third, None)


def test_a_plain_sync_ends_a_hold(world: World) -> None:
    first = world.commit("one")
    second = world.commit("two")
    hold = Hold(revision=first, instead_of=second)

    found = world.revisions.current(world.record(hold), refresh=True, request=SyncRequest())

    assert (found.commit.revision, found.hold) == (second, None)


def test_a_hold_outlives_a_restart(world: World) -> None:
    first = world.commit("one")
    second = world.commit("two")

    found = world.revisions.current(
        world.record(Hold(revision=first, instead_of=second)), refresh=False
    )

    assert found.commit.revision == first


def test_a_held_revision_has_not_moved(world: World) -> None:
    first = world.commit("one")
    world.commit("two")
    held = world.revisions.current(
        world.record(), refresh=True, request=SyncRequest(revision=first)
    )
    before = world.revisions.moved(held)
    world.commit("three")

    assert (before, world.revisions.moved(held)) == (False, True)


def test_a_revision_that_does_not_exist_is_refused(world: World) -> None:
    world.commit("one")
    world.revisions.current(world.record(), refresh=True)

    with pytest.raises(PermanentError, match="no-such-branch"):
        world.revisions.current(
            world.record(), refresh=True, request=SyncRequest(revision="no-such-branch")
        )


def test_an_unreachable_repository_leaves_what_is_known(world: World) -> None:
    first = world.commit("one")
    world.revisions.current(world.record(), refresh=True)
    world.folder.rename(world.folder.with_name("moved"))

    found = world.revisions.current(world.record(), refresh=True, fresh=True)

    assert found.commit.revision == first
    assert "repository" in found.problem


def test_what_two_applications_ask_for_is_known(world: World) -> None:
    world.commit("one")
    shared = ObjectKey("", "ConfigMap", "agents", "style")
    for name in ("a", "b"):
        spec = world.spec.model_copy(update={"name": name})
        world.revisions.current(ApplicationRecord(spec=spec), refresh=True)
    elsewhere = world.spec.model_copy(update={"name": "c", "namespace": "other"})
    world.revisions.current(ApplicationRecord(spec=elsewhere), refresh=True)

    assert world.revisions.claims("a") == {shared: "b"}
    assert world.revisions.claims("b") == {shared: "a"}
    assert world.revisions.claims("c") == world.revisions.claims("unknown") == {}


def test_a_revert_says_in_git_what_an_operation_applied(world: World) -> None:
    first = world.commit("one")
    world.commit("two")
    operation = Operation(
        id=3, revision=first, message="Add one", started_at=datetime(2026, 1, 1, tzinfo=UTC)
    )

    made = world.revisions.revert(world.record(), operation, "back")

    assert world.git("rev-parse", "back") == made
    assert world.git("diff", "--name-only", first, "back") == ""
    assert world.git("log", "-1", "--format=%B", "back") == (
        f"Revert . to {first[:7]}\n\nAs the application a was in its operation 3: Add one."
    )


PROMPTED = """\
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: prompted}
spec:
  declarative: {modelConfig: m, systemMessageFrom: {type: ConfigMap, name: tone, key: a}}
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: m}
spec: {model: m, apiKeyPassthrough: true}
"""


def tone(text: str) -> dict[ObjectKey, Outline]:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": text}}
    return {ObjectKey("", "ConfigMap", "agents", "tone"): outline(manifest, with_values=True)}


def test_a_revision_is_rendered_once_and_again_when_the_cluster_changes(world: World) -> None:
    seen = [tone("Be kind.")]
    world.revisions = replace(world.revisions, look=lambda _name, _wanted: seen[-1])
    world.commit("a")
    (world.folder / "agent.yaml").write_text(PROMPTED)
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "Agent")

    revision = world.revisions.current(world.record(), refresh=True)
    same = world.revisions.completed(revision)
    seen.append(tone("Be brief."))
    changed = world.revisions.completed(revision)

    assert same is revision
    assert revision.desired.objects() != changed.desired.objects()
    assert world.revisions.current(world.record(), refresh=False) is changed
    assert changed.desired.findings == ()


def prompted(world: World, look: Callable[[], dict[ObjectKey, Outline]]) -> tuple[str, str]:
    """Have two commits of an agent whose prompt is in the cluster, and give them."""
    world.revisions = replace(world.revisions, look=lambda _name, _wanted: look())
    (world.folder / "agent.yaml").write_text(PROMPTED)
    return world.commit("one"), world.commit("two")


def test_a_revision_that_is_peeked_at_does_not_become_the_current_one(world: World) -> None:
    counter = itertools.count()
    first, second = prompted(world, lambda: tone(str(next(counter))))
    world.revisions.current(world.record(), refresh=True)

    peeked = world.revisions.peek(world.record(), SyncRequest(revision=first, dry_run=True))

    assert peeked.commit.revision == first
    assert world.revisions.current(world.record(), refresh=False).commit.revision == second


def test_a_revision_that_is_rendered_late_does_not_replace_a_newer_one(world: World) -> None:
    seen = [tone("Be kind.")]
    first, _ = prompted(world, lambda: seen[-1])
    hold = Hold(revision=first, instead_of=world.git("rev-parse", "HEAD"))
    slow = world.revisions.current(world.record(hold), refresh=True)
    newer = world.revisions.current(world.record(), refresh=True)
    seen.append(tone("Be brief."))

    rendered = world.revisions.completed(slow)

    assert rendered.commit.revision == first
    assert world.revisions.current(world.record(), refresh=False) is newer


def test_a_cluster_that_is_away_is_asked_again_before_anything_is_compared(world: World) -> None:
    def away(_name: str, _wanted: object) -> dict[ObjectKey, Outline]:
        raise TransientError("The cluster is away.")

    world.revisions = replace(world.revisions, look=away)
    world.commit("a")
    revision = world.revisions.current(world.record(), refresh=True)

    assert revision.desired.cluster is None
    with pytest.raises(TransientError):
        world.revisions.completed(revision)
