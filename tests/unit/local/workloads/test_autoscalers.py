from typing import Any

import pytest

from controller.local.workloads import autoscalers

BUSY = """
import http.server, socketserver, threading, time
def burn():  # far more than is requested, and little enough to answer probes
    while True:
        sum(range(20000))
        time.sleep(0.01)
threading.Thread(target=burn, daemon=True).start()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
class Server(socketserver.TCPServer):
    allow_reuse_address = True
Server(("0.0.0.0", 8080), Handler).serve_forever()
"""


def scaler(**spec: Any) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {"metadata": {"name": "web"}, "spec": {"scaleTargetRef": target, **spec}}


async def scaled(cluster: Any, is_so: Any) -> Any:
    async def found() -> Any:
        each = await cluster.store.get(autoscalers.RESOURCE, "default", "web")
        return (
            each if is_so({c["type"]: c for c in each["status"].get("conditions") or ()}) else None
        )

    return await cluster.until(found)


def test_a_busy_deployment_gets_more_pods(
    play: Any, make_deployment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autoscalers, "_FIRST_PERIOD_S", 0.3)
    monkeypatch.setattr(autoscalers, "_PERIOD_S", 0.3)

    async def story(cluster: Any) -> None:
        deployment = make_deployment("web", script=BUSY)
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        container["resources"] = {"requests": {"cpu": "10m"}}
        await cluster.create("deployments.apps", deployment)
        await cluster.create(autoscalers.RESOURCE, scaler(maxReplicas=2))

        found = await scaled(
            cluster, lambda c: c.get("ScalingLimited", {}).get("reason") == "TooManyReplicas"
        )

        assert found["status"]["desiredReplicas"] == 2
        changed = await cluster.store.get("deployments.apps", "default", "web")
        assert changed["spec"]["replicas"] == 2

        async def is_told() -> bool:
            events = await cluster.events("web")
            return any(reason == "SuccessfulRescale" for reason, _ in events)

        await cluster.until(is_told)

    play(story)


def test_a_missing_target_is_named(play: Any) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create(autoscalers.RESOURCE, scaler(maxReplicas=2))

        found = await scaled(cluster, lambda c: "AbleToScale" in c)

        (condition,) = found["status"]["conditions"]
        assert condition["reason"] == "FailedGetScale"
        assert 'Deployment "web" not found' in condition["message"]

    play(story)
