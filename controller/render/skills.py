"""An agent's skills: the init container that fetches them, and the configuration it reads.

The container is kagent's `skills-init`, whose configuration is JSON in a ConfigMap: what a user
writes reaches git and the registry as arguments and never as a piece of a shell script.
"""

import json
import posixpath
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from controller.definitions import skillnames
from controller.definitions.agent import GitSkill, Skills
from controller.definitions.catalog import Path
from controller.render import pod
from controller.render.problems import RenderError

FOLDER = "/skills"
_CONFIG_FOLDER = "/etc/kagent/skills-init"
_AUTH_FOLDER = "/git-auth"
_PULL_FOLDER = "/docker-secrets"
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_SCP_ADDRESS = re.compile(r"(?:[^@/]+@)?([A-Za-z0-9.-]+):.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """How skills come into the agent's pod."""

    names: tuple[str, ...]
    """Folders below /skills."""
    config: str
    """JSON text that the init container reads."""
    container: pod.Object
    needs: pod.Needs


def translate(skills: Skills, *, agent: str, image: str, security: Any, resources: Any) -> Fetch:
    """Give the init container for these skills.

    Raises:
        RenderError: two skills have one name, or a name or path leads out of the folder.
    """
    git = [_git(ref, ("spec", "skills", "gitRefs", i)) for i, ref in enumerate(skills.git_refs)]
    oci = [_oci(ref, ("spec", "skills", "refs", i)) for i, ref in enumerate(skills.refs)]
    s3 = [
        _s3(ref.uri, ref.region, ref.name, ("spec", "skills", "s3Refs", i))
        for i, ref in enumerate(skills.s3_refs)
    ]
    # The order in which kagent gives them to prompt templates.
    names = [posixpath.basename(item["dest"]) for item in (*oci, *git, *s3)]
    _check_unique(names)
    config = _without_empty(
        {
            "authMountPath": _AUTH_FOLDER if _git_secret(skills) else "",
            "gitRefs": git,
            "ociRefs": oci,
            "s3Refs": s3,
            "insecureOci": bool(skills.insecure_skip_verify),
            "sshHosts": _ssh_hosts(skills) if _git_secret(skills) else [],
            "imagePullSecrets": _pull_secrets(skills),
        }
    )
    secrets = _secrets(skills)
    volumes = ({"name": "skills-init-config", "configMap": {"name": f"{agent}-skills-init"}},)
    init = skills.init_container
    container = _without_empty(
        {
            "name": "skills-init",
            "image": image,
            "env": list(init.env) if init else [],
            "resources": (init.resources if init else None) or resources,
            "securityContext": security,
            # Why a skill cannot be had is in its last lines; so the pod's status says it, too.
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [
                {"name": "kagent-skills", "mountPath": FOLDER},
                {"name": "skills-init-config", "mountPath": _CONFIG_FOLDER, "readOnly": True},
                *secrets.mounts,
            ],
        }
    )
    return Fetch(
        names=tuple(names),
        config=json.dumps(config, sort_keys=True, indent=2, ensure_ascii=False) + "\n",
        container=container,
        needs=pod.Needs(
            env=(pod.variable("KAGENT_SKILLS_FOLDER", FOLDER),),
            volumes=({"name": "kagent-skills", "emptyDir": {}}, *volumes, *secrets.volumes),
            mounts=({"name": "kagent-skills", "mountPath": FOLDER, "readOnly": True},),
        ),
    )


def _git(ref: GitSkill, path: Path) -> dict[str, Any]:
    sub_path = (ref.path or "").rstrip("/")
    if not skillnames.is_local(sub_path):
        raise RenderError(
            "invalid-skill",
            f"the skill's path {sub_path!r} leads out of the repository",
            remedy="Give a path inside the repository, without '..'.",
            path=(*path, "path"),
        )
    name = skillnames.of_git(ref.url, path=sub_path, name=ref.name or "")
    full = bool(_COMMIT.fullmatch(ref.ref))
    found = {"url": ref.url, "ref": ref.ref, "dest": _folder(name, path), "subPath": sub_path}
    return _without_empty({**found, "full": full})


def _oci(ref: str, path: Path) -> dict[str, Any]:
    return {"image": ref, "dest": _folder(skillnames.of_image(ref), path)}


def _s3(uri: str, region: str | None, name: str | None, path: Path) -> dict[str, Any]:
    folder = _folder(skillnames.of_bucket(uri, name=name or ""), path)
    return _without_empty({"uri": uri, "dest": folder, "region": region})


def _folder(name: str, path: Path) -> str:
    if not skillnames.ALLOWED.fullmatch(name):
        raise RenderError(
            "invalid-skill",
            f"{name!r} cannot be the name of a skill's folder",
            remedy="Give it a `name` of letters, digits, '.', '_' and '-'.",
            path=path,
        )
    return f"{FOLDER}/{name}"


def _check_unique(names: list[str]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise RenderError(
                "invalid-skill",
                f"two skills go into the folder {FOLDER}/{name}",
                remedy="Give one of them another `name`.",
                path=("spec", "skills"),
            )


def _ssh_hosts(skills: Skills) -> list[dict[str, str]]:
    hosts = {host for ref in skills.git_refs if (host := _ssh_host(ref.url))}
    return [_without_empty({"host": host, "port": port}) for host, port in sorted(hosts)]


def _ssh_host(url: str) -> tuple[str, str] | None:
    if "://" not in url:
        match = _SCP_ADDRESS.fullmatch(url)
        return (match[1], "") if match else None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"ssh", "git+ssh"} or not parts.hostname:
        return None
    return parts.hostname, str(port) if port not in {None, 22} else ""


def _git_secret(skills: Skills) -> str:
    return skills.git_auth_secret_ref.name if skills.git_auth_secret_ref else ""


def _pull_secrets(skills: Skills) -> list[str]:
    return [str(secret["name"]) for secret in skills.image_pull_secrets if "name" in secret]


def _secrets(skills: Skills) -> pod.Needs:
    needs = pod.Needs()
    if _git_secret(skills):
        needs += pod.secret_volume("git-auth", _git_secret(skills), _AUTH_FOLDER)
    for name in _pull_secrets(skills):
        needs += pod.secret_volume(f"pull-secret-{name}", name, f"{_PULL_FOLDER}/{name}")
    return needs


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", [], {}, False)}
