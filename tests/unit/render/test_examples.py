"""The examples repository renders, every part of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[3] / "examples-repo"


def test_every_example_renders(render: Callable[..., Any]) -> None:
    files = {str(path.relative_to(EXAMPLES)): path.read_text() for path in EXAMPLES.rglob("*.yaml")}
    output = render(files)

    assert output.errors() == []
    assert output.rendered.blocked == ()
    agents = [part for part in output.rendered.components if part.id.kind == "Agent"]
    assert len(agents) >= 6
    assert all(len(part.manifests) == 4 for part in agents)
