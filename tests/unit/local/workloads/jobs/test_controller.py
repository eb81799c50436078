from collections.abc import Callable
from typing import Any


def _job(script: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "python:3.12", "command": ["sh", "-c", script]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {"metadata": {"name": "j"}, "spec": {"template": template, **spec}}


async def _ended(cluster: Any) -> Any:
    async def found() -> Any:
        job = await cluster.store.get("jobs.batch", "default", "j")
        kinds = {c["type"] for c in job["status"].get("conditions") or () if c["status"] == "True"}
        return job if kinds & {"Complete", "Failed"} else None

    return await cluster.until(found)


def test_job_runs_as_many_pods_as_it_wants_and_is_complete(play: Any) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("jobs.batch", _job("exit 0", completions=3, parallelism=2))
        job = await _ended(cluster)

        assert job["status"]["succeeded"] == 3
        assert [c["type"] for c in job["status"]["conditions"]] == [
            "SuccessCriteriaMet",
            "Complete",
        ]
        assert len(await cluster.store.list("pods", "default")) == 3

    play(story)


def test_job_fails_at_its_backoff_limit(play: Any) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("jobs.batch", _job("exit 1", backoffLimit=0))
        job = await _ended(cluster)

        assert job["status"]["failed"] == 1
        assert job["status"]["conditions"][-1]["reason"] == "BackoffLimitExceeded"

    play(story)


def test_job_over_its_deadline_ends_its_pods(play: Any) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("jobs.batch", _job("exec sleep 1000", activeDeadlineSeconds=1))
        job = await _ended(cluster)

        assert job["status"]["conditions"][-1]["reason"] == "DeadlineExceeded"
        assert "active" not in job["status"]

    play(story)


def test_finished_job_is_removed_after_its_time(play: Any) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("jobs.batch", _job("exit 0", ttlSecondsAfterFinished=0))
        await cluster.gone("jobs.batch", "j")

    play(story)


def test_pod_that_is_deleted_before_it_ends_is_counted_as_failed(
    play: Any, make_pod: Callable[..., Any]
) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("jobs.batch", _job("exec sleep 1000", backoffLimit=5))

        async def running() -> Any:
            pods = await cluster.store.list("pods", "default")
            return [p for p in pods if p["status"].get("phase") == "Running"]

        (pod,) = await cluster.until(running)
        await cluster.delete("pods", pod["metadata"]["name"], grace_period_s=1)

        async def is_counted() -> bool:
            job = await cluster.store.get("jobs.batch", "default", "j")
            return job["status"].get("failed") == 1

        await cluster.until(is_counted)

    play(story)


def test_pods_of_a_deleted_job_go_with_it(play: Any) -> None:
    async def story(cluster: Any) -> None:
        await cluster.create("jobs.batch", _job("exec sleep 1000"))

        async def pods(phase: str) -> Any:
            found = await cluster.store.list("pods", "default")
            return [p for p in found if p["status"].get("phase") == phase or not phase]

        await cluster.until(lambda: pods("Running"))
        await cluster.delete("jobs.batch", "j", propagation="Background")

        async def is_gone() -> bool:
            return not await pods("")

        await cluster.until(is_gone)

    play(story)


def test_every_index_of_an_indexed_job_has_a_pod_that_knows_it(play: Any) -> None:
    async def story(cluster: Any) -> None:
        say = 'echo "index $JOB_COMPLETION_INDEX"'
        await cluster.create(
            "jobs.batch", _job(say, completions=3, parallelism=2, completionMode="Indexed")
        )
        job = await _ended(cluster)

        assert (job["status"]["succeeded"], job["status"]["completedIndexes"]) == (3, "0-2")
        pods = await cluster.store.list("pods", "default")
        made = {pod["metadata"]["name"].rpartition("-")[0]: pod for pod in pods}
        assert set(made) == {"j-0", "j-1", "j-2"}
        for stem, pod in made.items():
            number = stem.rpartition("-")[2]
            assert pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] == (
                number
            )
            assert pod["spec"]["hostname"] == stem
            assert await cluster.log(pod["metadata"]["name"]) == f"index {number}\n"

    play(story)


def test_an_index_that_fails_leaves_the_others_their_work(play: Any) -> None:
    async def story(cluster: Any) -> None:
        fail = 'test "$JOB_COMPLETION_INDEX" != 1'
        spec = {"completions": 3, "parallelism": 1, "backoffLimitPerIndex": 0}
        await cluster.create("jobs.batch", _job(fail, completionMode="Indexed", **spec))
        job = await _ended(cluster)

        status = job["status"]
        assert (status["completedIndexes"], status["failedIndexes"]) == ("0,2", "1")
        assert status["conditions"][-1]["reason"] == "FailedIndexes"

    play(story)
