"""What the OpenAPI document says of the gateway and the MCP endpoint, which speak protocols."""

from typing import Any

_PROBLEM = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_OBJECT = {"application/json": {"schema": {"type": "object"}}}
_PLACE = [
    {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    for name in ("namespace", "name")
]
_VERSION = {
    "name": "A2A-Version",
    "in": "header",
    "required": False,
    "description": "Version that the client speaks: 1.0, or 0.3, which none means too.",
    "schema": {"type": "string"},
}
_TOKEN = {
    "name": "X-Share-Token",
    "in": "header",
    "required": False,
    "description": "Token of a link to a session: the caller acts as its owner, in that session "
    "only. A link for reading gets, lists and watches tasks.",
    "schema": {"type": "string"},
}
_ANSWER = {
    "description": "JSON-RPC, or a stream of events that each hold one.",
    "content": {**_OBJECT, "text/event-stream": {"schema": {"type": "string"}}},
}


def _problems(**meanings: str) -> dict[str, Any]:
    return {
        code.removeprefix("_"): {"description": meaning, "content": _PROBLEM}
        for code, meaning in meanings.items()
    }


def _operation(operation_id: str, summary: str, description: str, **more: Any) -> dict[str, Any]:
    return {
        "tags": ["agents"],
        "summary": summary,
        "description": description,
        "operationId": operation_id,
        **more,
    }


PATHS: dict[str, Any] = {
    "/api/a2a/{namespace}/{name}/": {
        "post": _operation(
            "call_agent",
            "Talk to an agent: A2A over JSON-RPC.",
            "Methods of A2A 0.3 (`message/send`, `message/stream`, `tasks/get` …) and of 1.0 "
            "(`SendMessage` …), whichever the agent itself speaks. Who asks is said by Roster; "
            "credentials stay here unless the agent's definition asks for them.",
            parameters=[*_PLACE, _VERSION, _TOKEN],
            requestBody={"required": True, "content": _OBJECT},
            responses={
                "200": _ANSWER,
                "400": {"description": "The version is not supported.", "content": _OBJECT},
                **_problems(
                    _403="The link leads nowhere, or does not allow this.",
                    _404="There is no such agent; the remedy names those that there are.",
                    _429="The agent has too many requests under way.",
                    _503="The agent is not ready; the message says why.",
                    _504="The agent was silent for too long.",
                ),
            },
        )
    },
    "/api/a2a/{namespace}/{name}/.well-known/agent-card.json": {
        "get": _operation(
            "get_agent_card",
            "Get an agent's card.",
            "With the gateway's address, in the spelling of both protocol versions.",
            parameters=_PLACE,
            responses={
                "200": {"description": "The card.", "content": _OBJECT},
                **_problems(_404="There is no such agent.", _503="The agent is not ready."),
            },
        )
    },
    "/mcp": {
        "post": _operation(
            "mcp",
            "Roster's own MCP server.",
            "Streamable HTTP without sessions: tools that list and invoke agents and show "
            "applications, diffs and history.",
            requestBody={"required": True, "content": _OBJECT},
            responses={"200": _ANSWER, **_problems(_403="A page of another site asks.")},
        )
    },
}
"""By path, as the document has them."""
