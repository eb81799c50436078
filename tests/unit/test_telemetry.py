import io
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import structlog
from prometheus_client.metrics import MetricWrapperBase

from controller import telemetry


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    logging.getLogger("controller").setLevel(logging.NOTSET)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def published(name: str) -> list[str]:
    """A metric's lines; those of other metrics are of whatever else ran in this process."""
    text = telemetry.metrics().decode()
    return [line for line in text.splitlines() if line.startswith(f"{name}{{")]


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_lines_are_json_where_nobody_watches() -> None:
    stream = io.StringIO()
    telemetry.configure_logging(stream=stream)

    structlog.get_logger("controller.sync").info("wave_applied", wave=2)

    (line,) = lines(stream)
    assert {"event": "wave_applied", "wave": 2, "level": "info"}.items() <= line.items()
    assert line["logger"] == "controller.sync"
    assert str(line["timestamp"]).endswith("Z")


def test_lines_are_for_people_on_a_terminal() -> None:
    stream = Terminal()
    telemetry.configure_logging(stream=stream)

    structlog.get_logger("controller").info("wave_applied", wave=2)

    assert "wave_applied" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_form_can_be_forced() -> None:
    stream = Terminal()
    telemetry.configure_logging(form="json", stream=stream)

    structlog.get_logger("controller").info("wave_applied")

    assert lines(stream)[0]["event"] == "wave_applied"


def test_level_is_respected_and_libraries_are_quieter() -> None:
    stream = io.StringIO()
    telemetry.configure_logging(level="info", stream=stream)

    structlog.get_logger("controller").debug("too_fine")
    logging.getLogger("urllib3").info("connection opened")
    logging.getLogger("urllib3").warning("retrying")

    assert [line["event"] for line in lines(stream)] == ["retrying"]


def test_bound_context_is_on_every_line() -> None:
    stream = io.StringIO()
    telemetry.configure_logging(stream=stream)

    with structlog.contextvars.bound_contextvars(application="agents"):
        structlog.get_logger("controller").info("reconciled")

    assert lines(stream)[0]["application"] == "agents"


def test_no_credentials_are_logged_even_in_exceptions() -> None:
    stream = io.StringIO()
    telemetry.configure_logging(stream=stream)
    log = structlog.get_logger("controller")

    log.info("fetched", url="https://bot:hunter2@git.example.com/x", token="hunter2")
    log.error("failed", exc_info=ValueError("https://bot:hunter2@git.example.com/x"))

    assert "hunter2" not in stream.getvalue()
    assert len(lines(stream)) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:pass@host/x", "https://host/x"),
        ("https://token@host/x", "https://host/x"),
        ("https://user:p@ss@host/x", "https://host/x"),
        ("HTTP://user:pass@host", "HTTP://host"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("ssh://git:pass@host/x", "ssh://host/x"),
        ("git@host:x/y.git", "git@host:x/y.git"),
        ("see https://host/a?b=c@d", "see https://host/a?b=c@d"),
        ("two https://a:b@c and http://d:e@f", "two https://c and http://f"),
        ("nothing", "nothing"),
    ],
)
def test_redact_takes_credentials_out_of_urls(text: str, expected: str) -> None:
    assert telemetry.redact(text) == expected


def test_applications_are_counted_by_status() -> None:
    telemetry.set_applications(
        [("Synced", "Healthy"), ("Synced", "Healthy"), ("Unknown", "Missing")]
    )
    telemetry.set_applications([("Synced", "Healthy")])

    assert published("roster_applications") == [
        'roster_applications{health="Healthy",sync="Synced"} 1.0'
    ]


def test_objects_and_revisions_are_of_now() -> None:
    telemetry.set_objects([("a", "Synced", "Healthy"), ("a", "Synced", "Healthy")])
    telemetry.set_revisions([("a", "1" * 40), ("b", "")])
    telemetry.set_revisions([("a", "2" * 40), ("b", "")])

    assert published("roster_objects") == [
        'roster_objects{application="a",health="Healthy",sync="Synced"} 2.0'
    ]
    assert published("roster_applied_revision_info") == [
        f'roster_applied_revision_info{{application="a",revision="{"2" * 40}"}} 1.0'
    ]


def test_notes_are_given_once() -> None:
    telemetry.noted()
    telemetry.note(revision="a", sync="Synced")
    telemetry.note(sync="OutOfSync")

    assert telemetry.noted() == {"revision": "a", "sync": "OutOfSync"}
    assert telemetry.noted() == {}


def test_every_metric_is_documented() -> None:
    """docs/telemetry.md is the one list of names and labels."""
    page = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text()
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `roster_")]
    documented = {name.strip(" `"): labels.strip() for _, name, labels, *_ in rows}
    known = {
        metric._name + ("_total" if metric._type == "counter" else ""): ", ".join(
            metric._labelnames
        )
        for metric in vars(telemetry).values()
        if isinstance(metric, MetricWrapperBase)
    }

    assert documented == known


def test_timed_observes_outcomes() -> None:
    def count(outcome: str) -> float:
        name = "roster_git_request_duration_seconds_count"
        labels = {"operation": "test", "outcome": outcome}
        return telemetry.REGISTRY.get_sample_value(name, labels) or 0.0

    before = count("success"), count("error")
    with telemetry.timed(telemetry.GIT_REQUEST_DURATION, operation="test"):
        pass
    with suppress(ValueError), telemetry.timed(telemetry.GIT_REQUEST_DURATION, operation="test"):
        raise ValueError

    assert (count("success"), count("error")) == (before[0] + 1, before[1] + 1)


def test_build_info_says_what_runs() -> None:
    telemetry.set_build_info("1.2.3")

    (line,) = published("roster_build_info")
    assert 'version="1.2.3"' in line
