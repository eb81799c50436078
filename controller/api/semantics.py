"""What changed in the agents' own terms, as an answer and as lines for the dashboard."""

from typing import Any

import pydantic

from controller.api import planshapes, services
from controller.api.shapes import Shape
from controller.diff.semantic import renderings, text
from controller.diff.semantic.change import SemanticDiff
from controller.errors import RosterError
from controller.telemetry import redact

MOST_CHANGES = 500
"""In one answer: a first sync of a thousand agents has more than anybody reads."""


class PieceShape(Shape):
    """A piece of a compared text."""

    mark: str = pydantic.Field(description="same, added, removed, or gap for what is left out.")
    text: str


class SemanticChangeShape(Shape):
    """One thing that changed."""

    kind: str = pydantic.Field(description="prompt, model, tools, approval, access and others.")
    severity: str = pydantic.Field(description="high, medium or low: how carefully to look.")
    definition: str
    file: str
    line: int
    summary: str = pydantic.Field(
        description="A sentence; names and values of the repository stand in backticks."
    )
    words: list[PieceShape]
    agents: list[str] = pydantic.Field(description="Agents that use the definition.")
    reaches: list[str] = pydantic.Field(description="Agents that call those, through others too.")


class SemanticShape(Shape):
    """What changed between two revisions, in the agents' own terms."""

    before: str = pydantic.Field(description="Commit; empty where nothing was synced yet.")
    after: str
    counts: dict[str, int] = pydantic.Field(description="Number of changes by severity.")
    total: int
    changes: list[SemanticChangeShape] = pydantic.Field(
        description=f"The most important ones, at most {MOST_CHANGES}."
    )
    text: str = pydantic.Field(description="The same for people.")
    markdown: str = pydantic.Field(description="The same for a comment on a pull request.")


class DiffShape(planshapes.PlanShape):
    """What a sync would do now, to definitions and to objects."""

    semantic: SemanticShape | None = pydantic.Field(
        description="From the revision synced last to this one; null where it cannot be told."
    )
    semantic_problem: str = pydantic.Field(description="Why it cannot be told.")


def answer(diff: SemanticDiff) -> SemanticShape:
    """Give a diff as an answer."""
    return SemanticShape(
        **renderings.data(diff, most=MOST_CHANGES),
        total=len(diff.changes),
        text=renderings.plain(diff),
        markdown=renderings.markdown(diff),
    )


def since_synced(name: str) -> tuple[SemanticDiff | None, str]:
    """Give what is new since the last sync of an application, or why that cannot be told.

    The plan is worth showing without it: after a push by force nobody has the earlier revision.
    """
    try:
        return services.current().semantic(name, None, None), ""
    except RosterError as error:
        return None, redact(str(error))


def lines(diff: SemanticDiff | None) -> list[dict[str, Any]]:
    """Give the lines of a diff grouped for the page: compared words belong to their change."""
    found: list[dict[str, Any]] = []
    for line in text.lines(diff) if diff else ():
        if line.role is text.Role.WORDS and found:
            found[-1]["words"].append(line.spans)
        else:
            found.append({"role": str(line.role), "spans": line.spans, "words": []})
    return found
