"""Ends the tasks of agents whose process is gone: its pod was deleted, or it does not run.

A process that starts again in its pod says so itself, to `/api/tasks/interrupted`. This looks after
those that nobody follows. A pod that the watch knows to run costs nothing; of any other the cluster
is asked before anything is concluded from it: not knowing a pod is no sign that it is gone.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import structlog

from controller.errors import RosterError
from controller.objects import Manifest
from controller.state.interrupted import Process
from controller.state.tasks import Tasks, Unfinished

log = structlog.get_logger(__name__)

INTERVAL_S = 5.0
CONTAINER = "kagent"
"""Of the agent, in its pod: the others' are sidecars."""
GONE = "The agent's pod was deleted or died in the middle of this task."
DEAD = "The agent's process ended in the middle of this task."

PlaceOf: TypeAlias = Callable[[str], tuple[str, str]]
"""Gives namespace and name of an agent in kagent's form."""
Pods: TypeAlias = Callable[[str], Mapping[str, Manifest]]
"""The pods of a namespace by name, as far as they are heard of."""
ReadPod: TypeAlias = Callable[[str, str], Manifest | None]
"""Asks the cluster for a pod by namespace and name; raises RosterError where it does not answer."""


class Interruptions:
    """Finds tasks that nobody works on."""

    def __init__(self, tasks: Tasks, *, place_of: PlaceOf, pods: Pods, read_pod: ReadPod) -> None:
        self._tasks = tasks
        self._place_of = place_of
        self._pods = pods
        self._read_pod = read_pod
        self._suspected: frozenset[tuple[str, Process]] = frozenset()
        """Tasks whose process seemed to be dead at the last visit."""

    def visit(self) -> int:
        """End the tasks whose process is gone, and give how many those were.

        That a container does not run may be old news, when it was just started again: it counts
        when the next visit finds it so, too.
        """
        suspected, ended = set(), 0
        look = _Look(self._pods, self._read_pod)
        for task in self._tasks.unfinished():
            namespace, _ = self._place_of(task.session.agent)
            reason, key = look.reason(namespace, task.process.pod), (task.task, task.process)
            if reason == DEAD and key not in self._suspected:
                suspected.add(key)
            elif reason:
                ended += self._end(task, reason)
        self._suspected = frozenset(suspected)
        return ended

    def _end(self, task: Unfinished, reason: str) -> bool:
        if not self._tasks.interrupt(task, reason):
            return False
        log.warning(
            "task_interrupted",
            agent=task.session.agent,
            session=task.session.id,
            task=task.task,
            pod=task.process.pod,
            reason=reason,
        )
        return True


class _Look:
    """What one visit sees of pods: each of them once."""

    def __init__(self, pods: Pods, read_pod: ReadPod) -> None:
        self._read_pod = read_pod
        self._heard = functools.cache(pods)
        self.reason = functools.cache(self._reason)

    def _reason(self, namespace: str, pod: str) -> str:
        """Give why no process of a pod goes on; empty where one runs, or nothing is known."""
        heard = self._heard(namespace).get(pod)
        if heard is not None and not _ending(heard):
            return ""
        try:
            found = self._read_pod(namespace, pod)
        except RosterError as error:
            log.warning("pod_unknown", namespace=namespace, pod=pod, problem=str(error))
            return ""
        return _ending(found) if found is not None else GONE


def _ending(pod: Manifest) -> str:
    """Give why the agent does not run in its pod; empty where it does, or is about to."""
    status: Mapping[str, Any] = pod.get("status") or {}
    if status.get("phase") in {"Failed", "Succeeded"}:
        return GONE
    for container in status.get("containerStatuses") or ():
        state = container.get("state") or {}
        if container.get("name") == CONTAINER and state and "running" not in state:
            return DEAD
    return ""
