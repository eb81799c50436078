"""The tree of an application as the API gives it, and which of its objects a user means."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from controller.cli.api import pages
from controller.errors import UsageError

if TYPE_CHECKING:
    import httpx

Node = Mapping[str, Any]
_RUN_PODS = frozenset(
    {"CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"}
)


def of_tree(api: "httpx.Client", name: str) -> list[Node]:
    """Give every object of an application with what is below it."""
    found = pages(api, f"/api/v1/applications/{name}/resource-tree")
    return [node for page in found for node in (*page["nodes"], *page["orphanedNodes"])]


def find(nodes: Iterable[Node], text: str) -> list[Node]:
    """Give what is meant by `Kind/name` or a name: the objects of it, or those of a definition.

    `Agent/triage` is no object of the cluster: what the definition renders to is meant.

    Raises:
        UsageError: there is none.
    """
    kind, _, name = text.rpartition("/")
    nodes = list(nodes)
    objects = [node for node in nodes if _is(kind, name, node["kind"], node["name"])]
    if kind and objects:
        return objects
    defined = [node for node in nodes if _is_of(kind, name, node["component"])]
    if not (defined or objects):
        raise UsageError(
            f"There is no object or definition {text!r} in this application.",
            remedy="`roster app tree` shows all; name one as `Kind/name`.",
        )
    return defined or objects


def find_with_pods(nodes: Sequence[Node], text: str) -> Node:
    """Give the object that is meant, preferably one that runs pods: a Secret has no log.

    Raises:
        UsageError: there is none, or it is nothing that could run pods.
    """
    found = [node for node in find(nodes, text) if node["kind"] in _RUN_PODS]
    if not found:
        raise UsageError(
            f"{text} runs no pods, so it has no log.",
            remedy="Name an agent, a Deployment or a pod; `roster app tree` shows all.",
        )
    return next((node for node in found if _runs_pods(nodes, node)), found[0])


def below(nodes: Sequence[Node], tops: Sequence[Node]) -> list[Node]:
    """Give objects of the tree and everything below them, in the order of the tree."""
    chosen: set[str] = set()
    found = []
    for node in nodes:
        is_top = any(node is top for top in tops)
        if is_top or any(parent["uid"] in chosen for parent in node["parentRefs"]):
            chosen.add(node["uid"])
            found.append(node)
    return found


def reference(item: Mapping[str, Any]) -> str:
    """Give an object's name as kubectl takes it: `deployment.apps/name`."""
    group = f".{item['group']}" if item["group"] else ""
    return f"{item['kind'].lower()}{group}/{item['name']}"


def _is(kind: str, name: str, its_kind: str, its_name: str) -> bool:
    return its_name == name and kind.lower() in {"", its_kind.lower()}


def _is_of(kind: str, name: str, component: str) -> bool:
    """Tell whether a component, as `Kind namespace/name`, is the definition that is meant."""
    its_kind, _, place = component.partition(" ")
    return _is(kind, name, its_kind.partition(".")[0], place.rpartition("/")[2])


def _runs_pods(nodes: Sequence[Node], top: Node) -> bool:
    return any(node["kind"] == "Pod" for node in below(nodes, [top]))
