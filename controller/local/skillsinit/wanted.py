"""What an init container is to fetch: the JSON that `render` writes for kagent's skills-init."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from controller.errors import PermanentError

FILE = "/etc/kagent/skills-init/config.json"
PULL_SECRETS = "/docker-secrets"


class _Wanted(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class GitRef(_Wanted):
    """A folder of a repository."""

    url: str
    ref: str
    dest: str
    sub_path: str = ""
    full: bool = False
    """Whether `ref` is the id of a commit."""


class OciRef(_Wanted):
    """The files of an image."""

    image: str
    dest: str


class Wanted(_Wanted):
    """All skills of an agent, and how to sign in for them."""

    git_refs: tuple[GitRef, ...] = ()
    oci_refs: tuple[OciRef, ...] = ()
    s3_refs: tuple[Mapping[str, Any], ...] = ()
    auth_mount_path: str = ""
    image_pull_secrets: tuple[str, ...] = ()
    insecure_oci: bool = False


class Mounts:
    """Where the paths of a pod really are: the local cluster says so in `ROSTER_MOUNTS`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._mounts = json.loads(environment.get("ROSTER_MOUNTS") or "{}")

    def path(self, text: str) -> Path:
        """Translate a path below a mount; any other stays what it is."""
        path = Path(text)
        for mount in sorted(self._mounts, key=len, reverse=True):
            if path.is_relative_to(mount):
                return Path(self._mounts[mount]) / path.relative_to(mount)
        return path


def read(mounts: Mounts) -> Wanted:
    """Read the configuration that the pod has mounted.

    Raises:
        PermanentError: it is not there, or not what it should be.
    """
    path = mounts.path(FILE)
    try:
        return Wanted.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise PermanentError(f"{path} cannot be read: {error}") from error
