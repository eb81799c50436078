"""The task store: joined texts, bounded number."""

import asyncio

from a2a.server.context import ServerCallContext
from a2a.types import Artifact, ListTasksRequest, Part, Task, TaskState, TaskStatus

from controller.runtime.sessions import Sessions
from controller.runtime.tasks import Tasks, wire_form


def task(number: int, state: TaskState, *parts: Part) -> Task:
    artifacts = [Artifact(artifact_id="a", parts=parts)] if parts else []
    return Task(id=str(number), context_id="c", status=TaskStatus(state=state), artifacts=artifacts)


def test_neighbouring_texts_become_one() -> None:
    parts = [Part(text="a"), Part(text="b"), Part(url="http://x"), Part(text="c"), Part(text="d")]
    working = task(1, TaskState.TASK_STATE_WORKING, *parts)

    asyncio.run(Tasks(Sessions(None)).save(working, ServerCallContext()))

    assert [part.text or part.url for part in working.artifacts[0].parts] == [
        "ab",
        "http://x",
        "cd",
    ]


def test_the_oldest_ended_tasks_are_forgotten_and_running_ones_kept() -> None:
    context = ServerCallContext()

    async def kept() -> set[str]:
        tasks = Tasks(Sessions(None), limit=2)
        await tasks.save(task(0, TaskState.TASK_STATE_WORKING), context)
        for number in range(1, 5):
            await tasks.save(task(number, TaskState.TASK_STATE_COMPLETED), context)
        listed = await tasks.list(ListTasksRequest(), context)
        return {found.id for found in listed.tasks}

    assert asyncio.run(kept()) == {"0", "3", "4"}


def test_tokens_are_stored_as_whole_numbers() -> None:
    stored = task(1, TaskState.TASK_STATE_COMPLETED)
    stored.metadata.update({"tokens": [3, {"share": 0.5}]})

    assert wire_form(stored)["metadata"] == {"tokens": [3, {"share": 0.5}]}
    assert isinstance(wire_form(stored)["metadata"]["tokens"][0], int)
