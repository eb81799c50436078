"""Skills: folders of instructions and scripts, which the model opens when it needs them.

catalog     what skills there are: their names and descriptions, and what is wrong with them
tools       the tools by which the model uses them, under kagent's names; `offers` describes them
permission  whether commands may be run, and whether they can be confined here
commands    runs a shell command with limits; `confine` is the program that starts it
workspace   the folder of a conversation; which paths a model may name
files       reads, writes and edits what is named; `beneath` opens it there and nowhere else
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from controller.runtime.limits import Limits

if TYPE_CHECKING:
    from controller.runtime.skills.tools import SkillTools

FOLDER = "KAGENT_SKILLS_FOLDER"
"""Variable that names the folder which the pod's init container has filled."""


def from_environment(environment: Mapping[str, str], limits: Limits) -> "SkillTools | None":
    """The skills that the pod has mounted; None: the agent has none.

    Raises:
        PermanentError: what commands are permitted is set to something unknown.
    """
    if not environment.get(FOLDER):
        return None
    # Imported here: most agents have no skills, and need no YAML.
    from controller.runtime.skills.tools import SkillTools  # noqa: PLC0415

    return SkillTools.from_environment(environment[FOLDER], environment, limits)
