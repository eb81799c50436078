"""`python -m controller.local.skillsinit`: the init container of an agent with skills."""

import os
import sys
from collections.abc import Mapping

from controller.errors import PermanentError, RosterError
from controller.local.skillsinit import git, oci, wanted


def main(environment: Mapping[str, str] = os.environ) -> int:
    """Fetch all skills and give the exit code; the first that cannot be had ends it."""
    try:
        mounts = wanted.Mounts(environment)
        _fetch(wanted.read(mounts), mounts)
    except RosterError as error:
        sys.stderr.write(f"skills-init: {error}\n")
        return 1
    return 0


def _fetch(skills: wanted.Wanted, mounts: wanted.Mounts) -> None:
    if skills.s3_refs:
        raise PermanentError(
            "Skills in S3 are not fetched on the local cluster.",
            remedy="Use a git repository or an image, or a real cluster.",
        )
    auth = mounts.path(skills.auth_mount_path) if skills.auth_mount_path else None
    for ref in skills.git_refs:
        git.fetch(ref, mounts.path(ref.dest), auth=auth)
        _tell(f"{ref.dest}: commit or branch {ref.ref}")
    pulled = [mounts.path(f"{wanted.PULL_SECRETS}/{name}") for name in skills.image_pull_secrets]
    for image in skills.oci_refs:
        oci.fetch(
            image,
            mounts.path(image.dest),
            secrets=oci.secrets(pulled),
            is_insecure=skills.insecure_oci,
        )
        _tell(f"{image.dest}: {image.image}")


def _tell(text: str) -> None:
    sys.stdout.write(f"skills-init: fetched {text}\n")


if __name__ == "__main__":
    sys.exit(main())
