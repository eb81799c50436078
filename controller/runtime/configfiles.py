"""Reads config.json and agent-card.json from the folder that the pod mounts."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from controller.definitions.agentconfig import AgentCard, AgentConfig
from controller.errors import PermanentError

CONFIG_FILE = "config.json"
CARD_FILE = "agent-card.json"

_Document = TypeVar("_Document", bound=BaseModel)


def read(folder: Path) -> tuple[AgentConfig, AgentCard]:
    """Both files of `folder`.

    Raises:
        PermanentError: a file is missing or wrong; the message names path and field.
    """
    return _parse(folder / CONFIG_FILE, AgentConfig), _parse(folder / CARD_FILE, AgentCard)


def _parse(path: Path, model: type[_Document]) -> _Document:
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise PermanentError(
            f"{path} does not exist.",
            remedy="Mount the agent's Secret there, or name its folder with --filepath.",
        ) from error
    except OSError as error:
        raise PermanentError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise PermanentError(
            f"{path} is not a valid {model.__name__}: {_problems(error)}.",
            remedy="It is written by the controller; sync the agent again, or correct the field.",
        ) from error


def _problems(error: ValidationError) -> str:
    problems = [
        f"{'.'.join(map(str, detail['loc'])) or 'document'}: {detail['msg']}"
        for detail in error.errors(include_url=False, include_input=False)
    ]
    return "; ".join(problems[:5])
