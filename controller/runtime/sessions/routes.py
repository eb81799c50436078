"""The controller's REST routes for an agent's runtime, as kagent defines them.

Every request says which agent asks (`X-Agent-Name`), on whose behalf (`X-User-Id`), and proves it
with the service account's token, which Kubernetes renews: the file is read anew each time.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from controller.definitions.agentconfig import agent_identity
from controller.errors import PermanentError, TransientError

TOKEN_FILE = Path("/var/run/secrets/tokens/kagent-token")
_TIMEOUT_S = 5.0
_NAME_LENGTH = 20
_PASSING = frozenset({401, 408, 425, 429})
"""Answers besides 5xx after which the same request may succeed; 401: the token was just renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKey:
    """A session: the controller keeps one for each context and owner."""

    id: str
    user_id: str


class Routes:
    """The controller, as one agent sees it."""

    def __init__(
        self, url: str, *, namespace: str, name: str, token_file: Path, process: str = ""
    ) -> None:
        self.agent = agent_identity(namespace, name)
        self._token_file = token_file
        self._process = process
        self._http = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_S)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Routes | None":
        """The controller that `KAGENT_URL` names; None when the agent runs without one."""
        url, name = environment.get("KAGENT_URL"), environment.get("KAGENT_NAME")
        if not url or not name:
            return None
        return cls(
            url,
            namespace=environment.get("KAGENT_NAMESPACE", "default"),
            name=name,
            token_file=_token_file(environment),
            process=_process(environment),
        )

    async def session_events(self, key: SessionKey) -> list[Mapping[str, Any]] | None:
        """All events of a session, oldest first; None: the controller does not know it.

        Raises:
            TransientError: the controller is away.
            PermanentError: it refuses.
        """
        path = f"/api/sessions/{key.id}"
        query = {"user_id": key.user_id, "order": "asc", "limit": "-1"}
        answer = await self._ask("GET", path, key.user_id, query=query, expect_missing=True)
        if answer is None or not answer.get("data"):
            return None
        return [json.loads(event["data"]) for event in answer["data"].get("events") or ()]

    async def create_session(self, key: SessionKey, *, title: str, source: str) -> None:
        """Create a session, or leave it as it is; `title` is cut as kagent cuts it."""
        body = {"user_id": key.user_id, "agent_ref": self.agent, "id": key.id}
        if title:
            cut = f"{title[:_NAME_LENGTH]}..." if len(title) > _NAME_LENGTH else title
            body["name"] = cut
        if source:
            body["source"] = source
        query = {"user_id": key.user_id}
        await self._ask("POST", "/api/sessions", key.user_id, query=query, body=body)

    async def append(self, key: SessionKey, events: Sequence[Mapping[str, str]]) -> bool:
        """Append events (`id`, `data`) in one request; False: there is no such session.

        Events that the controller has already are left as they are, so trying again is safe.
        """
        path, query = f"/api/sessions/{key.id}/events", {"user_id": key.user_id}
        body = {"items": list(events)}
        answer = await self._ask(
            "POST", path, key.user_id, query=query, body=body, expect_missing=True
        )
        return answer is not None

    async def save_tasks(self, tasks: Sequence[Mapping[str, Any]], user_id: str) -> None:
        """Store tasks of one user (A2A 0.3) in one request; what was stored under an id goes."""
        await self._ask("POST", "/api/tasks", user_id, body={"items": list(tasks)})

    async def task(self, task_id: str) -> Mapping[str, Any] | None:
        """A stored task (A2A 0.3); None: the controller does not know it."""
        answer = await self._ask("GET", f"/api/tasks/{task_id}", "", expect_missing=True)
        return answer["data"] if answer and answer.get("data") else None

    async def tasks(self, user_id: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """A page of a user's tasks: `data` (A2A 0.3), `total`, and `continue` for the next.

        Raises:
            TransientError: the controller is away.
            PermanentError: it refuses, or cannot list tasks.
        """
        wanted = {**query, "user_id": user_id}
        page: Mapping[str, Any] = await self._ask("GET", "/api/tasks", user_id, query=wanted)
        if not isinstance(page.get("data"), list):
            raise PermanentError("GET /api/tasks: the answer is no list.")
        return page

    async def end_interrupted(self) -> list[str]:
        """Say that this process begins: what former ones of its pod left unfinished ends.

        Gives the ended tasks of which somebody wants to be told.

        Raises:
            TransientError: the controller is away.
            PermanentError: it refuses, or does not know this.
        """
        if not self._process:
            return []
        answer = await self._ask("POST", "/api/tasks/interrupted", "")
        return [str(task_id) for task_id in answer.get("data") or ()]

    async def keep_push(
        self, task_id: str, config_id: str, config: Mapping[str, Any], user_id: str
    ) -> None:
        """Keep a user's wish to be told of a task, for the processes to come."""
        body = {"id": config_id, "config": config}
        await self._ask("POST", _pushes(task_id), user_id, body=body)

    async def pushes(self, task_id: str) -> list[Mapping[str, Any]]:
        """Everybody's wishes to be told of a task (`id`, `user_id`, `config`)."""
        answer = await self._ask("GET", _pushes(task_id), "", expect_missing=True)
        return list(answer.get("data") or ()) if answer else []

    async def drop_push(self, task_id: str, config_id: str, user_id: str) -> None:
        """Forget a user's wish."""
        path = f"{_pushes(task_id)}/{quote(config_id, safe='')}"
        await self._ask("DELETE", path, user_id, expect_missing=True)

    async def post(self, path: str, body: Mapping[str, Any], user_id: str) -> Any:
        """The answer to a request to one of the other routes, such as those for memories."""
        return await self._ask("POST", path, user_id, body=body)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _ask(  # noqa: PLR0913 - what a request is made of
        self,
        method: str,
        path: str,
        user_id: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        expect_missing: bool = False,
    ) -> Any:
        headers = self._headers(user_id)
        try:
            answer = await self._http.request(
                method, path, params=query, json=body, headers=headers
            )
        except (httpx.HTTPError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise TransientError(f"The controller cannot be reached: {reason}.") from error
        if answer.status_code == 404 and expect_missing:
            return None
        _raise_for(answer, f"{method} {path}")
        try:
            return answer.json() if answer.content else {}
        except ValueError as error:
            raise TransientError(f"{method} {path}: the answer is no JSON.") from error

    def _headers(self, user_id: str) -> dict[str, str]:
        headers = {"X-Agent-Name": self.agent}
        if user_id:
            headers["X-User-Id"] = user_id
        if self._process:
            headers["X-Roster-Process"] = self._process
        # Outside of Kubernetes there is no token, and the controller asks for none.
        with suppress(OSError):
            headers["Authorization"] = f"Bearer {self._token_file.read_text().strip()}"
        return headers


def _pushes(task_id: str) -> str:
    return f"/api/tasks/{quote(task_id, safe='')}/pushconfigs"


def _process(environment: Mapping[str, str]) -> str:
    """Name this process, by its pod and what tells it from others there; empty outside of pods.

    Kubernetes gives a pod's name as the name of its host.
    """
    pod = environment.get("HOSTNAME", "")
    is_in_pod = bool(pod and environment.get("KUBERNETES_SERVICE_HOST"))
    return f"{pod}/{uuid.uuid4().hex[:12]}" if is_in_pod else ""


def _token_file(environment: Mapping[str, str]) -> Path:
    """Give the path of the token; the local cluster says where it has put what it mounts."""
    if named := environment.get("ROSTER_TOKEN_FILE"):
        return Path(named)
    mounts = json.loads(environment.get("ROSTER_MOUNTS") or "{}")
    return Path(mounts.get(str(TOKEN_FILE.parent), TOKEN_FILE.parent)) / TOKEN_FILE.name


def _raise_for(answer: httpx.Response, request: str) -> None:
    if answer.is_success:
        return
    message = f"{request}: the controller answered {answer.status_code}: {answer.text[:200]}"
    if answer.status_code >= 500 or answer.status_code in _PASSING:
        raise TransientError(message)
    raise PermanentError(message)
