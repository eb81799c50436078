"""What an agent talks to in the benchmark, in one process: model, MCP servers and controller.

They do as little as they can, so that what is measured is the agent. Run by `bench_runtime.py`.
"""

import asyncio
import json
import socket
import sys
from collections.abc import Callable
from typing import Any

import uvicorn
from mcp.server import MCPServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


async def chat(request: Request) -> Response:
    """Answer with a call of the tool that the user names, then with a sentence of so many words."""
    body = await request.json()
    last = body["messages"][-1]
    text = json.dumps(last.get("content"))
    names = [tool["function"]["name"] for tool in body.get("tools") or ()]
    called = next((name for name in names if name.startswith("tool_") and name in text), None)
    if last["role"] == "user" and called:
        function = {"name": called, "arguments": '{"text": "x"}'}
        return answered(body, calls=[{"id": "call_1", "type": "function", "function": function}])
    words = 400 if "400" in text else 20
    return answered(body, words=[f"word{number} " for number in range(words)])


def answered(
    body: dict[str, Any], words: list[str] | None = None, calls: list[Any] | None = None
) -> Response:
    """A chat completion, streamed if it was asked for that way."""
    common = {"id": "c", "created": 1, "model": body["model"]}
    reason = "tool_calls" if calls else "stop"
    if not body.get("stream"):
        message = {"role": "assistant", "content": "".join(words or ()) or None}
        if calls:
            message["tool_calls"] = calls
        choice = {"index": 0, "finish_reason": reason, "message": message}
        content = {**common, "object": "chat.completion", "choices": [choice], "usage": USAGE}
        return JSONResponse(content)

    def pieces() -> Any:
        deltas: list[dict[str, Any]] = [{"content": word} for word in words or ()]
        if calls:
            deltas = [{"tool_calls": [{"index": 0, **call} for call in calls]}]
        for delta in [{"role": "assistant", "content": ""}, *deltas]:
            yield {"index": 0, "delta": delta, "finish_reason": None}
        yield {"index": 0, "delta": {}, "finish_reason": reason}

    async def lines() -> Any:
        for choice in pieces():
            chunk = {**common, "object": "chat.completion.chunk", "choices": [choice]}
            yield f"data: {json.dumps(chunk)}\n\n"
            await asyncio.sleep(0)
        last = {**common, "object": "chat.completion.chunk", "choices": [], "usage": USAGE}
        yield f"data: {json.dumps(last)}\n\ndata: [DONE]\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


class Controller:
    """Keeps sessions and tasks, and counts the writes."""

    def __init__(self) -> None:
        self.sessions: dict[str, list[dict[str, Any]]] = {}
        self.tasks: dict[str, Any] = {}
        self.writes = 0

    def app(self) -> Starlette:
        """The routes that agents use."""
        return Starlette(
            routes=[
                Route("/writes", self.count),
                Route("/api/sessions", self.create, methods=["POST"]),
                Route("/api/sessions/{id}", self.session),
                Route("/api/sessions/{id}/events", self.append, methods=["POST"]),
                Route("/api/tasks", self.save, methods=["POST"]),
                Route("/api/tasks/{id}", self.task),
            ]
        )

    async def count(self, _: Request) -> Response:
        """The number of writes since the last question."""
        counted, self.writes = self.writes, 0
        return JSONResponse(counted)

    async def create(self, request: Request) -> Response:
        """Create a session."""
        self.writes += 1
        body = await request.json()
        self.sessions.setdefault(body["id"], [])
        data = {"id": body["id"], "user_id": body["user_id"]}
        return JSONResponse({"error": False, "data": data, "message": ""}, 201)

    async def session(self, request: Request) -> Response:
        """A session with its events."""
        name = request.path_params["id"]
        if name not in self.sessions:
            return JSONResponse({"error": "Session not found"}, 404)
        session = {"id": name, "user_id": request.query_params["user_id"]}
        data = {"session": session, "events": self.sessions[name]}
        return JSONResponse({"error": False, "data": data, "message": ""})

    async def append(self, request: Request) -> Response:
        """Append one event or several."""
        self.writes += 1
        body = await request.json()
        self.sessions.setdefault(request.path_params["id"], []).extend(body.get("items", [body]))
        return JSONResponse({"error": False, "data": {}, "message": ""}, 201)

    async def save(self, request: Request) -> Response:
        """Keep one task or several."""
        self.writes += 1
        body = await request.json()
        for task in body.get("items", [body]):
            self.tasks[task["id"]] = task
        return JSONResponse({"error": False, "data": {}, "message": ""}, 201)

    async def task(self, request: Request) -> Response:
        """A task."""
        task = self.tasks.get(request.path_params["id"])
        if task is None:
            return JSONResponse({"error": "Task not found"}, 404)
        return JSONResponse({"error": False, "data": task, "message": ""})


def tools(number: int) -> Starlette:
    """An MCP server with one tool."""
    server = MCPServer(f"tools-{number}", log_level="ERROR")

    @server.tool(name=f"tool_{number}", structured_output=False)
    def tool(text: str) -> str:
        """Give the text back."""
        return text

    return server.streamable_http_app(host="0.0.0.0")


async def main() -> None:
    """Serve everything and print the ports."""
    model = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])
    apps: list[Callable[..., Any]] = [model, Controller().app(), *(tools(n) for n in (1, 2, 3))]
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in apps]
    servers = [uvicorn.Server(uvicorn.Config(app, log_level="critical")) for app in apps]
    print(json.dumps([listener.getsockname()[1] for listener in listeners]), flush=True)
    await asyncio.gather(
        *(server.serve([listener]) for server, listener in zip(servers, listeners, strict=True))
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
