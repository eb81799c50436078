"""What end-to-end tests act on: a cluster, a git repository, the installed command."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from waiting import PATIENCE_S, eventually

from controller.cluster.client import Client
from controller.local import supervisor


@dataclass(frozen=True)
class Cluster:
    """A cluster, as somebody with a kubeconfig sees it."""

    kubeconfig: Path
    client: httpx.Client
    runs_pods: bool = True
    """Whether anything can become Healthy."""

    def get(self, path: str) -> dict[str, Any] | None:
        answer = self.client.get(path)
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer.json()

    def patch(self, path: str, body: Mapping[str, Any], manager: str = "kubectl-edit") -> None:
        answer = self.client.patch(
            path,
            params={"fieldManager": manager},
            json=body,
            headers={"Content-Type": "application/merge-patch+json"},
        )
        assert answer.is_success, answer.text

    def deployment(self, namespace: str, name: str) -> dict[str, Any] | None:
        return self.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")


def connect(kubeconfig: Path, *, runs_pods: bool = True) -> Cluster:
    """Give a cluster as its kubeconfig leads to it, with a token, a certificate or a plugin."""
    connection = Client.connect(kubeconfig, None).connection
    client = httpx.Client(
        base_url=connection.host,
        verify=connection.tls(),
        headers=connection.authorization(),
        timeout=PATIENCE_S,
        trust_env=False,
    )
    return Cluster(kubeconfig=kubeconfig, client=client, runs_pods=runs_pods)


@contextmanager
def local_cluster(folder: Path) -> Iterator[Cluster]:
    """Run a local cluster in a folder."""
    running = supervisor.start(folder, log=folder / "cluster.log", die_with_parent=True)
    try:
        with (found := connect(running.kubeconfig)).client:
            yield found
    finally:
        supervisor.stop(folder)


@dataclass(frozen=True)
class Repository:
    """A git repository that somebody commits to."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> "Repository":
        """Make an empty one."""
        path.mkdir()
        found = cls(path)
        found.git("init", "--quiet", "--initial-branch=main")
        found.git("config", "user.name", "Ada")
        found.git("config", "user.email", "ada@example.com")
        return found

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str | None], message: str = "Change") -> str:
        """Write files (None: remove one) and commit; gives the commit id."""
        for name, content in files.items():
            file = self.path / name
            if content is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
        return self.git("rev-parse", "HEAD")


@dataclass
class Roster:
    """The installed command, running on one repository."""

    arguments: tuple[str, ...]
    folder: Path
    cluster: Cluster
    program: tuple[str, ...] = ("-m", "controller")
    """What Python runs."""
    process: subprocess.Popen[str] | None = None
    url: str = ""
    _output: list[str] = field(default_factory=list)

    @classmethod
    def following(
        cls,
        repository: Repository,
        namespace: str,
        *flags: str,
        folder: Path,
        cluster: Cluster,
        listen: str = "127.0.0.1:0",
    ) -> "Roster":
        """Give one, not yet started, that follows a repository's folder `agents`."""
        options = {
            "--repo": str(repository.path),
            "--path": "agents",
            "--namespace": namespace,
            "--kubeconfig": str(cluster.kubeconfig),
            "--state-dir": str(folder / "state"),
            "--listen": listen,
        }
        arguments = [word for option in options.items() for word in option]
        return cls((*arguments, *flags, "--create-namespace"), folder=folder, cluster=cluster)

    def start(self) -> "Roster":
        with (self.folder / "roster.err").open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, *self.program, "run", *self.arguments],
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._output.append(line)
            if found := re.search(r"http://\S+", line):
                self.url = found[0]
                return self
        # One that a test kills at a write may not come to say where it listens.
        assert self.process.wait() == -signal.SIGKILL, f"it did not start: {self.errors()}"
        return self

    def kill(self) -> None:
        """End it as a power cut would."""
        self.crash()
        self.wait_dead()

    def crash(self) -> None:
        """End it at this very moment; may be called from another thread, while it is used."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)

    def wait_dead(self) -> None:
        """Wait for a crash that something else brings about."""
        assert self.process is not None
        assert self.process.wait(timeout=120) == -signal.SIGKILL
        self.close_pipes()

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=PATIENCE_S)
        self.close_pipes()
        return code

    def close_pipes(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        self.process.stdout.close()

    def errors(self) -> str:
        return (self.folder / "roster.err").read_text()

    def application(self, name: str = "agents") -> dict[str, Any]:
        answer = httpx.get(
            f"{self.url}/api/v1/applications/{name}", trust_env=False, timeout=PATIENCE_S
        )
        return answer.json()

    def operations(self) -> list[dict[str, Any]]:
        """The history, newest first."""
        url = f"{self.url}/api/v1/applications/agents/history"
        found: list[dict[str, Any]] = httpx.get(url, trust_env=False, timeout=PATIENCE_S).json()[
            "items"
        ]
        return found

    def phases(self) -> list[str]:
        """How the operations in the history ended, newest first."""
        return [operation["phase"] for operation in self.operations()]

    def status(self) -> dict[str, Any]:
        return self.application()["status"]

    def wait_synced(self, revision: str = "", *, timeout_s: float = 120.0) -> dict[str, Any]:
        """Wait until everything is Synced and Healthy, at this commit where one is given."""

        def look() -> dict[str, Any] | None:
            status = self.status()
            well = status["health"]["status"] == "Healthy" or not self.cluster.runs_pods
            good = status["sync"]["status"] == "Synced" and well
            at = not revision or status["sync"]["revision"] == revision
            return status if good and at else None

        try:
            return eventually(look, timeout_s=timeout_s, what="Synced and Healthy")
        except AssertionError:
            pytest.fail(f"not Synced and Healthy: {self.status()}\n{self.errors()[-4000:]}")

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_cli(*arguments, "--server", self.url, cwd=self.folder)


def texts(cluster: Cluster, namespace: str) -> dict[str, str]:
    """What the prompts of a namespace say, by the name of their ConfigMap."""
    found = cluster.get(f"/api/v1/namespaces/{namespace}/configmaps") or {"items": []}
    return {
        item["metadata"]["name"]: item["data"]["style"]
        for item in found["items"]
        if "style" in item.get("data", {})
    }


def run_cli(*arguments: str, cwd: Path, answer: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "controller", *arguments],
        cwd=cwd,
        input=answer,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
