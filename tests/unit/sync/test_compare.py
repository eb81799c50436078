import dataclasses
from typing import Any

import pytest

from controller.cluster.errors import InvalidError, UnreachableError
from controller.diff.difference import Outcome
from controller.diff.ignore import Rule
from controller.objects import Manifest, ObjectKey
from controller.objects.metadata import with_metadata
from controller.sync.compare import differences
from controller.sync.jqpaths import ExpressionError
from controller.sync.memory import Memory

KEY = ObjectKey("", "ConfigMap", "ns", "one")


@pytest.fixture
def memory() -> Memory:
    return Memory()


def test_an_object_that_is_nowhere_is_missing(cluster: Any, client: Any, component: Any) -> None:
    found = differences([component("one")], cluster, client)

    assert found[KEY].outcome is Outcome.MISSING


def test_many_missing_objects_cost_one_list(cluster: Any, client: Any, component: Any) -> None:
    found = differences([component(f"x{number}") for number in range(20)], cluster, client)

    assert {one.outcome for one in found.values()} == {Outcome.MISSING}
    assert cluster.requests == ["list v1 ConfigMap ns"]


def test_what_is_known_to_be_the_same_costs_no_request(
    cluster: Any, client: Any, component: Any, memory: Memory
) -> None:
    one = component("one", data={"x": "1"})
    cluster.apply(one.manifests[0])
    cluster.requests.clear()

    found = differences([one], cluster, client, memory=memory)

    assert found[KEY].outcome is Outcome.SAME
    assert cluster.requests == []


def test_what_the_fields_leave_open_is_asked_once(
    cluster: Any, client: Any, component: Any, memory: Memory
) -> None:
    one = component("one", data={"x": "1"})
    cluster.apply(component("one", data={"x": "2"}).manifests[0])
    cluster.requests.clear()

    first = differences([one], cluster, client, memory=memory)
    second = differences([one], cluster, client, memory=memory)

    assert first[KEY].outcome is second[KEY].outcome is Outcome.DIFFERENT
    assert [change.path for change in second[KEY].changes] == ["data.x"]
    assert cluster.requests == ["try one"]


def test_a_new_status_does_not_lead_to_a_new_question(
    cluster: Any, client: Any, component: Any, memory: Memory
) -> None:
    one = component("one", data={"x": "1"})
    cluster.apply(component("one", data={"x": "2"}).manifests[0])
    differences([one], cluster, client, memory=memory)
    cluster.requests.clear()
    cluster.set(KEY, status={"phase": "Busy"})

    found = differences([one], cluster, client, memory=memory)

    assert found[KEY].outcome is Outcome.DIFFERENT
    assert (found[KEY].live or {})["status"] == {"phase": "Busy"}
    assert cluster.requests == []


def test_drift_leads_to_a_new_question(
    cluster: Any, client: Any, component: Any, memory: Memory
) -> None:
    one = component("one", data={"x": "1"})
    cluster.apply(one.manifests[0])
    differences([one], cluster, client, memory=memory)
    cluster.requests.clear()
    cluster.set(KEY, data={"x": "by hand"})

    found = differences([one], cluster, client, memory=memory)

    assert found[KEY].outcome is Outcome.DIFFERENT
    assert cluster.requests == ["try one"]


def test_a_failed_dry_run_is_undecided_with_the_reason(
    cluster: Any, client: Any, component: Any, invalid: InvalidError, memory: Memory
) -> None:
    cluster.apply(component("one", data={"x": "2"}).manifests[0])
    cluster.failing["one"] = invalid

    found = differences([component("one", data={"x": "1"})], cluster, client, memory=memory)

    assert found[KEY].outcome is Outcome.UNDECIDED
    assert "spec is wrong" in found[KEY].message


def test_an_unreachable_cluster_is_an_error(cluster: Any, client: Any, component: Any) -> None:
    cluster.apply(component("one", data={"x": "2"}).manifests[0])
    cluster.failing["one"] = UnreachableError("Cannot try it.")

    with pytest.raises(UnreachableError):
        differences([component("one", data={"x": "1"})], cluster, client)


@pytest.mark.parametrize("many", [0, 10])
def test_an_object_without_our_label_is_found_by_asking(
    cluster: Any, client: Any, component: Any, many: int
) -> None:
    others = [component(f"other{number}") for number in range(many)]
    foreign: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "one", "namespace": "ns", "uid": "x", "resourceVersion": "9"},
    }
    client.get = lambda key, _: foreign if key == KEY else None
    client.names = lambda *_: frozenset({"one"})

    found = differences([component("one"), *others], cluster, client)

    assert found[KEY].outcome is Outcome.DIFFERENT
    assert found[KEY].live == foreign


def test_a_kind_that_may_not_be_listed_leaves_the_others_alone(
    cluster: Any, client: Any, component: Any
) -> None:
    cluster.forbidden = {"Secret"}

    found = differences([component("one"), component("two", "Secret")], cluster, client)

    assert found[KEY].outcome is Outcome.MISSING
    hidden = found[ObjectKey("", "Secret", "ns", "two")]
    assert hidden.outcome is Outcome.UNDECIDED
    assert hidden.message == "Cannot list v1 Secret."


def test_a_kind_without_namespace_is_found_although_git_names_one(
    cluster: Any, client: Any, component: Any
) -> None:
    role = component("one", "ClusterRole")
    cluster.apply(client.canonical(role.manifests[0]))
    cluster.requests.clear()

    (found,) = differences([role], cluster, client).values()

    assert found.outcome is Outcome.SAME
    assert cluster.requests == []


def test_ignored_fields_are_left_to_others(cluster: Any, client: Any, component: Any) -> None:
    def wants(replicas: int) -> Any:
        made = component("one", "Deployment", spec={"replicas": replicas})
        (manifest,) = made.manifests
        ignore = {"roster.dev/ignore-differences": "/spec/replicas"}
        stamped = with_metadata(manifest, labels={}, annotations=ignore)
        return dataclasses.replace(made, manifests=(stamped,))

    cluster.apply(wants(3).manifests[0])

    (found,) = differences([wants(1)], cluster, client).values()

    assert found.outcome is Outcome.SAME
    assert (found.desired or {})["spec"] == {"replicas": 3}


RULE = Rule(group="*", kind="ConfigMap", jq_path_expressions=(".data.x",))


def test_the_rules_of_an_application_are_evaluated_once_for_a_state(
    cluster: Any, client: Any, component: Any, memory: Memory
) -> None:
    asked: list[str] = []

    def find(expression: str, _: Manifest) -> tuple[tuple[str, ...], ...]:
        asked.append(expression)
        return (("data", "x"),)

    cluster.apply(component("one", data={"x": "live"}).manifests[0])
    git = [component("one", data={"x": "git"})]
    for _ in range(2):
        (found,) = differences(
            git, cluster, client, memory=memory, ignored=[RULE], find=find
        ).values()

    assert found.outcome is Outcome.SAME
    assert asked == [".data.x"] * 2, "once in git's state and once in the live one"
    (without,) = differences(git, cluster, client, memory=memory).values()
    assert without.outcome is Outcome.DIFFERENT


def test_an_expression_that_cannot_be_evaluated_keeps_the_object_from_being_written(
    cluster: Any, client: Any, component: Any, memory: Memory
) -> None:
    def find(_: str, __: Manifest) -> tuple[tuple[str, ...], ...]:
        raise ExpressionError("It took more than 1 s.")

    cluster.apply(component("one", data={"x": "live"}).manifests[0])

    (found,) = differences(
        [component("one")], cluster, client, memory=memory, ignored=[RULE], find=find
    ).values()

    assert found.outcome is Outcome.UNDECIDED
    assert found.must_not_write
    assert found.message == "It took more than 1 s."
