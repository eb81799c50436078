"""What a pod's processes see and how they are treated, on a running cluster."""

import json
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.local.workloads.kubelet import memory

PRINT = "import os, sys; print(*(open(path).read() for path in sys.argv[1:]), sep='|')"


def _ended(pod: Any) -> bool:
    return pod["status"]["phase"] in {"Succeeded", "Failed"}


def _terminated(pod: Any) -> Any:
    return pod["status"]["containerStatuses"][0]["state"]["terminated"]


def test_environment_comes_from_everywhere(play: Any, make_pod: Callable[..., Any]) -> None:
    env = [
        {"name": "PLAIN", "value": "a"},
        {"name": "COMPOSED", "value": "$(PLAIN)-$(FROM_MAP)-$$(PLAIN)"},
        {"name": "FIELD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {
            "name": "LIMIT",
            "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}},
        },
        {
            "name": "NONE",
            "valueFrom": {"secretKeyRef": {"name": "s", "key": "x", "optional": True}},
        },
        {"name": "HOST", "value": "0.0.0.0"},
    ]
    container = {
        "env": env,
        "envFrom": [{"configMapRef": {"name": "m"}, "prefix": "FROM_"}],
        "resources": {"limits": {"memory": "512Mi"}},
    }

    async def story(cluster: Any) -> None:
        await cluster.create("secrets", {"metadata": {"name": "s"}, "stringData": {"k": "v"}})
        await cluster.create("configmaps", {"metadata": {"name": "m"}, "data": {"MAP": "m"}})
        script = "import json, os; print(json.dumps(dict(os.environ)))"
        await cluster.create("pods", make_pod("p", "python3", "-c", script, container=container))
        pod = await cluster.pod("p", _ended)
        seen = json.loads(await cluster.log("p"))

        ip = pod["status"]["podIP"]
        expected = {
            "PLAIN": "a",
            "COMPOSED": "a-m-$(PLAIN)",
            "FIELD": "p",
            "LABEL": "p",
            "IP": ip,
            "SECRET": "v",
            "LIMIT": "512",
            "HOST": ip,
            "HOSTNAME": "p",
            "FROM_MAP": "m",
        }
        assert {name: seen.get(name) for name in expected} == expected
        assert "NONE" not in seen

    play(story)


def test_missing_secret_is_waited_for(play: Any, make_pod: Callable[..., Any]) -> None:
    env = [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "late", "key": "k"}}}]

    async def story(cluster: Any) -> None:
        await cluster.create("pods", make_pod("p", "sh", "-c", "echo $KEY", container={"env": env}))
        pod = await cluster.pod(
            "p", lambda pod: "Config" in str(pod["status"]["containerStatuses"])
        )
        waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]
        assert waiting == {
            "reason": "CreateContainerConfigError",
            "message": 'secret "late" not found',
        }

        await cluster.create("secrets", {"metadata": {"name": "late"}, "stringData": {"k": "v"}})
        await cluster.pod("p", _ended)
        assert await cluster.log("p") == "v\n"

    play(story)


def test_volumes_are_found_under_their_mount_paths(play: Any, make_pod: Callable[..., Any]) -> None:
    volumes = [
        {"name": "config", "secret": {"secretName": "s"}},
        {"name": "map", "configMap": {"name": "m", "items": [{"key": "a", "path": "deep/b"}]}},
        {"name": "empty", "emptyDir": {}},
        {
            "name": "token",
            "projected": {
                "sources": [{"serviceAccountToken": {"path": "t", "audience": "kagent"}}]
            },
        },
        {
            "name": "me",
            "downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]},
        },
    ]
    mounts = [
        {"name": "config", "mountPath": "/config"},
        {"name": "map", "mountPath": "/config/map"},
        {"name": "empty", "mountPath": "/data"},
        {"name": "token", "mountPath": "/var/run/secrets/tokens"},
        {"name": "me", "mountPath": "/me"},
        {"name": "config", "mountPath": "/one.txt", "subPath": "f"},
    ]
    paths = ["/config/f", "/config/map/deep/b", "/me/n", "/one.txt", "/var/run/secrets/tokens/t"]

    async def story(cluster: Any) -> None:
        secret = {"metadata": {"name": "s"}, "data": {"f": b64encode(b"secret").decode()}}
        await cluster.create("secrets", secret)
        await cluster.create("configmaps", {"metadata": {"name": "m"}, "data": {"a": "map"}})
        container = {"volumeMounts": mounts, "workingDir": "/data"}
        pod = make_pod("p", "python3", "-c", PRINT, *paths, container=container, volumes=volumes)
        await cluster.create("pods", pod)
        ended = await cluster.pod("p", _ended)

        *texts, token = (await cluster.log("p")).strip().split("|")
        assert texts == ["secret", "map", "p", "secret"]
        assert token.count(".") == 2
        folder = cluster.private(ended)
        assert folder.stat().st_mode & 0o077 == 0

    play(story)


def test_a_mount_above_the_interpreter_does_not_hide_it(
    play: Any, make_pod: Callable[..., Any]
) -> None:
    """A checkout in /tmp, and a pod that mounts /tmp."""
    above = "/" + Path(sys.executable).parts[1]
    volumes = [{"name": "empty", "emptyDir": {}}]
    container = {"volumeMounts": [{"name": "empty", "mountPath": above}]}

    async def story(cluster: Any) -> None:
        script = "print('it runs')"
        pod = make_pod("p", "python3", "-c", script, container=container, volumes=volumes)
        await cluster.create("pods", pod)
        await cluster.pod("p", _ended)

        assert await cluster.log("p") == "it runs\n"

    play(story)


def test_changed_secret_reaches_the_running_pod(play: Any, make_pod: Callable[..., Any]) -> None:
    script = "until grep -q new /config/f; do sleep 0.02; done; cat /config/f"

    async def story(cluster: Any) -> None:
        await cluster.create("secrets", {"metadata": {"name": "s"}, "stringData": {"f": "old"}})
        pod = make_pod(
            "p",
            "sh",
            "-c",
            script,
            container={"volumeMounts": [{"name": "config", "mountPath": "/config"}]},
            volumes=[{"name": "config", "secret": {"secretName": "s"}}],
        )
        await cluster.create("pods", pod)
        await cluster.pod("p", lambda pod: pod["status"]["phase"] == "Running")
        fresh = b64encode(b"new").decode()
        await cluster.edit("secrets", "s", lambda secret: secret["data"].update(f=fresh))
        await cluster.pod("p", _ended)

        assert await cluster.log("p") == "new"

    play(story)


def test_missing_volume_is_waited_for(play: Any, make_pod: Callable[..., Any]) -> None:
    async def story(cluster: Any) -> None:
        pod = make_pod("p", "true", volumes=[{"name": "v", "configMap": {"name": "late"}}])
        await cluster.create("pods", pod)

        async def is_told() -> bool:
            message = 'MountVolume.SetUp failed: configmap "late" not found'
            return ("FailedMount", message) in await cluster.events("p")

        await cluster.until(is_told)
        await cluster.create("configmaps", {"metadata": {"name": "late"}, "data": {}})
        await cluster.pod("p", _ended)

    play(story)


def test_init_containers_run_first_one_after_the_other(
    play: Any, make_pod: Callable[..., Any]
) -> None:
    mount = [{"name": "shared", "mountPath": "/shared"}]
    inits = [
        {
            "name": name,
            "image": "python:3.12",
            "command": ["sh", "-c", f"echo {name} >> /shared/order"],
            "volumeMounts": mount,
        }
        for name in ("first", "second")
    ]

    async def story(cluster: Any) -> None:
        pod = make_pod(
            "p",
            "cat",
            "/shared/order",
            container={"volumeMounts": mount},
            initContainers=inits,
            volumes=[{"name": "shared", "emptyDir": {}}],
        )
        await cluster.create("pods", pod)
        await cluster.pod("p", _ended)

        assert await cluster.log("p") == "first\nsecond\n"

    play(story)


def test_failed_init_container_fails_a_pod_that_never_restarts(
    play: Any, make_pod: Callable[..., Any]
) -> None:
    init = {"name": "init", "image": "python:3.12", "command": ["false"]}

    async def story(cluster: Any) -> None:
        await cluster.create("pods", make_pod("p", "true", initContainers=[init]))
        pod = await cluster.pod("p", _ended)

        assert pod["status"]["phase"] == "Failed"
        assert pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 1

    play(story)


def test_sidecar_runs_beside_and_ends_after(play: Any, make_pod: Callable[..., Any]) -> None:
    mount = [{"name": "shared", "mountPath": "/shared"}]
    stays = "trap 'echo bye; exit 0' TERM; touch /shared/up; while :; do sleep 0.02; done"
    sidecar = {
        "name": "sidecar",
        "image": "python:3.12",
        "command": ["sh", "-c", stays],
        "restartPolicy": "Always",
        "volumeMounts": mount,
    }

    async def story(cluster: Any) -> None:
        pod = make_pod(
            *("p", "sh", "-c", "while [ ! -f /shared/up ]; do sleep 0.02; done"),
            container={"volumeMounts": mount},
            initContainers=[sidecar],
            volumes=[{"name": "shared", "emptyDir": {}}],
            terminationGracePeriodSeconds=60,
        )
        await cluster.create("pods", pod)
        pod = await cluster.pod("p", _ended)

        assert pod["status"]["phase"] == "Succeeded"
        assert await cluster.log("p", container="sidecar") == "bye\n"

    play(story)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 0", (0, "Completed", "")),
        ("exit 7", (7, "Error", "")),
        ("kill -9 $$$$", (137, "Error", "")),
        ("printf why > /dev/termination-log; exit 1", (1, "Error", "why")),
    ],
)
def test_exit_is_told_with_code_reason_and_message(
    play: Any, make_pod: Callable[..., Any], script: str, expected: tuple[int, str, str]
) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("pods", make_pod("p", "sh", "-c", script))
        pod = await cluster.pod("p", _ended)

        ended = _terminated(pod)
        assert (ended["exitCode"], ended["reason"], ended.get("message", "")) == expected
        assert pod["status"]["phase"] == ("Failed" if expected[0] else "Succeeded")

    play(story)


def test_command_that_does_not_exist_is_a_start_error(
    play: Any, make_pod: Callable[..., Any]
) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("pods", make_pod("p", "/no/such/program"))
        ended = _terminated(await cluster.pod("p", _ended))

        assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
        assert "/no/such/program" in ended["message"]

    play(story)


def test_crashing_container_is_started_again_and_then_backs_off(
    play: Any, make_pod: Callable[..., Any]
) -> None:
    async def story(cluster: Any) -> None:
        pod = make_pod("p", "sh", "-c", "echo run; exit 3", restartPolicy="Always")
        await cluster.create("pods", pod)

        def is_backing_off(pod: Any) -> bool:
            waiting = pod["status"]["containerStatuses"][0]["state"].get("waiting") or {}
            return waiting.get("reason") == "CrashLoopBackOff"

        status = (await cluster.pod("p", is_backing_off))["status"]["containerStatuses"][0]
        assert status["restartCount"] == 1
        assert status["lastState"]["terminated"]["exitCode"] == 3
        assert (
            "back-off 10s restarting failed container=main" in status["state"]["waiting"]["message"]
        )
        assert await cluster.log("p", previous=True) == "run\n"

    play(story)


def test_containers_of_a_pod_run_together(play: Any, make_pod: Callable[..., Any]) -> None:
    async def story(cluster: Any) -> None:
        pod = make_pod("p", "sh", "-c", "echo main")
        other = {"name": "other", "image": "python:3.12", "command": ["sh", "-c", "echo other"]}
        pod["spec"]["containers"].append(other)
        await cluster.create("pods", pod)
        await cluster.pod("p", _ended)

        assert await cluster.log("p", container="main") == "main\n"
        assert await cluster.log("p", container="other") == "other\n"

    play(story)


def test_failing_liveness_probe_restarts_the_container(
    play: Any, make_pod: Callable[..., Any]
) -> None:
    probe = {
        "exec": {"command": ["test", "-f", "/shared/alive"]},
        "periodSeconds": 1,
        "failureThreshold": 1,
    }

    async def story(cluster: Any) -> None:
        pod = make_pod(
            "p",
            "sleep",
            "1000",
            restartPolicy="Always",
            container={
                "livenessProbe": probe,
                "volumeMounts": [{"name": "shared", "mountPath": "/shared"}],
            },
            volumes=[{"name": "shared", "emptyDir": {}}],
        )
        await cluster.create("pods", pod)
        await cluster.pod("p", lambda pod: pod["status"]["containerStatuses"][0]["restartCount"])

        told = ("Killing", "Container main failed liveness probe, will be restarted")
        assert told in await cluster.events("p")

    play(story)


def test_readiness_waits_for_the_startup_probe(play: Any, make_pod: Callable[..., Any]) -> None:
    path = "/shared/up"
    check = {"exec": {"command": ["test", "-f", path]}, "periodSeconds": 1}

    async def story(cluster: Any) -> None:
        pod = make_pod(
            "p",
            "sleep",
            "1000",
            container={
                "startupProbe": {**check, "failureThreshold": 100},
                "readinessProbe": {"exec": {"command": ["true"]}},
                "volumeMounts": [{"name": "shared", "mountPath": "/shared"}],
            },
            volumes=[{"name": "shared", "emptyDir": {}}],
        )
        await cluster.create("pods", pod)
        first = await cluster.pod("p", lambda pod: pod["status"]["phase"] == "Running")
        status = first["status"]["containerStatuses"][0]
        assert (status["started"], status["ready"]) == (False, False)

        cluster.private(first, "volumes", "shared", "up").touch()
        ready = await cluster.pod("p", lambda pod: pod["status"]["containerStatuses"][0]["ready"])
        conditions = {e["type"]: e["status"] for e in ready["status"]["conditions"]}
        assert (conditions["Ready"], conditions["ContainersReady"]) == ("True", "True")

    play(story)


def test_deadline_of_a_pod_fails_it(play: Any, make_pod: Callable[..., Any]) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("pods", make_pod("p", "sleep", "1000", activeDeadlineSeconds=1))
        pod = await cluster.pod("p", _ended)

        assert (pod["status"]["phase"], pod["status"]["reason"]) == ("Failed", "DeadlineExceeded")

    play(story)


def test_container_over_its_memory_limit_is_killed(
    play: Any, make_pod: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory.watch, "__kwdefaults__", {"interval_s": 0.1})
    script = "import time; held = b'x' * 120_000_000; time.sleep(1000)"

    async def story(cluster: Any) -> None:
        container = {"resources": {"limits": {"memory": "100Mi"}}}
        pod = make_pod("p", "python3", "-S", "-c", script, container=container)
        await cluster.create("pods", pod)
        ended = _terminated(await cluster.pod("p", _ended))

        assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")

    play(story)
