"""The A2A project's own client of protocol 0.3 at the gateway.

That client and the a2a-sdk of this environment exclude each other, so what it sent is recorded in
tests/transcripts/a2a-client-0.3 and sent again here. With `A2A_CLIENT_03` as the interpreter of an
environment that has `a2a-sdk<1`, the client itself talks to the gateway, and what it sends now is
compared with the record; `A2A_RECORD=1` writes that anew.
"""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

RECORDS = Path(__file__).parents[2] / "transcripts" / "a2a-client-0.3"
CLIENT = Path(__file__).parent / "client03.py"
INTERPRETER = os.environ.get("A2A_CLIENT_03", "")
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)")
_ORIGIN = re.compile(r"http://127\.0\.0\.1:\d+")


def talked(address: str) -> dict[str, Any]:
    """Let the client itself talk; gives what it made of the answers, and every exchange."""
    done = subprocess.run(
        [INTERPRETER, CLIENT, address], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def repeated(world: Any, name: str) -> dict[str, Any]:
    """Send what the client sent, with the ids that this gateway gave in place of the recorded."""
    record = json.loads((RECORDS / f"{name}.json").read_text())
    ids: dict[str, str] = {}
    exchanges = []
    for exchange in record["exchanges"]:
        body = _renamed(json.dumps(exchange["body"]), ids)
        answer = httpx.request(
            exchange["method"],
            f"{world.gateway}{exchange['path']}",
            content=body if exchange["body"] else None,
            headers={"Accept": exchange["accept"], "Content-Type": "application/json"},
            timeout=60,
        )
        ids |= dict(zip(_ID.findall(exchange["answer"]), _ID.findall(answer.text), strict=False))
        exchanges.append(
            {
                **exchange,
                "status": answer.status_code,
                "type": answer.headers["content-type"].partition(";")[0],
                "answer": answer.text,
            }
        )
    return {**record, "exchanges": exchanges}


def _renamed(text: str, ids: Mapping[str, str]) -> str:
    return _ID.sub(lambda found: ids.get(found[0], found[0]), text)


def settled(found: dict[str, Any]) -> Any:
    """Take out what differs between two runs, and read the answers."""
    exchanges = []
    for exchange in found["exchanges"]:
        lines = exchange["answer"].splitlines()
        events = [line.removeprefix("data:") for line in lines if line.startswith("data:")]
        answers = [json.loads(text) for text in events or [exchange["answer"]]]
        exchanges.append({**exchange, "answer": answers})
    text = json.dumps({"results": found["results"], "exchanges": exchanges}, sort_keys=True)
    text = _ID.sub("ID", _TIME.sub("TIME", _ORIGIN.sub("ORIGIN", text)))
    return json.loads(text)


@pytest.mark.parametrize("name", ["old", "new", "both"])
def test_the_client_of_03_gets_what_it_understands(world: Any, name: str) -> None:
    found = talked(world.place(name)) if INTERPRETER else repeated(world, name)
    if os.environ.get("A2A_RECORD"):
        RECORDS.mkdir(parents=True, exist_ok=True)
        (RECORDS / f"{name}.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    recorded = json.loads((RECORDS / f"{name}.json").read_text())

    assert settled(found) == settled(recorded)
    assert found["results"]["stream"] == [6, "completed", "hello from the agent"]
    assert found["results"]["send"] == [1, "completed", "hello from the agent"]
