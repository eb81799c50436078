"""The kind Agent of kagent.dev/v1alpha2, with the fields that v0.10 added.

Fields, defaults and bounds are those of kagent's CRD. Rules that span fields (its CEL rules and
what only its translator refuses) are in `definitions.checks.agent`.
"""

from typing import Literal

from pydantic import Field

from controller.definitions.schema import S3_URI, URI, Model, Object, Opt
from controller.definitions.shared import (
    AllowedNamespaces,
    LocalReference,
    PodSettings,
    ValueRef,
    ValueSource,
)


class DeclarativeDeployment(PodSettings):
    """The workload of a declarative agent."""

    image_registry: Opt[str] = Field(
        default=None, description="Registry that the agent's image is pulled from."
    )


class ByoDeployment(PodSettings):
    """The workload of an agent that brings its own image."""

    image: Opt[str] = Field(
        default=None, min_length=1, description="Image that serves A2A on port 8080."
    )
    cmd: Opt[str] = Field(default=None, description="Command, instead of the image's own.")
    args: list[str] = Field(default_factory=list, description="Arguments of the command.")
    working_dir: Opt[str] = Field(default=None, description="Folder that the command starts in.")


class McpServerTool(Model):
    """Tools of an MCP server."""

    kind: Opt[str] = Field(
        default=None, description="MCPServer (default), RemoteMCPServer or Service."
    )
    api_group: Opt[str] = Field(default=None, description="API group of the kind.")
    name: str = Field(description="Name of the server.")
    namespace: Opt[str] = Field(
        default=None, description="Namespace of the server; the agent's own if left out."
    )
    tool_names: list[str] = Field(
        default_factory=list,
        max_length=50,
        description="Tools the agent may use. None given: all tools of the server.",
    )
    require_approval: list[str] = Field(
        default_factory=list,
        max_length=50,
        description="Tools that wait for a person's approval; each must be in `toolNames`.",
    )
    allowed_headers: list[str] = Field(
        default_factory=list,
        description="Headers of the caller's request that are passed on to the server.",
    )


class AgentReference(Model):
    """An agent used as a tool."""

    kind: Opt[str] = Field(default=None, description="Agent (default).")
    api_group: Opt[str] = Field(default=None, description="API group of the kind.")
    name: str = Field(description="Name of the agent.")
    namespace: Opt[str] = Field(
        default=None, description="Namespace of the agent; this agent's own if left out."
    )


class Tool(Model):
    """Something the agent can call: an MCP server's tools, or another agent."""

    type: Opt[Literal["McpServer", "Agent"]] = Field(
        default=None, description="Which of `mcpServer` and `agent` is given."
    )
    mcp_server: Opt[McpServerTool] = Field(
        default=None, description="MCP server, where `type` is McpServer."
    )
    agent: Opt[AgentReference] = Field(
        default=None, description="Other agent, where `type` is Agent."
    )
    headers_from: list[ValueRef] = Field(
        default_factory=list, description="Headers to send; they override the server's own."
    )
    isolate_sessions: Opt[bool] = Field(
        default=None, description="Start a new session of the other agent for every call."
    )


class PromptSource(Model):
    """A ConfigMap whose keys a system message can include."""

    kind: Opt[str] = Field(default=None, description="ConfigMap.")
    api_group: Opt[str] = Field(default=None, description="Empty: the core group.")
    name: str = Field(description="Name of the ConfigMap, in the agent's namespace.")
    alias: Opt[str] = Field(
        default=None, description='Name used in `{{include "alias/key"}}`; default: `name`.'
    )


class PromptTemplate(Model):
    """Makes the system message a template."""

    data_sources: list[PromptSource] = Field(
        default_factory=list, max_length=20, description="ConfigMaps to include text from."
    )


class A2ASkill(Model):
    """A skill listed on the agent's card."""

    id: Opt[str] = Field(default=None, description="Stable id of the skill.")
    name: str = Field(min_length=1, description="Name shown to callers.")
    description: Opt[str] = Field(default=None, description="What the skill does.")
    tags: list[str] = Field(default_factory=list, max_length=20, description="Keywords.")
    examples: list[str] = Field(
        default_factory=list, max_length=20, description="Requests that the skill can answer."
    )
    input_modes: list[str] = Field(default_factory=list, description="Media types it accepts.")
    output_modes: list[str] = Field(default_factory=list, description="Media types it produces.")


class A2AConfig(Model):
    """What the agent's card says beside name and description."""

    skills: list[A2ASkill] = Field(
        default_factory=list, min_length=1, description="Skills listed on the card."
    )


class Memory(Model):
    """Long-term memory."""

    model_config_name: str = Field(
        alias="modelConfig", description="ModelConfig of the embedding model."
    )
    ttl_days: Opt[int] = Field(
        default=None, ge=1, description="Days until a memory expires; 15 if left out."
    )


class Summarizer(Model):
    """How old events are summarised."""

    model_config_name: Opt[str] = Field(
        default=None,
        alias="modelConfig",
        description="ModelConfig of the summarising model; the agent's own if left out.",
    )
    prompt_template: Opt[str] = Field(default=None, description="Prompt of the summary.")


class Compaction(Model):
    """When and how a long context is shortened."""

    compaction_interval: int = Field(
        default=5, ge=1, description="User turns between two compactions."
    )
    overlap_size: int = Field(
        default=2, ge=0, description="Turns of the last compaction that are kept in the next."
    )
    summarizer: Opt[Summarizer] = Field(
        default=None, description="Summarises what is dropped. Left out: dropped without summary."
    )
    token_threshold: Opt[int] = Field(
        default=None, description="Compact as soon as the context has this many tokens."
    )
    event_retention_size: Opt[int] = Field(
        default=None, description="Number of latest events that are never compacted."
    )


class Context(Model):
    """How the context of a session is managed."""

    compaction: Opt[Compaction] = Field(
        default=None, description="Shortens long contexts; off if left out."
    )


class Declarative(Model):
    """An agent described by its prompt, model and tools."""

    runtime: Literal["python", "go"] = Field(
        default="python", description="Which of kagent's runtimes, where its images are used."
    )
    system_message: Opt[str] = Field(default=None, description="The system prompt.")
    system_message_from: Opt[ValueSource] = Field(
        default=None, description="Where the system prompt is taken from, instead."
    )
    prompt_template: Opt[PromptTemplate] = Field(
        default=None,
        description='Makes the system prompt a template: `{{include "alias/key"}}`, `.AgentName`.',
    )
    model_config_name: Opt[str] = Field(
        default=None,
        alias="modelConfig",
        description="Name of the ModelConfig, in the agent's namespace.",
    )
    stream: bool = Field(default=False, description="Stream the model's answer token by token.")
    tools: list[Tool] = Field(
        default_factory=list, max_length=20, description="MCP servers and agents it may call."
    )
    a2a_config: Opt[A2AConfig] = Field(default=None, description="Skills on the agent's card.")
    deployment: Opt[DeclarativeDeployment] = Field(
        default=None, description="Settings of the workload."
    )
    execute_code_blocks: Opt[bool] = Field(
        default=None, description="Run code blocks of the model's answer. kagent ignores it too."
    )
    memory: Opt[Memory] = Field(default=None, description="Long-term memory; off if left out.")
    context: Opt[Context] = Field(default=None, description="How long contexts are shortened.")
    share_tools: Opt[bool] = Field(
        default=None, description="Give the agent tools that make share links of its sessions."
    )


class Byo(Model):
    """An agent that brings its own image."""

    deployment: Opt[ByoDeployment] = Field(default=None, description="Its workload.")


class GitSkill(Model):
    """A skill folder from a git repository."""

    url: str = Field(description="Address of the repository.")
    ref: str = Field(default="main", description="Branch, tag or, best, commit.")
    path: Opt[str] = Field(default=None, description="Folder inside the repository.")
    name: Opt[str] = Field(default=None, description="Name of the folder below /skills.")


class S3Skill(Model):
    """A skill folder from an S3 bucket."""

    uri: str = Field(
        min_length=1, pattern=S3_URI, description="Address, such as s3://bucket/prefix."
    )
    region: Opt[str] = Field(default=None, description="Region of the bucket.")
    name: Opt[str] = Field(default=None, description="Name of the folder below /skills.")


class SkillsInit(Model):
    """The init container that fetches skills."""

    resources: Opt[Object] = Field(default=None, description="Its requests and limits.")
    env: list[Object] = Field(default_factory=list, description="Its environment variables.")


class Skills(Model):
    """Folders of instructions and scripts, mounted at /skills."""

    refs: list[str] = Field(
        default_factory=list, min_length=1, max_length=20, description="OCI images."
    )
    git_refs: list[GitSkill] = Field(
        default_factory=list, min_length=1, max_length=20, description="Git repositories."
    )
    s3_refs: list[S3Skill] = Field(
        default_factory=list, min_length=1, max_length=20, description="S3 prefixes."
    )
    image_pull_secrets: list[Object] = Field(
        default_factory=list, max_length=20, description="Secrets for pulling the OCI images."
    )
    git_auth_secret_ref: Opt[LocalReference] = Field(
        default=None, description="Secret with key `token` or `ssh-privatekey`."
    )
    insecure_skip_verify: Opt[bool] = Field(
        default=None, description="Accept any certificate of the registry."
    )
    init_container: Opt[SkillsInit] = Field(
        default=None, description="Settings of the container that fetches them."
    )


class Network(Model):
    """Where the agent may connect to."""

    allowed_domains: list[str] = Field(
        default_factory=list, description="Domains that may be reached; all others are refused."
    )


class Sandbox(Model):
    """Limits on the agent's process."""

    network: Opt[Network] = Field(default=None, description="Outgoing connections.")


class Provider(Model):
    """Who offers the agent, for its card."""

    organization: str = Field(min_length=1, description="Name of the organisation.")
    url: str = Field(pattern=URI, description="Its web address.")


class AgentSpec(Model):
    """What an agent is: prompt, model and tools, or an image of its own."""

    type: Literal["Declarative", "BYO"] = Field(
        default="Declarative",
        description="Declarative: prompt, model and tools. BYO: an image that serves A2A.",
    )
    declarative: Opt[Declarative] = Field(
        default=None, description="The agent, where `type` is Declarative."
    )
    byo: Opt[Byo] = Field(default=None, description="The agent, where `type` is BYO.")
    description: Opt[str] = Field(
        default=None, description="What it is for; callers choose by it. On the agent's card."
    )
    skills: Opt[Skills] = Field(default=None, description="Skills mounted at /skills.")
    sandbox: Opt[Sandbox] = Field(default=None, description="Limits on the agent's process.")
    allowed_namespaces: Opt[AllowedNamespaces] = Field(
        default=None, description="Whose agents may use this one as a tool."
    )
    icon_url: Opt[str] = Field(default=None, pattern=URI, description="Icon, on the card.")
    documentation_url: Opt[str] = Field(
        default=None, pattern=URI, description="Documentation, on the card."
    )
    version: Opt[str] = Field(default=None, description="Version of the agent, on the card.")
    provider: Opt[Provider] = Field(default=None, description="Who offers it, on the card.")
