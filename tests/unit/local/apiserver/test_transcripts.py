"""Replays what a real API server answered, and compares status, body and events.

The recordings hold placeholders (`<rv-1>`, `<uid-1>`, `<time>`): equal ones mean equal values
within one file. Every difference that is allowed is listed here, with its reason.
"""

import base64
import json
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from waiting import PATIENCE_S

from controller.local import supervisor

TRANSCRIPTS = Path(__file__).parents[3] / "transcripts" / "apiserver"
PLACE = re.compile(r"<(?:rv|uid|hash|suffix|ip)-\d+>|<continue>|<token>|<time>")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UID_AS_KEY = "the key of an ownerReference in managedFields is a recorded uid, written out"
ALLOWED = {
    ("01-discovery", 1): "the recorded server had another port",
    ("03-list-watch", 21): "the age of an object in seconds depends on the moment of the request",
    ("05-delete", 2): UID_AS_KEY,
    ("05-delete", 9): "the hash in a ReplicaSet's name is of Go's memory layout, not reproducible",
    ("05-delete", 10): UID_AS_KEY,
    ("05-delete", 11): "no kubelet ran on the recorded server; names of token volumes are random",
    ("05-delete", 14): "the status holds the hash, and depends on how far the controllers were",
}


class Client:
    """Sends recorded requests."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.server = cluster["server"]
        self.token = config["users"][0]["user"]["token"]
        tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=authority))
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), tls)

    def send(self, request: dict[str, Any], seen: dict[str, str]) -> tuple[int, bytes]:
        query = urllib.parse.urlencode(fill(request["query"], seen))
        url = f"{self.server}{request['path']}" + (f"?{query}" if query else "")
        body = request.get("raw")
        if body is None and request.get("body") is not None:
            body = json.dumps(fill(request["body"], seen))
        headers = {
            "User-Agent": "python-requests/2",
            **request["headers"],
            "Authorization": f"Bearer {self.token}",
        }
        made = urllib.request.Request(
            url, method=request["method"], headers=headers, data=body.encode() if body else None
        )
        try:
            with self.opener.open(made, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.read()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("cluster")
    running = supervisor.start(folder, log=folder / "log", die_with_parent=True)
    yield Client(running.kubeconfig)
    supervisor.stop(folder)


def fill(value: Any, seen: dict[str, str]) -> Any:
    """Give the recorded request with this server's values in place of the placeholders."""
    if isinstance(value, dict):
        return {name: fill(item, seen) for name, item in value.items()}
    if isinstance(value, list):
        return [fill(item, seen) for item in value]
    if isinstance(value, str):
        return PLACE.sub(lambda found: seen.get(found.group(), found.group()), value)
    return value


def differences(want: Any, got: Any, seen: dict[str, str], path: str = "") -> list[str]:
    """Find where an answer differs; binds each placeholder to one value."""
    if isinstance(want, dict) and isinstance(got, dict):
        found = [f"{path}.{name}: missing" for name in want if name not in got]
        found += [f"{path}.{name}: extra {got[name]!r:.60}" for name in got if name not in want]
        for name in want.keys() & got.keys():
            found += differences(want[name], got[name], seen, f"{path}.{name}")
        return found
    if isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            return [f"{path}: {len(want)} items, not {len(got)}"]
        return [
            text
            for at, (left, right) in enumerate(zip(want, got, strict=True))
            for text in differences(left, right, seen, f"{path}[{at}]")
        ]
    if isinstance(want, str) and isinstance(got, str) and PLACE.search(want):
        return placed(want, got, seen, path)
    same = type(want) is type(got) and want == got
    return [] if same else [f"{path}: {want!r:.80}, not {got!r:.80}"]


def placed(want: str, got: str, seen: dict[str, str], path: str) -> list[str]:
    names = PLACE.findall(want)
    pattern = "(.+?)".join(re.escape(part) for part in PLACE.split(want))
    found = re.fullmatch(pattern, got, re.DOTALL)
    if found is None:
        return [f"{path}: {want!r:.80}, not {got!r:.80}"]
    for name, value in zip(names, found.groups(), strict=True):
        if name == "<time>":
            if not TIME.fullmatch(value):
                return [f"{path}: not a time: {value}"]
        elif name in {"<continue>", "<token>"}:
            seen[name] = value
        elif seen.setdefault(name, value) != value:
            return [f"{path}: {name} was {seen[name]}, now {value}"]
    return []


def without_list_version(body: Any) -> Any:
    """A list's own version counts every write in the server, so it says nothing here."""
    is_list = isinstance(body, dict) and str(body.get("kind", "")).endswith(("List", "Table"))
    if is_list and "metadata" in body:
        metadata = {n: v for n, v in body["metadata"].items() if n != "resourceVersion"}
        return {**body, "metadata": metadata}
    return body


def by_manager(value: Any) -> Any:
    """Sort managedFields by name: their order depends on which second a write fell into.

    The rule itself (operation, time, name) is tested in test_managed.py.
    """
    if isinstance(value, list):
        return [by_manager(item) for item in value]
    if not isinstance(value, dict):
        return value
    sorted_below = {name: by_manager(item) for name, item in value.items()}
    if isinstance(entries := sorted_below.get("managedFields"), list):
        sorted_below["managedFields"] = sorted(
            entries, key=lambda e: (e["operation"], e["manager"], e.get("subresource", ""))
        )
    return sorted_below


def comparable(body: Any) -> Any:
    return by_manager(without_list_version(body))


CONTROLLERS = {"kube-controller-manager"}
REVISION = "deployment.kubernetes.io/revision"


def before_controllers(want: Any, got: Any, seen: dict[str, str]) -> Any:
    """Take what controllers did off a Deployment that was recorded before they came to it.

    They run beside the requests here as there; on a busy machine they overtake the next request.
    Where they did, its version tells of their writes too, and is taken for the one that is known.
    """
    untouched = isinstance(want, dict) and want.get("kind") == "Deployment" and not want["status"]
    if not untouched or not isinstance(got, dict) or got.get("kind") != "Deployment":
        return got
    metadata = dict(got["metadata"])
    owners = [e for e in metadata["managedFields"] if e["manager"] not in CONTROLLERS]
    if owners != metadata["managedFields"]:
        known = seen.get(want["metadata"]["resourceVersion"], metadata["resourceVersion"])
        metadata["resourceVersion"] = known
    annotations = {n: v for n, v in metadata.pop("annotations", {}).items() if n != REVISION}
    metadata |= {"managedFields": owners, **({"annotations": annotations} if annotations else {})}
    return {**got, "metadata": metadata, "status": {}}


def parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return {"_text": content.decode()}


def replay(
    client: Client, entry: dict[str, Any], seen: dict[str, str], *, is_allowed: bool
) -> list[str]:
    """Send one recorded request until the answer fits, where the recording waited for that.

    One that is allowed to differ is sent as long as it was then, and until it stays as it is.
    """
    want = entry["response"]
    waited_s = entry.get("wait_s", 0)
    deadline = time.monotonic() + (waited_s if is_allowed else min(waited_s, 1) * PATIENCE_S)
    content = b""
    while True:
        before = content
        status, content = client.send(entry["request"], seen)
        trial = dict(seen)
        if "events" in want:
            got: Any = [json.loads(line) for line in content.splitlines()]
            got = by_manager([event for event in got if event["type"] != "BOOKMARK"])
            expected = by_manager(
                [event for event in want["events"] if event["type"] != "BOOKMARK"]
            )
        else:
            expected = comparable(want["body"])
            got = comparable(before_controllers(expected, parsed(content), seen))
        found = differences(expected, got, trial)
        if status != want["status"]:
            found.insert(0, f"status {want['status']}, not {status}")
        is_over = time.monotonic() > deadline and (content == before or not waited_s)
        if not found or is_over:
            seen.update(trial)
            return found
        time.sleep(0.2)


@pytest.mark.parametrize("transcript", sorted(TRANSCRIPTS.glob("*.json")), ids=lambda p: p.stem)
def test_the_server_answers_as_a_real_one_did(client: Client, transcript: Path) -> None:
    seen: dict[str, str] = {}
    failures = {}
    for number, entry in enumerate(json.loads(transcript.read_text())):
        is_allowed = (transcript.stem, number) in ALLOWED
        found = replay(client, entry, seen, is_allowed=is_allowed)
        if found and not is_allowed:
            request = entry["request"]
            failures[f"#{number} {request['method']} {request['path']}"] = found[:6]

    assert failures == {}


def test_every_allowed_difference_is_about_a_recorded_step() -> None:
    recorded = {path.stem: len(json.loads(path.read_text())) for path in TRANSCRIPTS.glob("*.json")}

    assert all(number < recorded[name] for name, number in ALLOWED)
