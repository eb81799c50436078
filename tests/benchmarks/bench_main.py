"""Measures the main job as a user meets it: start to healthy, commit to applied, the quick verbs.

Run: `python tests/benchmarks/bench_main.py [--runs N]`. Prints medians and spread, and the machine.
Bytecode is compiled by a first run of everything, as an installation would have it.
"""

import argparse
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from controller.cluster.client import Client
from controller.objects import ObjectKey

ROSTER = (sys.executable, "-m", "controller")
EXAMPLES = Path(__file__).parents[2] / "examples-repo"
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
NOTE_KEEPER = ObjectKey("apps", "Deployment", "agents", "note-keeper")
TIMEOUT_S = 120.0


def main() -> None:
    """Run every case and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{'case':<46} {'median':>8} {'min':>8} {'max':>8}   must")
    show("roster --help", [timed(lambda: verb("--help")) for _ in range(runs + 1)][1:], "0.3 s")
    validate = [timed(lambda: verb("validate", str(EXAMPLES))) for _ in range(runs + 1)][1:]
    show("roster validate examples-repo", validate, "1 s")
    starts, commits, rewritten = [], [], 0
    for run in range(runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            with up(Path(folder)) as (url, kubeconfig):
                starts.append(time.perf_counter() - started)
                client = Client.connect(kubeconfig, None)
                commits.append(commit_to_applied(Path(folder) / ".roster/agents", client, run))
                wait_synced(url)
                rewritten += second_sync(url, client)
    show("roster up to all example agents healthy", starts[1:], "20 s")
    show("commit to the new Deployment applied", commits[1:], "2 s")
    print(f"{'objects written by a second sync':<46} {rewritten:>8}{'':<21}0")


def show(case: str, seconds: list[float], must: str) -> None:
    """Print one line of the table."""
    median = statistics.median(seconds)
    print(f"{case:<46} {median:>6.2f} s {min(seconds):>6.2f} s {max(seconds):>6.2f} s   {must}")


def timed(action: Callable[[], None]) -> float:
    """Give the seconds that an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def verb(*arguments: str) -> None:
    """Run one command to its end."""
    subprocess.run([*ROSTER, *arguments], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def up(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run `roster up` in an empty folder; give its address and kubeconfig once all is healthy."""
    process = subprocess.Popen(
        [*ROSTER, "up", "--listen", "127.0.0.1:0"],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield _address(process), folder / ".roster/cluster/kubeconfig"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def _address(process: subprocess.Popen[str]) -> str:
    """Read the output up to the dashboard's address, which comes when everything has settled."""
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if found := re.search(r"Dashboard\s+(http://\S+)", line):
            if not any("examples" in line and "Healthy" in line for line in lines):
                raise RuntimeError("not healthy:\n" + "".join(lines))
            return found[1]
    raise RuntimeError("it ended:\n" + "".join(lines))


def commit_to_applied(repository: Path, client: Client, run: int) -> float:
    """Give the seconds from the end of `git commit` to a Deployment of a new generation."""
    before = generation(client)
    file = repository / "agents/note-keeper.yaml"
    file.write_text(file.read_text().replace("tidy habits", f"tidy habits ({run})"))
    subprocess.run(["git", "-C", repository, "commit", "-qam", "Tidy"], check=True)
    started = time.perf_counter()
    while generation(client) == before:
        if time.perf_counter() - started > TIMEOUT_S:
            raise RuntimeError("the commit was not applied")
        time.sleep(0.01)
    return time.perf_counter() - started


def generation(client: Client) -> int:
    """Give the generation of the Deployment that the commit changes."""
    found = client.get(NOTE_KEEPER, "apps/v1") or {}
    return int(found["metadata"]["generation"])


def wait_synced(url: str) -> None:
    """Wait until nothing is under way."""
    deadline = time.perf_counter() + TIMEOUT_S
    while time.perf_counter() < deadline:
        status = httpx.get(f"{url}/api/v1/applications/examples", trust_env=False).json()["status"]
        if (status["sync"]["status"], status["health"]["status"]) == ("Synced", "Healthy"):
            return
        time.sleep(0.05)
    raise RuntimeError("it did not settle")


def second_sync(url: str, client: Client) -> int:
    """Sync without a change; give the number of our objects that have a new version."""
    before = versions(client)
    verb("sync", "examples", "--server", url)
    after = versions(client)
    return sum(after[key] != version for key, version in before.items())


def versions(client: Client) -> dict[str, str]:
    """Give the versions of what never changes by itself."""
    found = {}
    for kind in ("ConfigMap", "Secret", "Service", "ServiceAccount"):
        for item in client.list("v1", kind, label="roster.dev/application"):
            metadata = item["metadata"]
            found[f"{kind}/{metadata['name']}"] = metadata["resourceVersion"]
    return found


if __name__ == "__main__":
    main()
