"""What rendering needs to know beside the definitions: one value for a whole application."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from controller.definitions.syncoptions import Validation

DEFAULT_AGENT_IMAGE = "roster:0.1.0"
DEFAULT_CONTROLLER_URL = "http://kagent-controller.kagent:8083"
DEFAULT_KAGENT_IMAGE = "cr.kagent.dev/kagent-dev/kagent/app:0.10.4"
DEFAULT_KAGENT_GO_IMAGE = "cr.kagent.dev/kagent-dev/kagent/golang-adk:0.10.4"
DEFAULT_SKILLS_IMAGE = "cr.kagent.dev/kagent-dev/kagent/skills-init:0.10.4"
DEFAULT_GATEWAY_IMAGE = "ghcr.io/agentgateway/agentgateway:0.9.0-musl"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """Where an application goes, and what its agents run on."""

    application: str
    namespace: str
    """Namespace of every namespaced object whose definition names none."""
    agent_image: str = DEFAULT_AGENT_IMAGE
    """Image with `roster-agent` and `roster-mcp-bridge`; `imageRegistry` of an agent overrides its
    registry."""
    runtime: Literal["roster", "kagent"] = "roster"
    """Whose runtime agents run on where no annotation says."""
    kagent_image: str = DEFAULT_KAGENT_IMAGE
    """Image of kagent's Python runtime, for agents whose `runtime` is python."""
    kagent_go_image: str = DEFAULT_KAGENT_GO_IMAGE
    """Image of kagent's Go runtime; agents that run code get the tag with `-full` appended."""
    controller_url: str = DEFAULT_CONTROLLER_URL
    """Where agents reach the controller's REST interface (`KAGENT_URL`)."""
    skills_image: str = DEFAULT_SKILLS_IMAGE
    """Image that fetches an agent's skills before it starts."""
    gateway_image: str = DEFAULT_GATEWAY_IMAGE
    """Image that serves an MCP server of standard input and output whose image is its own."""
    agent_env: Mapping[str, str] = field(default_factory=dict)
    """Environment that every agent gets, such as `OTEL_…`; an agent's own `env` comes first."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Annotations `roster.dev/…` that every agent has which does not have them itself."""
    validation: Validation = Validation.OFFLINE
    """Whether objects are checked against Kubernetes' schema; an object may say otherwise."""

    @property
    def key(self) -> tuple[object, ...]:
        """Everything the options say, as a value that can be compared and hashed."""
        places = (
            self.application,
            self.namespace,
            self.controller_url,
        )
        kagents = (self.kagent_image, self.kagent_go_image)
        images = (self.agent_image, *kagents, self.skills_image, self.gateway_image)
        shared = (*sorted(self.agent_env.items()), "", *sorted(self.annotations.items()))
        return (*places, self.runtime, self.validation, *images, *shared)
