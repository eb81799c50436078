"""From a container of a pod to what is executed: command, environment, folder, all translated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.local.workloads import images
from controller.local.workloads.kubelet import environment, kubeconfig
from controller.local.workloads.kubelet.addresses import PodAddress
from controller.local.workloads.kubelet.node import Node
from controller.local.workloads.kubelet.paths import MOUNTS, Translation
from controller.objects import Manifest


@dataclass(frozen=True, slots=True)
class Command:
    """What a container executes."""

    argv: list[str]
    env: dict[str, str]
    cwd: Path
    translation: Translation

    def other(self, argv: list[str]) -> list[str]:
        """Give another command in the same container, as probes and hooks run it."""
        return images.executable([self.translation.text(text) for text in argv])


def prepare(  # noqa: PLR0913 - a command is made from all of these
    node: Node,
    pod: Manifest,
    container: Mapping[str, Any],
    *,
    folder: Path,
    volumes: Mapping[str, Path],
    address: PodAddress,
) -> Command:
    """Resolve a container's command; `folder` is the pod's own.

    Raises:
        ImageError: the image or its command does not run on this machine.
        ConfigError: something that the environment refers to does not exist.
    """
    image = node.images.find(container["image"])
    own = environment.resolve(
        pod,
        container,
        lookup=node.lookup(pod["metadata"]["namespace"]),
        address=address.ip,
        services=node.service_links(pod),
    )
    mounts = _mounts(container, folder, volumes, own)
    translation = Translation(mounts, address.ip, address.ports)
    base = node.base_environment(pod, address)
    env = {
        **base,
        **images.environment(image),
        "TMPDIR": mounts.get("/tmp", str(_made(folder / "tmp"))),  # noqa: S108 - a mount's name
        MOUNTS: json.dumps(mounts, sort_keys=True),
        **kubeconfig.write(
            folder / "kubeconfig", mounts, api_url=node.api_url, ca_file=node.ca_file
        ),
        **{name: translation.text(value) for name, value in own.items()},
    }
    known = {**base, **own}

    def given(name: str) -> list[str]:
        texts = environment.expand_all(container.get(name) or (), known)
        return [translation.text(text) for text in texts]

    argv = images.command(image, given("args"), given("command"))
    # What an image stands for are paths of this machine, which may lie below a mount path (a
    # checkout in /tmp, a pod that mounts /tmp): only the address is translated in them.
    address_only = Translation({}, address.ip, address.ports)
    return Command(
        [address_only.text(text) for text in argv],
        env,
        _cwd(container, translation, folder),
        translation,
    )


def termination_file(folder: Path, container: str) -> Path:
    """Give the file that stands for a container's `terminationMessagePath`."""
    return folder / "termination" / container


def _mounts(
    container: Mapping[str, Any],
    folder: Path,
    volumes: Mapping[str, Path],
    values: Mapping[str, str],
) -> dict[str, str]:
    mounts = {}
    message = container.get("terminationMessagePath")
    if message:
        file = termination_file(folder, container["name"])
        _made(file.parent)
        mounts[message] = str(file)
    for mount in container.get("volumeMounts") or ():
        sub_path = mount.get("subPath") or environment.expand(
            mount.get("subPathExpr") or "", values
        )
        real = volumes[mount["name"]] / sub_path if sub_path else volumes[mount["name"]]
        if ".." in Path(sub_path).parts:
            message = f"subPath {sub_path!r} of volume {mount['name']} leads out of it"
            raise environment.ConfigError(message)
        if sub_path and not real.exists():
            _made(real)
        mounts[mount["mountPath"].rstrip("/") or "/"] = str(real)
    return mounts


def _cwd(container: Mapping[str, Any], translation: Translation, folder: Path) -> Path:
    """Give the working directory: a mount, a folder of this machine, or else a private one."""
    wanted = container.get("workingDir")
    if wanted and (translated := translation.path(wanted)):
        return Path(translated)
    if wanted and Path(wanted).is_dir():
        return Path(wanted)
    return _made(folder / "work" / container["name"])


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
