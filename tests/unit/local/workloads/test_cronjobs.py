"""CronJobs on a cluster whose clock the test sets: nothing waits for a time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.local import schedules
from controller.local.workloads import cronjobs, due

CRON_JOBS = cronjobs.RESOURCE


class Clock:
    """Stands at a time in the far future until it is set, in whole minutes after that."""

    def __init__(self) -> None:
        self.start = datetime(2080, 1, 1, 12, 0, 30, tzinfo=UTC)
        self.now = self.start

    def __call__(self) -> datetime:
        return self.now

    def name(self, minutes: int) -> str:
        """Give the name of the Job that is scheduled for so many minutes after the start."""
        return f"c-{int(self.start.timestamp()) // 60 + minutes}"


class Stage:
    """A cluster with one CronJob."""

    def __init__(self, cluster: Any, clock: Clock) -> None:
        self.cluster = cluster
        self.clock = clock

    async def create(self, script: str = "exit 0", **spec: Any) -> None:
        """Make the CronJob, as if it had last run at the start."""
        container = {"name": "main", "image": "python:3.12", "command": ["sh", "-c", script]}
        pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1}
        template = {"spec": {**pod, "containers": [container]}}
        job = {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"backoffLimit": 0, "template": template},
        }
        body = {"metadata": {"name": "c"}, "spec": {"schedule": "* * * * *", "jobTemplate": job}}
        made = await self.cluster.create(CRON_JOBS, {**body, "spec": {**body["spec"], **spec}})
        started = f"{self.clock.start:%Y-%m-%dT%H:%M:00Z}"
        made = {**made, "status": {"lastScheduleTime": started}}
        await self.cluster.store.update_status(CRON_JOBS, made)

    async def pass_minutes(self, minutes: int) -> None:
        """Set the clock, and have the CronJob looked at."""
        self.clock.now = self.clock.start + timedelta(minutes=minutes)
        labels = {"metadata": {"labels": {"minutes": str(minutes)}}}
        await self.cluster.store.patch(CRON_JOBS, "default", "c", labels)

    async def status(self, is_so: Callable[[Any], object]) -> Any:
        """Give the status as soon as it is so."""

        async def found() -> Any:
            each = await self.cluster.store.get(CRON_JOBS, "default", "c")
            return each["status"] if is_so(each["status"]) else None

        return await self.cluster.until(found)

    async def jobs(self) -> set[str]:
        return {
            job["metadata"]["name"]
            for job in await self.cluster.store.list("jobs.batch", "default")
        }

    async def told(self, reason: str) -> str:
        """Give the first event of a reason, as soon as there is one."""

        async def found() -> Any:
            events = await self.cluster.events("c")
            return next((message for each, message in events if each == reason), None)

        return str(await self.cluster.until(found))


@pytest.fixture
def stage(play: Any) -> Callable[[Any], None]:
    """Play a story with a stage."""

    def run(story: Any) -> None:
        clock = Clock()

        async def whole(cluster: Any) -> None:
            await story(Stage(cluster, clock))

        play(whole, clock=clock)

    return run


def test_a_job_runs_when_it_is_due(stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.create(timeZone="Europe/Berlin")

        await stage.pass_minutes(1)

        name = stage.clock.name(1)
        status = await stage.status(lambda status: status.get("lastSuccessfulTime"))
        job = await stage.cluster.store.get("jobs.batch", "default", name)
        assert status["lastScheduleTime"] == "2080-01-01T12:01:00Z"
        assert status["lastSuccessfulTime"] == job["status"]["completionTime"]
        assert job["metadata"]["labels"] == {"a": "b"}
        assert job["metadata"]["annotations"] == {
            "batch.kubernetes.io/cronjob-scheduled-timestamp": "2080-01-01T13:01:00+01:00"
        }
        (owner,) = job["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["controller"]) == ("CronJob", "c", True)
        assert await stage.told("SuccessfulCreate") == f"Created job {name}"
        completed = await stage.told("SawCompletedJob")
        assert completed == f"Saw completed job: {name}, condition: Complete"

    stage(story)


def test_of_many_missed_times_the_latest_is_made_up_for(stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.create()

        await stage.pass_minutes(500)

        await stage.status(lambda status: status.get("lastSuccessfulTime"))
        assert await stage.jobs() == {stage.clock.name(500)}
        assert (await stage.told("TooManyMissedTimes")).startswith("too many missed start times")

    stage(story)


def test_what_is_missed_by_more_than_the_deadline_does_not_run(stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.create(schedule="0 13 * * *", startingDeadlineSeconds=60)
        await stage.pass_minutes(65)
        await stage.cluster.edit(
            CRON_JOBS, "c", lambda found: found["spec"].update(startingDeadlineSeconds=600)
        )

        status = await stage.status(lambda status: status.get("lastSuccessfulTime"))

        assert status["lastScheduleTime"] == "2080-01-01T13:00:00Z"
        assert await stage.jobs() == {stage.clock.name(60)}

    stage(story)


def test_a_job_that_still_runs_forbids_the_next(stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.create("exec sleep 1000", concurrencyPolicy="Forbid")
        await stage.pass_minutes(1)
        await stage.status(lambda status: status.get("active"))

        await stage.pass_minutes(2)

        assert "concurrency policy is Forbid" in await stage.told("JobAlreadyActive")
        assert await stage.jobs() == {stage.clock.name(1)}

    stage(story)


def test_a_job_that_still_runs_is_replaced_by_the_next(stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.create("exec sleep 1000", concurrencyPolicy="Replace")
        await stage.pass_minutes(1)
        first, second = stage.clock.name(1), stage.clock.name(2)
        await stage.status(lambda status: status.get("active"))

        async def pods() -> list[str]:
            found = await stage.cluster.store.list("pods", "default")
            return [pod["metadata"]["labels"]["job-name"] for pod in found]

        async def is_running() -> bool:
            return await pods() == [first]

        await stage.cluster.until(is_running)

        await stage.pass_minutes(2)

        status = await stage.status(lambda status: status["active"][0]["name"] == second)
        assert len(status["active"]) == 1
        assert await stage.told("SuccessfulDelete") == f"Deleted job {first}"

        async def is_replaced() -> bool:
            return await pods() == [second]

        await stage.cluster.until(is_replaced)

    stage(story)


def test_jobs_run_beside_each_other_where_that_is_allowed(stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.create("exec sleep 1000")
        await stage.pass_minutes(1)
        await stage.status(lambda status: len(status.get("active") or ()) == 1)

        await stage.pass_minutes(2)

        await stage.status(lambda status: len(status.get("active") or ()) == 2)

    stage(story)


def test_a_suspended_schedule_makes_up_for_the_last_time_when_it_goes_on(stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.create(suspend=True)
        await stage.pass_minutes(3)
        await stage.cluster.edit(CRON_JOBS, "c", lambda found: found["spec"].update(suspend=False))

        await stage.status(lambda status: status.get("lastSuccessfulTime"))

        assert await stage.jobs() == {stage.clock.name(3)}

    stage(story)


def test_history_keeps_as_many_jobs_as_it_is_told(stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.create(successfulJobsHistoryLimit=1)
        for minutes in (1, 2, 3):
            await stage.pass_minutes(minutes)
            name = stage.clock.name(minutes)

            async def is_done(name: str = name) -> bool:
                events = await stage.cluster.events("c")
                return ("SawCompletedJob", f"Saw completed job: {name}, condition: Complete") in (
                    events
                )

            await stage.cluster.until(is_done)

        async def is_trimmed() -> bool:
            return await stage.jobs() == {stage.clock.name(3)}

        await stage.cluster.until(is_trimmed)

    stage(story)


def test_a_day_that_does_not_exist_is_told(stage: Any) -> None:
    async def story(stage: Stage) -> None:
        await stage.create(schedule="0 0 30 2 *")

        assert await stage.told("InvalidSchedule") == (
            "invalid schedule: 0 0 30 2 * : time difference between two schedules is less than 1"
            " second"
        )

    stage(story)


def _cron_job(last: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"creationTimestamp": last}, "spec": spec}


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        ("0 * * * *", "10:59:59", None),
        ("0 * * * *", "11:00:00", "11:00"),
        ("0 * * * *", "13:59:00", "13:00"),
        ("30 6-16/4 * * *", "15:00:00", "14:30"),
        ("@every 40m", "12:00:00", "11:50"),
    ],
    ids=["early", "due", "missed", "uneven", "every"],
)
def test_what_is_owed(schedule: str, now: str, expected: str | None) -> None:
    cron_job = _cron_job("2026-01-01T10:30:00Z")

    owed = due.unmet(
        cron_job, schedules.parse(schedule), datetime.fromisoformat(f"2026-01-01T{now}Z")
    )

    assert (f"{owed.time:%H:%M}" if owed else None) == expected


@pytest.mark.parametrize(
    ("schedule", "expected_s"),
    [("0 * * * *", 600.1), ("@every 40m", 1800.1), ("*/20 * * * *", 600.1)],
)
def test_how_long_until_the_next(schedule: str, expected_s: float) -> None:
    cron_job = _cron_job("2026-01-01T10:00:00Z")
    now = datetime(2026, 1, 1, 10, 50, tzinfo=UTC)

    assert due.wait_s(cron_job, schedules.parse(schedule), now) == pytest.approx(expected_s)
