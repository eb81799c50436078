"""Starts and stops the workloads, and answers what the API server leaves to them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

from controller.local.apiserver.delegates import LogRequest, ProxyTarget, Receive, Scope, Send
from controller.local.apiserver.errors import ApiError
from controller.local.apiserver.store import Store
from controller.local.workloads import control, times
from controller.local.workloads.cluster import WATCHED, Cluster
from controller.local.workloads.cronjobs import Clock
from controller.local.workloads.directory import Directory
from controller.local.workloads.events import Recorder
from controller.local.workloads.images import Images
from controller.local.workloads.informers import Informer
from controller.local.workloads.kubelet import addresses, logs, registration
from controller.local.workloads.kubelet.kubelet import Kubelet
from controller.local.workloads.kubelet.node import Node
from controller.local.workloads.kubelet.processes import Processes
from controller.local.workloads.proxy import ForwardProxy, ServiceProxy
from controller.local.workloads.queue import Queue
from controller.objects import Manifest

_CONTROLLERS = "system:serviceaccount:kube-system:workload-controllers"


class Workloads:
    """Everything that makes objects of the API into running processes."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        api_url: str,
        ca_file: Path,
        clock: Clock = times.now,
    ) -> None:
        controlling = store.acting_as(_CONTROLLERS, manager="kube-controller-manager")
        self._folder = folder
        self._api_url = api_url
        self._ca_file = ca_file
        self._clock = clock
        self._kubelet_store = store.acting_as("system:node:local", manager="kubelet")
        self._informers = {name: Informer(controlling, name) for name in WATCHED}
        self._recorder = Recorder(controlling)
        self._cluster = Cluster(controlling, self._recorder, self._informers)
        self._processes = Processes(folder / "pods")
        self._directory = Directory(
            self._informers["services"],
            self._informers["endpointslices.discovery.k8s.io"],
            self._informers["pods"],
        )
        self._service_proxy = ServiceProxy(self._directory)
        self._forward_proxy: ForwardProxy | None = None
        self._kubelet: Kubelet | None = None
        self._queues: list[Queue] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """End what an earlier life left running, then begin to control and to run."""
        self._processes.sweep()
        taken = addresses.claim(self._folder / "pods" / "addresses")
        self._forward_proxy = ForwardProxy(self._directory, taken.listener)
        await self._forward_proxy.start()
        self._tasks = [asyncio.create_task(each.run()) for each in self._informers.values()]
        self._tasks.append(asyncio.create_task(self._recorder.run()))
        self._tasks.append(asyncio.create_task(self._recorder.expire()))
        await asyncio.gather(*(each.synced.wait() for each in self._informers.values()))
        self._queues = control.start(self._cluster, self._cpu_seconds, self._clock)
        await registration.register(self._kubelet_store, taken.node)
        self._kubelet = Kubelet(self._node(taken))
        self._kubelet.start()

    async def stop(self) -> None:
        """End every process and task."""
        await asyncio.gather(*(queue.close() for queue in self._queues))
        if self._kubelet is not None:
            await self._kubelet.stop()
        self._processes.close()
        if self._forward_proxy is not None:
            await self._forward_proxy.stop()
        await self._service_proxy.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def log(self, request: LogRequest) -> AsyncIterator[bytes]:
        """Give the lines of a container's log.

        Raises:
            ApiError: the pod or container does not exist, or has no such log.
        """
        pod = await self._named("pods", request.namespace, request.name)
        name = _container(pod, request.container)
        selection = _selection(request)
        run = self._kubelet.run_of(pod) if self._kubelet else None
        live = run.runs.get(name) if run else None
        number = _log_number(pod, name, is_previous=request.previous)
        path = logs.log_path(self._folder / "pods" / pod["metadata"]["uid"], name, number)
        if live and live.log and live.log.path == path:
            async for line in live.log.read(selection):
                yield line
        elif path.exists():
            for line in logs.read_stored(path, selection):
                yield line
        else:
            raise _no_log(pod, name, is_previous=request.previous)

    async def proxy(self, target: ProxyTarget, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry a request to a pod or service.

        Raises:
            ApiError: it cannot be carried there; nothing was sent then.
        """
        await self._named(target.kind, target.namespace, target.name)
        await self._service_proxy.carry(target, scope, receive, send)

    async def _named(self, resource: str, namespace: str, name: str) -> Manifest:
        found = await self._kubelet_store.get(resource, namespace, name)
        if found is None:
            details = {"name": name, "kind": resource}
            raise ApiError(404, "NotFound", f'{resource} "{name}" not found', details=details)
        return found

    def _cpu_seconds(self) -> Mapping[str, float]:
        return self._kubelet.cpu_seconds() if self._kubelet is not None else {}

    def _node(self, taken: addresses.Addresses) -> Node:
        return Node(
            folder=self._folder,
            store=self._kubelet_store,
            recorder=self._recorder,
            pods=self._informers["pods"],
            secrets=self._informers["secrets"],
            configmaps=self._informers["configmaps"],
            services=self._informers["services"],
            processes=self._processes,
            images=Images(self._folder),
            addresses=taken,
            api_url=self._api_url,
            ca_file=self._ca_file,
        )


def _container(pod: Manifest, wanted: str) -> str:
    """Give the name of the container that is meant; the only one, where none is named."""
    metadata, spec = pod["metadata"], pod["spec"]
    names = [each["name"] for each in spec["containers"]]
    inits = [each["name"] for each in spec.get("initContainers") or ()]
    if wanted in (*names, *inits):
        return wanted
    if wanted:
        message = f"container {wanted} is not valid for pod {metadata['name']}"
        raise ApiError(400, "BadRequest", message)
    default = (metadata.get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
    if default in names:
        return str(default)
    if len(names) == 1:
        return str(names[0])
    message = (
        f"a container name must be specified for pod {metadata['name']}, "
        f"choose one of: [{' '.join(names)}]"
    )
    if inits:
        message += f" or one of the init containers: [{' '.join(inits)}]"
    raise ApiError(400, "BadRequest", message)


def _log_number(pod: Manifest, name: str, *, is_previous: bool) -> int:
    """Give the number of the run whose log is asked for: restarts so far, or one less."""
    known = _status_of(pod, name) or {}
    restarts = int(known.get("restartCount") or 0)
    return restarts - 1 if is_previous else restarts


def _no_log(pod: Manifest, name: str, *, is_previous: bool) -> ApiError:
    metadata = pod["metadata"]
    if is_previous:
        message = f'previous terminated container "{name}" in pod "{metadata["name"]}" not found'
        return ApiError(400, "BadRequest", message)
    state = (_status_of(pod, name) or {}).get("state") or {}
    waiting = state.get("waiting") or {}
    reason = waiting.get("message") or waiting.get("reason") or "waiting to start"
    message = f'container "{name}" in pod "{metadata["name"]}" is waiting to start: {reason}'
    return ApiError(400, "BadRequest", message)


def _status_of(pod: Manifest, name: str) -> Manifest | None:
    status = pod.get("status") or {}
    known = (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ()))
    return next((each for each in known if each["name"] == name), None)


def _selection(request: LogRequest) -> logs.Selection:
    since = None
    if request.since_seconds is not None:
        since = times.now() - timedelta(seconds=request.since_seconds)
    elif request.since_time:
        since = times.parse(request.since_time)
    return logs.Selection(
        follow=request.follow,
        timestamps=request.timestamps,
        tail_lines=request.tail_lines,
        since=since,
        limit_bytes=request.limit_bytes,
    )
