"""The local cluster's one process: certificates, API server, workloads, and their orderly end."""

import asyncio
import base64
import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

import structlog
import yaml

from controller.local import certificates
from controller.local.apiserver.server import ApiServer
from controller.local.apiserver.storage import FolderInUseError, Key
from controller.local.workloads import Workloads

IN_USE = 3
"""Exit code when another process has the folder."""
# From linux/prctl.h: ask for a signal when the parent dies.
_PR_SET_PDEATHSIG = 1
_log = structlog.get_logger()


def run(folder: Path, *, host: str, port: int, die_with_parent: bool) -> int:
    """Run the local cluster of a folder until a signal; give the exit code."""
    if die_with_parent:
        _follow_parent()
    try:
        asyncio.run(_run(folder, host, port))
    except FolderInUseError as e:
        sys.stderr.write(f"{e}\n")
        return IN_USE
    return 0


def _follow_parent() -> None:
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # The parent may have died before it was asked to tell.
    if os.getppid() != parent:
        sys.exit(0)


async def _run(folder: Path, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    files = certificates.prepare(folder, [host])
    server = ApiServer(
        folder,
        host=host,
        port=port or _last_port(folder),
        files=files,
        failed=_tell_failure,
    )
    workloads = Workloads(server.store, folder, api_url=server.url, ca_file=files.authority)
    server.delegate_to(workloads)
    await server.start()
    await workloads.start()
    write_kubeconfig(folder / "kubeconfig", server.url, files.authority, server.admin_token)
    _log.info("local_cluster_ready", url=server.url, folder=str(folder))
    await stop.wait()
    with contextlib.suppress(FileNotFoundError):
        (folder / "kubeconfig").touch()
    await workloads.stop()
    await server.stop()


def _last_port(folder: Path) -> int:
    """Give the port of the last run, so that a kubeconfig in use stays good; 0 for a new one."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        config = yaml.safe_load((folder / "kubeconfig").read_text())
        return int(config["clusters"][0]["cluster"]["server"].rpartition(":")[2])
    return 0


def _tell_failure(error: Exception, key: Key) -> None:
    place = f"{key.resource} {key.namespace}/{key.name}"
    _log.warning("background_failed", object=place, error=str(error), exc_info=error)


def write_kubeconfig(path: Path, url: str, authority: Path, token: str) -> None:
    """Write the admin's way in, which only the user can read."""
    name = "roster-local"
    cluster = {
        "server": url,
        "certificate-authority-data": base64.b64encode(authority.read_bytes()).decode(),
    }
    context = {"cluster": name, "user": "admin", "namespace": "default"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
    }
    certificates.write_private(path, yaml.safe_dump(config, sort_keys=False).encode())
