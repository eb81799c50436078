"""The kubelet: which pods run here, and when each begins, ends and is removed.

It is the scheduler, too, since there is one node: every pod that has no node is bound to this one.
"""

import asyncio
import shutil
from collections.abc import Mapping

import structlog

from controller.local.apiserver.errors import ApiError
from controller.local.workloads import pods
from controller.local.workloads.informers import Key, key_of
from controller.local.workloads.kubelet import memory, sessions
from controller.local.workloads.kubelet.container import ContainerRun
from controller.local.workloads.kubelet.node import Node
from controller.local.workloads.kubelet.pod_run import PodRun
from controller.local.workloads.kubelet.states import NODE
from controller.local.workloads.queue import Queue
from controller.objects import Manifest

log = structlog.get_logger(__name__)

_STOP_GRACE_S = 2.0
"""How long pods get when the whole cluster stops."""


class Kubelet:
    """All pods of this node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._runs: dict[str, PodRun] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._queue = Queue("kubelet", self._visit)
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow pods, and the ConfigMaps and Secrets that they show."""
        self._remove_left_folders()
        self._node.pods.subscribe(self._pod_changed)
        self._node.secrets.subscribe(lambda before, now: self._shown_changed("Secret", before, now))
        self._node.configmaps.subscribe(
            lambda before, now: self._shown_changed("ConfigMap", before, now)
        )
        for pod in self._node.pods.objects():
            self._queue.add(key_of(pod))
        self._watching = asyncio.create_task(memory.watch(self._containers))

    async def stop(self) -> None:
        """End all pods; they stay in the API and run again when the cluster starts again."""
        await self._queue.close()
        if self._watching is not None:
            self._watching.cancel()
        # The pods did not end, the cluster does: their statuses stay, and say that they ran.
        await asyncio.gather(*(run.silence() for run in self._runs.values()))
        await asyncio.gather(
            *(run.stop(_STOP_GRACE_S) for run in self._runs.values()), return_exceptions=True
        )
        for task in self._ending.values():
            task.cancel()
        await asyncio.gather(
            *(run.close(is_published=False) for run in self._runs.values()), return_exceptions=True
        )

    def run_of(self, pod: Manifest) -> PodRun | None:
        """Give the run of a pod, if it has had one in this life of the cluster."""
        return self._runs.get(pod["metadata"]["uid"])

    def cpu_seconds(self) -> Mapping[str, float]:
        """Give the CPU time that each pod has taken so far, by its uid."""
        used = sessions.read()
        return {
            uid: sum(
                (used.get(each.pid or 0, sessions.Use()).cpu_s for each in run.runs.values()),
                start=0.0,
            )
            for uid, run in self._runs.items()
        }

    def _containers(self) -> list[ContainerRun]:
        return [container for run in self._runs.values() for container in run.runs.values()]

    def _pod_changed(self, before: Manifest | None, now: Manifest | None) -> None:
        if now is None and before is not None:
            self._removed(before["metadata"]["uid"])
        elif now is not None:
            if before is not None and before["metadata"]["uid"] != now["metadata"]["uid"]:
                self._removed(before["metadata"]["uid"])
            if self._is_news(now):
                self._queue.add(key_of(now))

    def _is_news(self, pod: Manifest) -> bool:
        """Whether the kubelet has to do something: not for the statuses that it writes itself."""
        return pod["metadata"]["uid"] not in self._runs or pods.is_terminating(pod)

    def _removed(self, uid: str) -> None:
        """The pod is gone from the API: by our own last step, or because somebody forced it."""
        run = self._runs.pop(uid, None)
        if run is not None and uid not in self._ending:
            self._ending[uid] = asyncio.create_task(self._forget(run))

    async def _forget(self, run: PodRun) -> None:
        try:
            await run.stop(0)
            await run.close(is_published=False)
            run.remove_folder()
        finally:
            self._ending.pop(run.uid, None)

    async def _visit(self, key: Key) -> None:
        pod = self._node.pods.get(key)
        if pod is None:
            return
        if not pod["spec"].get("nodeName"):
            await self._bind(pod)
        elif pods.is_terminating(pod):
            self._terminate(pod)
        elif not pods.is_finished(pod) and pod["metadata"]["uid"] not in self._runs:
            run = self._runs[pod["metadata"]["uid"]] = PodRun(self._node, pod)
            run.start()

    async def _bind(self, pod: Manifest) -> None:
        namespace, name = key_of(pod)
        if pods.is_terminating(pod):
            return
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name, "namespace": namespace},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
        }
        await self._node.store.create("pods", namespace, body, subresource="binding", name=name)
        told = f"Successfully assigned {namespace}/{name} to {NODE}"
        self._node.recorder.record(pod, "Scheduled", told, component="default-scheduler")

    def _terminate(self, pod: Manifest) -> None:
        uid = pod["metadata"]["uid"]
        if uid not in self._ending:
            self._ending[uid] = asyncio.create_task(self._end(pod))

    async def _end(self, pod: Manifest) -> None:
        """Stop a deleted pod's processes, and then remove it from the API."""
        uid = pod["metadata"]["uid"]
        run = self._runs.get(uid)
        try:
            if run is not None:
                await run.stop(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
                await run.close(is_published=True)
            await self._delete(pod)
            if run is not None:
                run.remove_folder()
        except ApiError as error:
            log.warning("pod_not_removed", pod="/".join(key_of(pod)), error=str(error))
            self._queue.add_after(key_of(pod), 1)
        finally:
            self._ending.pop(uid, None)

    async def _delete(self, pod: Manifest) -> None:
        namespace, name = key_of(pod)
        try:
            await self._node.store.delete(
                "pods", namespace, name, uid=pod["metadata"]["uid"], grace_period_s=0
            )
        except ApiError as error:
            if error.code not in {404, 409}:
                raise
        self._runs.pop(pod["metadata"]["uid"], None)

    def _shown_changed(self, kind: str, before: Manifest | None, now: Manifest | None) -> None:
        changed = now or before
        if changed is None:
            return
        namespace, name = key_of(changed)
        for run in self._runs.values():
            if run.key[0] == namespace:
                run.dependency_changed(kind, name)

    def _remove_left_folders(self) -> None:
        """Remove what pods left that were deleted while the cluster was down."""
        known = {pod["metadata"]["uid"] for pod in self._node.pods.objects()}
        folder = self._node.folder / "pods"
        for entry in folder.iterdir() if folder.exists() else ():
            if entry.is_dir() and entry.name not in known:
                shutil.rmtree(entry, ignore_errors=True)
