"""What the controller's MCP tools give back: structured output, with schemas for clients."""

from typing import Any

import pydantic


class _Shape(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)


class Agent(_Shape):
    """An agent of an application."""

    agent: str = pydantic.Field(description="`namespace/name`, as `invoke_agent` takes it.")
    description: str
    application: str
    sync: str = pydantic.Field(description="Synced, OutOfSync or Unknown.")
    health: str
    message: str = pydantic.Field(description="Why it is not healthy.")


class Agents(_Shape):
    """All agents."""

    agents: list[Agent]


class Approval(_Shape):
    """A call of a tool that waits for a person's approval."""

    tool: str
    arguments: dict[str, Any]


class Reply(_Shape):
    """What an agent answered."""

    text: str
    state: str = pydantic.Field(
        description="completed, failed, canceled, or input-required where a person has to decide."
    )
    context_id: str = pydantic.Field(description="Give it back to go on with the conversation.")
    task_id: str
    waiting_for: list[Approval] = pydantic.Field(
        description="Calls that a person has to approve, with `roster agent chat`."
    )


class Finding(_Shape):
    """Something wrong with a definition, or worth a look."""

    severity: str
    rule: str
    message: str
    remedy: str
    place: str = pydantic.Field(description="`file:line:column` in the repository.")
    definition: str


class Application(_Shape):
    """An application: a repository that is deployed."""

    name: str
    repository: str
    revision: str = pydantic.Field(description="Commit that it was last compared with.")
    sync: str
    health: str
    message: str
    conditions: list[str]


class Applications(_Shape):
    """All applications."""

    applications: list[Application]


class Component(_Shape):
    """One definition of an application."""

    definition: str
    sync: str
    health: str
    message: str
    place: str


class ApplicationDetail(_Shape):
    """An application with its components and findings."""

    application: Application
    components: list[Component]
    findings: list[Finding]


class Diff(_Shape):
    """What a sync would do now."""

    application: str
    revision: str
    is_empty: bool
    for_agents: str = pydantic.Field(description="What changes for the agents, in their own terms.")
    changes: list[dict[str, Any]] = pydantic.Field(description="Changes of cluster objects.")
    guards: list[Any] = pydantic.Field(description="What keeps the sync from doing more.")


class Operation(_Shape):
    """One sync that was carried out."""

    id: int
    phase: str
    revision: str
    author: str
    commit_message: str
    message: str
    started_at: str
    finished_at: str
    initiated_by: str


class History(_Shape):
    """Past operations, newest first."""

    application: str
    operations: list[Operation]


class Tool(_Shape):
    """A tool of an MCP server."""

    server: str
    status: str
    name: str
    description: str
    agents: list[str] = pydantic.Field(description="Agents that may use it.")


class Tools(_Shape):
    """All tools of all MCP servers."""

    tools: list[Tool]


class SyncStarted(_Shape):
    """A sync was asked for; `get_application` and `get_history` tell how it goes."""

    application: str
    message: str
