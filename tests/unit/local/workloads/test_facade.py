import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.local.apiserver.delegates import LogRequest
from controller.local.apiserver.errors import ApiError


def _state(pod: Any, kind: str) -> Any:
    return pod["status"]["containerStatuses"][0]["state"].get(kind)


def _pid(pod: Any) -> int:
    return int(pod["status"]["containerStatuses"][0]["containerID"].removeprefix("process://"))


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_logs_tell_lines_tail_time_and_limit(play: Any, make_pod: Callable[..., Any]) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("pods", make_pod("p", "sh", "-c", "printf 'one\\ntwo\\nthree'"))
        await cluster.pod("p", lambda pod: pod["status"]["phase"] == "Succeeded")

        assert await cluster.log("p") == "one\ntwo\nthree"
        assert await cluster.log("p", tail_lines=1) == "three"
        assert await cluster.log("p", limit_bytes=6) == "one\ntw"
        stamped = await cluster.log("p", timestamps=True, tail_lines=1)
        assert stamped.endswith("Z three")

    play(story)


def test_followed_log_ends_with_the_container(play: Any, make_pod: Callable[..., Any]) -> None:
    async def story(cluster: Any) -> None:
        script = "echo begin; while [ ! -f $TMPDIR/go ]; do sleep 0.02; done; echo end"
        await cluster.create("pods", make_pod("p", "sh", "-c", script))
        pod = await cluster.pod("p", lambda pod: _state(pod, "running"))
        request = LogRequest(namespace="default", name="p", follow=True)
        lines = cluster.workloads.log(request)

        assert await anext(lines) == b"begin\n"
        cluster.private(pod, "tmp", "go").touch()
        assert [line async for line in lines] == [b"end\n"]

    play(story)


def test_log_of_what_does_not_exist_is_an_error(play: Any, make_pod: Callable[..., Any]) -> None:
    async def story(cluster: Any) -> None:
        with pytest.raises(ApiError, match='pods "nobody" not found'):
            await cluster.log("nobody")
        await cluster.create("pods", make_pod("p", "true", container={"image": "nginx:1"}))
        await cluster.pod("p", lambda pod: _state(pod, "waiting"))
        with pytest.raises(ApiError, match="container nothing is not valid for pod p"):
            await cluster.log("p", container="nothing")
        with pytest.raises(ApiError, match="is waiting to start"):
            await cluster.log("p")
        with pytest.raises(ApiError, match="previous terminated container"):
            await cluster.log("p", previous=True)

    play(story)


def test_stopping_ends_pods_and_starting_runs_them_again(
    play: Any, make_pod: Callable[..., Any]
) -> None:
    pids = []

    async def first(cluster: Any) -> None:
        await cluster.create("pods", make_pod("p", "sleep", "1000", restartPolicy="Always"))
        pids.append(_pid(await cluster.pod("p", lambda pod: _state(pod, "running"))))

    async def second(cluster: Any) -> None:
        assert not _is_alive(pids[0])
        pod = await cluster.pod("p", lambda pod: _state(pod, "running") and _pid(pod) != pids[0])

        assert pod["status"]["containerStatuses"][0]["restartCount"] == 1
        last = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
        assert (last["exitCode"], last["reason"]) == (137, "ContainerStatusUnknown")

    play(first)
    play(second)


def test_killed_launcher_takes_its_containers_along_and_they_start_again(
    play: Any, make_pod: Callable[..., Any]
) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("pods", make_pod("p", "sleep", "1000", restartPolicy="Always"))
        before = _pid(await cluster.pod("p", lambda pod: _state(pod, "running")))
        os.kill(_parent(before), signal.SIGKILL)

        after = await cluster.pod("p", lambda pod: _state(pod, "running") and _pid(pod) != before)
        assert not _is_alive(before)
        assert _is_alive(_pid(after))

    play(story)


def test_wrong_image_waits_with_a_remedy_and_runs_once_it_is_added(
    play: Any, make_pod: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.local.workloads.kubelet.container._IMAGE_LOOK_S", 0.05)

    async def story(cluster: Any) -> None:
        pod = make_pod("p", container={"image": "acme/tool:1", "command": None, "args": ["hi"]})
        await cluster.create("pods", pod)
        waiting = _state(await cluster.pod("p", lambda pod: _state(pod, "waiting")), "waiting")
        assert waiting["reason"] == "ImageNotRunnableLocally"
        assert str(cluster.folder / "images.yaml") in waiting["message"]

        (cluster.folder / "images.yaml").write_text('"acme/*": [echo, hello]\n')
        await cluster.pod("p", lambda pod: pod["status"]["phase"] == "Succeeded")
        assert await cluster.log("p") == "hello hi\n"

    play(story)


def test_deleted_pod_is_asked_to_end_and_leaves_nothing(
    play: Any, make_pod: Callable[..., Any]
) -> None:
    async def story(cluster: Any) -> None:
        script = "trap 'exit 0' TERM; setsid sleep 1000 & while :; do sleep 0.02; done"
        await cluster.create("pods", make_pod("p", "sh", "-c", script))
        pod = await cluster.pod("p", lambda pod: _state(pod, "running"))
        folder = cluster.private(pod)
        await cluster.delete("pods", "p")
        await cluster.gone("pods", "p")

        async def is_clean() -> bool:
            return not folder.exists() and not _is_alive(_pid(pod))

        await cluster.until(is_clean)
        assert ("Killing", "Stopping container main") in await cluster.events("p")

    play(story)


def test_pod_that_ignores_the_request_is_killed_after_its_grace(
    play: Any, make_pod: Callable[..., Any]
) -> None:
    async def story(cluster: Any) -> None:
        script = "trap '' TERM; echo up; while :; do sleep 0.02; done"
        pod = make_pod("p", "sh", "-c", script, terminationGracePeriodSeconds=1)
        await cluster.create("pods", pod)
        pid = _pid(await cluster.pod("p", lambda pod: _state(pod, "running")))
        # Before it says so, it does not ignore the request yet.
        while "up" not in await cluster.log("p"):  # noqa: ASYNC110 - a log tells no event
            await asyncio.sleep(0.02)
        begun = asyncio.get_running_loop().time()
        await cluster.delete("pods", "p")
        await cluster.gone("pods", "p")

        assert asyncio.get_running_loop().time() - begun >= 0.9
        assert not _is_alive(pid)

    play(story)
