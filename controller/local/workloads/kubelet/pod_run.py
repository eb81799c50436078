"""One pod from its binding to its removal: volumes, init containers, containers, status, end."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from controller.local.apiserver.errors import ApiError
from controller.local.workloads import times
from controller.local.workloads.informers import Key, key_of
from controller.local.workloads.kubelet import states, volumes
from controller.local.workloads.kubelet.addresses import PodAddress
from controller.local.workloads.kubelet.container import ContainerRun
from controller.local.workloads.kubelet.node import Node
from controller.local.workloads.pods import PORTS
from controller.objects import Manifest

log = structlog.get_logger(__name__)

_TOKEN_RENEWED_AT = 0.8
"""Part of a token's life after which it is replaced, as in the kubelet's token manager."""
_RETRY_S = 1.0


class PodRun:
    """A pod on this node. `run` carries it out; `stop` ends it."""

    def __init__(self, node: Node, pod: Manifest) -> None:
        self.node = node
        self.key: Key = key_of(pod)
        self.uid: str = pod["metadata"]["uid"]
        self.folder: Path = node.folder / "pods" / self.uid
        self.volumes: Mapping[str, Path] = {}
        self.address = PodAddress("")
        self.runs: dict[str, ContainerRun] = {}
        self.is_stopping = False
        self._created = pod
        self._begun = times.now()
        self._containers = states.recovered(pod, self._begun)
        self._changed = asyncio.Event()
        self._dependency = asyncio.Event()
        self._tokens: dict[volumes.TokenRequest, str] = {}
        self._final_phase = ""
        self._main: asyncio.Task[None] | None = None
        self._publisher: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to run the pod."""
        self._main = asyncio.create_task(self._run(), name=f"pod {'/'.join(self.key)}")
        self._publisher = asyncio.create_task(self._publish_changes())
        self._changed.set()

    @property
    def manifest(self) -> Manifest:
        """The pod as the API has it now."""
        known = self.node.pods.get(self.key)
        is_same = known is not None and known["metadata"]["uid"] == self.uid
        return known if known is not None and is_same else self._created

    def container(self, name: str) -> states.Container:
        """Give what is known about a container."""
        return self._containers[name]

    def change(self, name: str, **changes: Any) -> None:
        """Note that a container changed; the status follows."""
        self._containers[name] = self._containers[name].next(**changes)
        self._changed.set()

    def tell(self, reason: str, message: str, *, container: str = "", kind: str = "Normal") -> None:
        """Record an event about the pod or one of its containers."""
        self.node.recorder.record(
            self.manifest, reason, message, component="kubelet", kind=kind, container=container
        )

    async def dependency(self) -> None:
        """Wait until a ConfigMap or Secret of the namespace has changed."""
        self._dependency.clear()
        await self._dependency.wait()

    def dependency_changed(self, kind: str, name: str) -> None:
        """Note a changed ConfigMap or Secret: wake who waits, renew volumes that show it."""
        self._dependency.set()
        if self.volumes and (kind, name) in volumes.references(self.manifest):
            try:
                self._materialise()
            except volumes.VolumeError:
                return  # it was removed; the running pod keeps what it has, as in Kubernetes

    async def stop(self, grace_s: float) -> None:
        """End all containers: main ones together, then sidecars in reverse order."""
        self.is_stopping = True
        if self._main is not None and not self.runs:
            self._main.cancel()  # it still waits for its volumes
        await self._stop_containers(grace_s)
        if self._main is not None:
            await asyncio.gather(self._main, return_exceptions=True)

    async def silence(self) -> None:
        """Write no more statuses."""
        if self._publisher is not None:
            self._publisher.cancel()
            await asyncio.gather(self._publisher, return_exceptions=True)

    async def close(self, *, is_published: bool) -> None:
        """Give the address back, after a last status where that is wanted."""
        await self.silence()
        if is_published:
            await self._publish(is_last=True)
        self.node.addresses.release(self.uid)

    def remove_folder(self) -> None:
        """Remove volumes and logs."""
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _run(self) -> None:
        helpers = [
            asyncio.create_task(self._renew_tokens()),
            asyncio.create_task(self._keep_deadline()),
        ]
        sidecars: list[asyncio.Task[int]] = []
        try:
            await self._prepare()
            if await self._initialise(sidecars):
                await self._run_containers()
            await self._stop_sidecars(self._grace_s)
            await asyncio.gather(*sidecars)
        finally:
            for helper in helpers:
                helper.cancel()

    async def _keep_deadline(self) -> None:
        limit_s = self.manifest["spec"].get("activeDeadlineSeconds")
        if limit_s is None:
            return
        await asyncio.sleep(limit_s)
        self.is_stopping = True
        self._final_phase = "Failed"
        self._changed.set()
        await self._stop_containers(0)

    async def _stop_containers(self, grace_s: float) -> None:
        begun = asyncio.get_running_loop().time()
        mains = [run for run in self.runs.values() if not self._containers[run.name].is_sidecar]
        await asyncio.gather(*(run.stop(grace_s) for run in mains))
        await self._stop_sidecars(grace_s - (asyncio.get_running_loop().time() - begun))

    async def _stop_sidecars(self, grace_s: float) -> None:
        begun = asyncio.get_running_loop().time()
        for run in reversed(list(self.runs.values())):
            if self._containers[run.name].is_sidecar:
                passed_s = asyncio.get_running_loop().time() - begun
                await run.stop(max(0.0, grace_s - passed_s))

    @property
    def _grace_s(self) -> float:
        return float(self.manifest["spec"].get("terminationGracePeriodSeconds", 30))

    async def _prepare(self) -> None:
        pod = self.manifest
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        before = (pod.get("status") or {}).get("podIP", "")
        ports = [
            port["containerPort"]
            for each in pod["spec"]["containers"]
            for port in each.get("ports") or ()
        ]
        self.address = self.node.addresses.take(self.uid, ports, wanted=before)
        await self._note_ports()
        await self._fetch_tokens()
        while True:
            try:
                self._materialise()
            except volumes.VolumeError as error:
                self.tell("FailedMount", f"MountVolume.SetUp failed: {error}", kind="Warning")
                await self.dependency()
            else:
                return

    async def _note_ports(self) -> None:
        """Tell the endpoints which of the pod's ports are really others."""
        if not self.address.ports:
            return
        text = ",".join(f"{port}={real}" for port, real in sorted(self.address.ports.items()))
        patch = {"metadata": {"annotations": {PORTS: text}}}
        self.node.pods.remember(await self.node.store.patch("pods", *self.key, patch))

    def _materialise(self) -> None:
        pod = self.manifest
        namespace = self.key[0]
        sources = volumes.Sources(
            lookup=self.node.lookup(namespace),
            tokens=self._tokens,
            address=self.address.ip,
            claims=self.node.claim(namespace),
        )
        made = {}
        for volume in pod["spec"].get("volumes") or ():
            folder = self.folder / "volumes" / volume["name"]
            made[volume["name"]] = volumes.materialise(pod, volume, folder, sources)
        self.volumes = made

    async def _fetch_tokens(self) -> None:
        for request in volumes.token_requests(self.manifest):
            self._tokens[request] = await self._token(request)

    async def _token(self, request: volumes.TokenRequest) -> str:
        metadata = self.manifest["metadata"]
        spec: dict[str, Any] = {
            "expirationSeconds": request.expiry_s,
            "boundObjectRef": {
                "kind": "Pod",
                "apiVersion": "v1",
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
        }
        if request.audience:
            spec["audiences"] = [request.audience]
        account = self.manifest["spec"].get("serviceAccountName") or "default"
        while True:
            try:
                made = await self.node.store.create(
                    "serviceaccounts",
                    metadata["namespace"],
                    {"spec": spec},
                    subresource="token",
                    name=account,
                )
            except ApiError as error:
                self.tell("FailedMount", f"MountVolume.SetUp failed: {error}", kind="Warning")
                await asyncio.sleep(_RETRY_S)
            else:
                return str(made["status"]["token"])

    async def _renew_tokens(self) -> None:
        requests = volumes.token_requests(self.manifest)
        if not requests:
            return
        shortest_s = min(request.expiry_s for request in requests)
        while True:
            await asyncio.sleep(shortest_s * _TOKEN_RENEWED_AT)
            await self._fetch_tokens()
            self._materialise()

    async def _initialise(self, sidecars: list[asyncio.Task[int]]) -> bool:
        """Run the init containers one after the other, and say whether the others may start."""
        policy = self.manifest["spec"].get("restartPolicy", "Always")
        for spec in self.manifest["spec"].get("initContainers") or ():
            is_sidecar = spec.get("restartPolicy") == "Always"
            again = "Always" if is_sidecar else "Never" if policy == "Never" else "OnFailure"
            run = self.runs[spec["name"]] = ContainerRun(self, spec, policy=again)
            if is_sidecar:
                sidecars.append(asyncio.create_task(run.run()))
                await _started(run, sidecars[-1])
            elif await run.run() != 0:
                return False
            else:
                self.change(spec["name"], is_ready=True)
            if self.is_stopping:
                return False
        return True

    async def _run_containers(self) -> None:
        policy = self.manifest["spec"].get("restartPolicy", "Always")
        mains = [
            ContainerRun(self, spec, policy=policy) for spec in self.manifest["spec"]["containers"]
        ]
        self.runs |= {run.name: run for run in mains}
        await asyncio.gather(*(run.run() for run in mains))

    async def _publish_changes(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._publish()
            except ApiError as error:
                if error.code == 404:
                    return
                log.warning("pod_status_not_written", pod="/".join(self.key), error=str(error))
                await asyncio.sleep(_RETRY_S)
                self._changed.set()

    async def _publish(self, *, is_last: bool = False) -> None:
        """Write the status, upon the newest version of the pod."""
        while True:
            pod = self.manifest
            status = self._status(pod, times.now(), is_last=is_last)
            if status == pod.get("status"):
                return
            try:
                written = await self.node.store.update_status("pods", {**pod, "status": status})
            except ApiError as error:
                if error.code != 409 or not await self._reread():
                    raise
            else:
                self.node.pods.remember(written)
                return

    async def _reread(self) -> bool:
        """Fetch the pod after a conflict; false when it is another one or gone."""
        found = await self.node.store.get("pods", *self.key)
        if found is None or found["metadata"]["uid"] != self.uid:
            return False
        self.node.pods.remember(found)
        return True

    def _status(self, pod: Manifest, now: datetime, *, is_last: bool) -> Mapping[str, Any]:
        spec = pod["spec"]
        parts = [*(spec.get("initContainers") or ()), *spec["containers"]]
        containers: Sequence[states.Container] = [self._containers[part["name"]] for part in parts]
        final = self._final_phase
        if is_last and not final:
            codes = {each.exit_code for each in containers}
            final = "Succeeded" if codes == {0} else "Failed"
        status = states.status_of(
            pod,
            containers,
            ips=(self.address.ip, self.node.addresses.node if self.address.ip else ""),
            started=self._begun,
            now=now,
            final_phase=final,
        )
        if self._final_phase:
            told = "Pod was active on the node longer than the specified deadline"
            status |= {"reason": "DeadlineExceeded", "message": told}
        return status


async def _started(run: ContainerRun, task: "asyncio.Task[int]") -> None:
    """Wait until a sidecar has started, or is not to run any more."""
    waiting = asyncio.create_task(run.started.wait())
    await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
