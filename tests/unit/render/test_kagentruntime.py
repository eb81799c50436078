"""Agents on kagent's own runtime."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from controller.render.options import RenderOptions

Render = Callable[..., Any]

TEXT = (
    Path(__file__).parents[2] / "golden" / "render" / "inputs" / "agent-kagent-runtime.yaml"
).read_text()
WITHOUT = TEXT.replace("  annotations:\n    roster.dev/runtime: kagent\n", "")


def test_kagents_runtime_gets_values_and_rosters_gets_references(render: Render) -> None:
    theirs, ours = render(TEXT), render(WITHOUT)

    def sent(output: Any) -> Any:
        return output.config("on-kagent")["http_tools"][0]["params"]["headers"]["Authorization"]

    assert sent(theirs) == "Bearer value"
    assert sent(ours).startswith("${env:ROSTER_HEADER_")
    names = [item["name"] for item in theirs.container("on-kagent")["env"]]
    assert not any(name.startswith("ROSTER_") for name in names)


def test_an_application_can_choose_it_for_all_agents(render: Render) -> None:
    options = RenderOptions(application="demo", namespace="agents", runtime="kagent")
    container = render(WITHOUT, options=options).container("on-kagent")

    assert container["image"] == "mirror.example.com/kagent-dev/kagent/app:0.10.4"
    assert "command" not in container
    assert "securityContext" not in container


def test_a_value_that_nobody_has_is_refused(render: Render) -> None:
    text = TEXT.replace("  name: server\nstringData", "  name: other\nstringData")
    output = render(text, cluster={})

    (error,) = output.errors()
    assert error.rule == "unreachable-value"
    assert error.position.line == 6


def test_a_runtime_that_there_is_not_is_refused(render: Render) -> None:
    output = render(TEXT.replace("runtime: kagent", "runtime: other"))

    (error,) = output.errors()
    assert error.rule == "unknown-runtime"
