"""Settings: flags over environment (`ROSTER_…`) over `roster.yaml` over defaults.

A setting knows its meaning, unit and default here and nowhere else; `roster settings` prints the
effective values and where each came from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pydantic
import yaml
from pydantic.alias_generators import to_camel

from controller.errors import UsageError

API_VERSION = "roster.dev/v1alpha1"
FILE_NAME = "roster.yaml"
_PREFIX = "ROSTER_"


class HealthCheck(pydantic.BaseModel):
    """How objects of a kind are judged: Flux's `healthCheckExprs`, in CEL."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    api_version: str = pydantic.Field(description="Such as cert-manager.io/v1; its group counts.")
    kind: str
    in_progress: str = pydantic.Field("", description="True while it is on its way.")
    failed: str = pydantic.Field("", description="True where it has failed.")
    current: str = pydantic.Field(min_length=1, description="True where all is well.")


class Settings(pydantic.BaseModel):
    """Everything that can be set, with its default."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    state_dir: Path = pydantic.Field(
        Path(".roster"), description="Folder for the database, git mirrors and the local cluster."
    )
    listen: str = pydantic.Field(
        "127.0.0.1:8083", description="Address of the API and the dashboard, as host:port."
    )
    agent_listen: str = pydantic.Field(
        "",
        description="Address for agents of a cluster, as host:port: only they are answered there.",
    )
    insecure_listen: bool = pydantic.Field(
        default=False, description="Allow an address other than loopback although nobody signs in."
    )
    kubeconfig: Path | None = pydantic.Field(
        None, description="Cluster to deploy to; else $KUBECONFIG, in-cluster, ~/.kube/config."
    )
    context: str | None = pydantic.Field(None, description="Context in the kubeconfig.")
    watch_namespace: str = pydantic.Field(
        "", description="The only namespace that may be watched; empty: all."
    )
    poll_interval_s: float = pydantic.Field(
        30.0, gt=0, description="Seconds between two looks at a repository's references."
    )
    workers: int = pydantic.Field(
        4, ge=1, le=64, description="Applications reconciled at the same time."
    )
    apply_concurrency: int = pydantic.Field(
        8, ge=1, le=64, description="Objects of one application applied at the same time."
    )
    cluster_timeout_s: float = pydantic.Field(
        30.0, gt=0, description="Longest silence of the cluster's API that is waited for, seconds."
    )
    health_timeout_s: float = pydantic.Field(
        300.0, gt=0, description="Seconds a wave may take to become healthy before the next waits."
    )
    health_checks: tuple[HealthCheck, ...] = pydantic.Field(
        (), description="Checks of one's own for kinds, as CEL expressions; see docs/health.md."
    )
    agent_requests: int = pydantic.Field(
        256, ge=1, description="Requests that one agent may have under way through the gateway."
    )
    mcp_sync: bool = pydantic.Field(
        default=False, description="Let MCP clients, such as coding agents, sync applications."
    )
    agent_image: str = pydantic.Field(
        "roster:0.1.0", description="Image of Roster's agent runtime, for agents and bridges."
    )
    controller_url: str = pydantic.Field(
        "http://kagent-controller.kagent:8083",
        description="Address at which agents reach the controller (KAGENT_URL).",
    )
    agent_runtime: Literal["roster", "kagent"] = pydantic.Field(
        "roster", description="Whose runtime agents run on where no annotation says."
    )
    kagent_image: str = pydantic.Field(
        "cr.kagent.dev/kagent-dev/kagent/app:0.10.4", description="Image of kagent's runtime."
    )
    kagent_go_image: str = pydantic.Field(
        "cr.kagent.dev/kagent-dev/kagent/golang-adk:0.10.4",
        description="Image of kagent's runtime for agents whose runtime is go.",
    )
    skills_image: str = pydantic.Field(
        "cr.kagent.dev/kagent-dev/kagent/skills-init:0.10.4",
        description="Image of the container that fetches an agent's skills.",
    )
    gateway_image: str = pydantic.Field(
        "ghcr.io/agentgateway/agentgateway:0.9.0-musl",
        description="Image that serves stdio MCP servers which bring their own image.",
    )
    agent_env: Mapping[str, str] = pydantic.Field(
        {}, description="Variables of every agent, as NAME=value,NAME=value; or a mapping."
    )
    agent_annotations: Mapping[str, str] = pydantic.Field(
        {},
        description="Annotations roster.dev/… of every agent that does not have them: policies.",
    )
    require_agent_tokens: bool = pydantic.Field(
        default=True,
        description="Believe only agents that send their service account's token (TokenReview).",
    )
    session_max_age_days: float = pydantic.Field(
        0.0, ge=0, description="Days after which a session that rests is deleted; 0: never."
    )
    session_max_per_agent: int = pydantic.Field(
        0, ge=0, description="Sessions kept of each agent, the newest; 0: all."
    )
    log_level: Literal["debug", "info", "warning", "error"] = pydantic.Field(
        "info", description="Least severe log line that is written."
    )
    log_format: Literal["auto", "console", "json"] = pydantic.Field(
        "auto", description="Log lines for people or machines; auto: console on a terminal."
    )
    git_username: str = pydantic.Field("git", description="User name for git over https.")
    git_token: pydantic.SecretStr | None = pydantic.Field(
        None, description="Password or token for git over https."
    )
    git_ssh_key: Path | None = pydantic.Field(None, description="Private key for git over ssh.")
    git_known_hosts: Path | None = pydantic.Field(
        None, description="known_hosts file for git over ssh."
    )
    git_ca_file: Path | None = pydantic.Field(
        None, description="Certificate authorities to trust for git over https."
    )
    webhook_secret_github: pydantic.SecretStr | None = pydantic.Field(
        None, description="Secret of GitHub's webhook; without it, its calls are refused."
    )
    webhook_secret_gitlab: pydantic.SecretStr | None = pydantic.Field(
        None, description="Token of GitLab's webhook; without it, its calls are refused."
    )
    webhook_secret_gitea: pydantic.SecretStr | None = pydantic.Field(
        None, description="Secret of Gitea's webhook; without it, its calls are refused."
    )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`."""
        return _split(self.listen)

    @property
    def agent_address(self) -> tuple[str, int] | None:
        """Host and port of `agent_listen`; None where agents use `listen`."""
        return _split(self.agent_listen) if self.agent_listen else None

    @pydantic.field_validator("agent_env", "agent_annotations", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        """Read a mapping from one line of text, as the environment has it."""
        if not isinstance(value, str):
            return value
        pairs = [item.partition("=") for item in value.split(",") if item.strip()]
        if not all(equals and name.strip() for name, equals, _ in pairs):
            raise ValueError("expected NAME=value, with a comma between two")
        return {name.strip(): text.strip() for name, _, text in pairs}

    @pydantic.field_validator("health_checks", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Read a list from text, as the environment has it."""
        return yaml.load(value, Loader=yaml.CSafeLoader) if isinstance(value, str) else value

    @pydantic.field_validator("listen", "agent_listen")
    @classmethod
    def _has_port(cls, value: str, info: pydantic.ValidationInfo) -> str:
        if not value and info.field_name == "agent_listen":
            return value
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError("expected host:port, such as 127.0.0.1:8083")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Effective settings, and where each came from."""

    settings: Settings
    origins: Mapping[str, str]
    """`flag`, `environment ROSTER_X`, `roster.yaml` or `default`, by name of the setting."""


def load(
    *, flags: Mapping[str, Any], environ: Mapping[str, str], file: Path | None = None
) -> Loaded:
    """Merge the sources; a flag that is None was not given.

    Raises:
        UsageError: names the source and the setting that is wrong, and what was expected.
    """
    layers = [
        ("flag", {name: value for name, value in flags.items() if value is not None}),
        ("environment", _from_environment(environ)),
        (str(file or FILE_NAME), _from_file(file)),
    ]
    values: dict[str, Any] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    for origin, layer in reversed(layers):
        for name, value in layer.items():
            values[name] = value
            origins[name] = _origin(origin, name)
    try:
        return Loaded(settings=Settings.model_validate(values), origins=origins)
    except pydantic.ValidationError as error:
        raise _usage_error(error, origins) from error


def shown(settings: Settings) -> dict[str, str]:
    """Give every setting as text, secrets as stars."""
    return {
        name: "" if (value := getattr(settings, name)) is None else str(value)
        for name in Settings.model_fields
    }


def _origin(layer: str, name: str) -> str:
    return f"environment {_PREFIX}{name.upper()}" if layer == "environment" else layer


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: environ[variable]
        for name in Settings.model_fields
        if (variable := f"{_PREFIX}{name.upper()}") in environ
    }


def _from_file(file: Path | None) -> dict[str, Any]:
    path = file or Path(FILE_NAME)
    if not path.is_file():
        if file is not None:
            raise UsageError(f"{file} does not exist.", remedy="Name another with --config.")
        return {}
    try:
        documents = list(yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise UsageError(
            f"{path}{place}: this is not YAML: {getattr(error, 'problem', error)}.",
            remedy="Correct the file.",
        ) from error
    return _settings_of(documents, path)


def _settings_of(documents: Iterable[Any], path: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for document in documents:
        if not isinstance(document, dict) or document.get("kind") != "Settings":
            continue
        spec = document.get("spec") or {}
        if not isinstance(spec, dict):
            raise UsageError(f"{path}: spec of kind Settings is not a mapping.")
        values.update({_snake(str(name)): value for name, value in spec.items()})
    return values


def _split(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _snake(name: str) -> str:
    """Give `poll_interval_s` for `pollIntervalS`: the file follows Kubernetes' spelling."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def _usage_error(error: pydantic.ValidationError, origins: Mapping[str, str]) -> UsageError:
    problems = []
    for item in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in item["loc"])
        unknown = item["type"] == "extra_forbidden"
        reason = "there is no such setting" if unknown else item["msg"]
        problems.append(f"{name} ({origins.get(name, 'flag')}): {reason}")
    return UsageError(
        "Settings are wrong: " + "; ".join(problems) + ".",
        remedy="Correct it there; `roster settings` in another folder lists every setting.",
    )
