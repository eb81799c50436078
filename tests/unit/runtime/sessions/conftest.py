"""A controller of few lines that keeps what the runtime sends it, and can be away."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class Controller:
    """Sessions, events and tasks under kagent's routes; counts what it is asked."""

    url: str = ""
    is_away: bool = False
    sessions: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    events: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def writes(self) -> list[str]:
        return [path for method, path in self.requests if method == "POST"]

    def told(self, session: str, user: str) -> list[dict[str, Any]]:
        """A session's events as they were sent."""
        return [json.loads(data) for data in self.events[session, user].values()]

    def app(self, url: str) -> Starlette:
        self.url = url
        return Starlette(
            routes=[
                Route("/api/sessions", self._create, methods=["POST"]),
                Route("/api/sessions/{id}", self._session),
                Route("/api/sessions/{id}/events", self._append, methods=["POST"]),
                Route("/api/tasks", self._save, methods=["POST"]),
                Route("/api/tasks/{id}", self._task),
            ]
        )

    def environment(self, token: Path | None = None) -> dict[str, str]:
        given = {"KAGENT_URL": self.url, "KAGENT_NAME": "note-keeper", "KAGENT_NAMESPACE": "team-a"}
        return {**given, "ROSTER_TOKEN_FILE": str(token or "/no/token")}

    def _seen(self, request: Request) -> Response | None:
        self.requests.append((request.method, request.url.path))
        self.headers.append(dict(request.headers))
        return JSONResponse({"error": "away"}, 503) if self.is_away else None

    async def _create(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        body = await request.json()
        key = (body["id"], request.query_params["user_id"])
        self.sessions.setdefault(key, body)
        self.events.setdefault(key, {})
        return JSONResponse({"error": False, "data": body, "message": ""}, 201)

    async def _session(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        key = (request.path_params["id"], request.query_params["user_id"])
        if key not in self.sessions:
            return JSONResponse({"error": "Session not found"}, 404)
        events = [{"id": name, "data": data} for name, data in self.events[key].items()]
        data = {"session": self.sessions[key], "events": events}
        return JSONResponse({"error": False, "data": data, "message": ""})

    async def _append(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        key = (request.path_params["id"], request.query_params["user_id"])
        if key not in self.sessions:
            return JSONResponse({"error": "Session not found"}, 404)
        for event in (await request.json())["items"]:
            self.events[key].setdefault(event["id"], event["data"])
        return JSONResponse({"error": False, "data": {}, "message": ""}, 201)

    async def _save(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        for task in (await request.json())["items"]:
            self.tasks[task["id"]] = task
        return JSONResponse({"error": False, "data": {}, "message": ""}, 201)

    async def _task(self, request: Request) -> Response:
        if refused := self._seen(request):
            return refused
        task = self.tasks.get(request.path_params["id"])
        if task is None:
            return JSONResponse({"error": "Task not found"}, 404)
        return JSONResponse({"error": False, "data": task, "message": ""})


@pytest.fixture
def controller(serve: Callable[..., str]) -> Controller:
    kept = Controller()
    serve(kept.app)
    return kept
