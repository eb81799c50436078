import asyncio
from typing import Any

from controller.local.workloads.kubelet import probes
from controller.local.workloads.kubelet.addresses import PodAddress
from controller.local.workloads.kubelet.questions import Questions


def test_a_container_that_does_not_run_carries_nothing_out() -> None:
    async def story() -> probes.Answer:
        processes: Any = None  # nothing is started
        questions = Questions({"name": "main"}, processes, PodAddress("127.0.0.1"))
        return await questions.ask({"exec": {"command": ["true"]}}, 1.0)

    answer = asyncio.run(story())

    assert (answer.is_success, answer.message) == (False, "the container does not run")


def test_a_port_is_asked_by_its_name_where_it_really_is() -> None:
    async def story() -> probes.Answer:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        real = server.sockets[0].getsockname()[1]
        spec = {"name": "main", "ports": [{"name": "http", "containerPort": 8080}]}
        processes: Any = None
        questions = Questions(spec, processes, PodAddress("127.0.0.1", {8080: real}))
        async with server:
            return await questions.ask({"tcpSocket": {"port": "http"}}, 10.0)

    assert asyncio.run(story()).is_success
