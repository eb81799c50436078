"""`/api/toolservers` and `/api/tools`: kagent's shapes and envelope, and more in them.

kagent's clients find the fields that they know; status, latency, age and schemas are added.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import flask
import pydantic
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from controller.api import services
from controller.api.answers import answer
from controller.api.problems import Problem, ProblemError, not_found
from controller.errors import TransientError
from controller.reconcile.tools.toolbox import ApprovalRequiredError, Shown, Toolbox
from controller.state.toolservers import ToolRecord

blueprint = APIBlueprint(
    "toolservers",
    __name__,
    url_prefix="/api",
    abp_tags=[Tag(name="Tools", description="MCP servers and their tools, in kagent's shapes.")],
)


class _Shape(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, populate_by_name=True)


class DiscoveredTool(_Shape):
    """A tool, as kagent's `discoveredTools` has it, with its schema and history."""

    name: str
    description: str
    input_schema: dict[str, Any] = pydantic.Field(alias="inputSchema")
    output_schema: dict[str, Any] | None = pydantic.Field(None, alias="outputSchema")
    annotations: dict[str, Any] | None = None
    schema_hash: str = pydantic.Field(alias="schemaHash")
    changed_at: datetime | None = pydantic.Field(
        None, alias="changedAt", description="When it was first seen in this form, if it changed."
    )
    agents: list[str] = pydantic.Field(description="Agents that may use it, as `namespace/name`.")
    approval: list[str] = pydantic.Field(
        description="Those of them that need a person's approval for it."
    )


class ToolServerShape(_Shape):
    """An MCP server: kagent's three fields, and what Roster knows of it."""

    ref: str = pydantic.Field(description="`namespace/name`.")
    group_kind: str = pydantic.Field(alias="groupKind", examples=["MCPServer.kagent.dev"])
    discovered_tools: list[DiscoveredTool] = pydantic.Field(alias="discoveredTools")
    application: str
    url: str
    protocol: str
    status: str = pydantic.Field(description="`Ready`, `Unreachable` or `Pending`.")
    message: str = pydantic.Field(description="Why it is not ready.")
    server_name: str = pydantic.Field(alias="serverName")
    server_version: str = pydantic.Field(alias="serverVersion")
    latency_ms: float = pydantic.Field(alias="latencyMs", description="Of the last listing.")
    last_connected: datetime | None = pydantic.Field(
        alias="lastConnected", description="When it answered last: the age of its tools."
    )


class ToolShape(_Shape):
    """A tool as kagent's database has it."""

    id: str = pydantic.Field(description="Name of the tool.")
    server_name: str = pydantic.Field(description="`namespace/name` of its server.")
    group_kind: str
    description: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class ToolServersAnswer(_Shape):
    """kagent's envelope."""

    error: bool = False
    data: list[ToolServerShape]
    message: str = "Successfully listed ToolServers"


class ToolsAnswer(_Shape):
    """kagent's envelope."""

    error: bool = False
    data: list[ToolShape]
    message: str = "Successfully listed tools"


class CallPath(_Shape):
    """A tool's address."""

    namespace: str
    name: str = pydantic.Field(description="Name of the server.")
    tool: str


class CallBody(_Shape):
    """How to call a tool."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    arguments: dict[str, Any] = pydantic.Field(default_factory=dict)
    confirmed: bool = pydantic.Field(
        default=False, description="Whether a person approved; needed where agents need it."
    )
    kind: str = pydantic.Field(
        default="", description="Kind of the server, where several have the same name."
    )


class CallResult(_Shape):
    """What the tool gave back, as MCP has it."""

    content: list[dict[str, Any]]
    structured_content: Any = pydantic.Field(None, alias="structuredContent")
    is_error: bool = pydantic.Field(alias="isError")


class CallAnswer(_Shape):
    """kagent's envelope."""

    error: bool = False
    data: CallResult
    message: str = ""


@blueprint.get("/toolservers", responses={200: ToolServersAnswer})
def list_tool_servers() -> flask.Response:
    """List every MCP server with its tools, as they were seen last."""
    return answer(ToolServersAnswer(data=[shape(shown) for shown in all_servers()]))


@blueprint.get("/tools", responses={200: ToolsAnswer})
def list_tools() -> flask.Response:
    """List every tool of every MCP server."""
    return answer(ToolsAnswer(data=[one for shown in all_servers() for one in _tools(shown)]))


@blueprint.post(
    "/toolservers/<namespace>/<name>/tools/<tool>/call",
    responses={200: CallAnswer, 404: Problem, 409: Problem, 502: Problem},
)
def call_tool(path: CallPath, body: CallBody) -> flask.Response:
    """Call a tool, by hand. A tool for which an agent needs an approval has to be confirmed."""
    toolbox, shown = _find(path, body.kind)
    try:
        result = toolbox.call(shown, path.tool, body.arguments, confirmed=body.confirmed)
    except ApprovalRequiredError as error:
        raise ProblemError(409, "ApprovalRequired", error.message, remedy=error.remedy) from error
    except TransientError as error:
        message = f"{shown.record.id}: {error.message}"
        raise ProblemError(502, "ToolServerUnreachable", message, remedy=error.remedy) from error
    return answer(
        CallAnswer(
            data=CallResult(
                content=[dict(block) for block in result.content],
                structured_content=result.structured,
                is_error=result.is_error,
            )
        )
    )


def all_servers() -> tuple[Shown, ...]:
    """Give every tool server; none where nobody looks for them."""
    toolbox = services.current().tools
    return toolbox.all() if toolbox else ()


def shape(shown: Shown) -> ToolServerShape:
    """Give a tool server as it is answered."""
    server, record = shown.served.server, shown.record
    return ToolServerShape(
        ref=f"{server.id.namespace}/{server.id.name}",
        group_kind=_group_kind(shown),
        discovered_tools=[_discovered(tool, shown) for tool in record.offered],
        application=shown.served.application,
        url=server.url,
        protocol=server.protocol,
        status=record.status,
        message=record.message,
        server_name=record.server_name,
        server_version=record.server_version,
        latency_ms=record.latency_ms,
        last_connected=record.connected_at,
    )


def _discovered(tool: ToolRecord, shown: Shown) -> DiscoveredTool:
    users = shown.users(tool.name)
    return DiscoveredTool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=tool.annotations,
        schema_hash=tool.hash,
        changed_at=tool.changed_at,
        agents=sorted({f"{use.agent.namespace}/{use.agent.name}" for use in users}),
        approval=sorted(
            {
                f"{use.agent.namespace}/{use.agent.name}"
                for use in users
                if tool.name in use.approval
            }
        ),
    )


def _tools(shown: Shown) -> Iterator[ToolShape]:
    id_ = shown.served.server.id
    for tool in shown.record.offered:
        yield ToolShape(
            id=tool.name,
            server_name=f"{id_.namespace}/{id_.name}",
            group_kind=_group_kind(shown),
            description=tool.description,
            created_at=tool.seen_at,
            updated_at=tool.changed_at or tool.seen_at,
            deleted_at=None,
        )


def _group_kind(shown: Shown) -> str:
    id_ = shown.served.server.id
    return f"{id_.kind}.{id_.group}" if id_.group else id_.kind


def _find(path: CallPath, kind: str) -> tuple[Toolbox, Shown]:
    toolbox = services.current().tools
    found = [
        shown
        for shown in all_servers()
        if (shown.served.server.id.namespace, shown.served.server.id.name)
        == (path.namespace, path.name)
        and kind in {"", shown.served.server.id.kind}
    ]
    if toolbox is None or not found:
        raise not_found("tool server")
    if len(found) > 1:
        kinds = ", ".join(shown.served.server.id.kind for shown in found)
        raise ProblemError(
            400, "BadRequest", f"There are several servers of that name: {kinds}.",
            remedy="Name the kind.",
        )  # fmt: skip
    return toolbox, found[0]
