"""Every rule that a finding can name, with its reason: what `roster explain` prints.

One module a subject; also the rules of `render`, whose findings stand beside those of this package.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.definitions.rules import (
    agent,
    applications,
    identity,
    model,
    prompts,
    reading,
    references,
    rendering,
    server,
    source,
    sync,
    tools,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: its stable id, what it says in one sentence, and why, with the way out."""

    id: str
    summary: str
    explanation: str


_SUBJECTS = (
    source,
    reading,
    identity,
    agent,
    model,
    server,
    references,
    prompts,
    rendering,
    sync,
    tools,
    applications,
)

RULES: Mapping[str, Rule] = {
    id_: Rule(id=id_, summary=summary, explanation=explanation)
    for subject in _SUBJECTS
    for id_, (summary, explanation) in sorted(subject.RULES.items())
}
"""All rules by id, grouped by subject."""
