"""What the controller's MCP tools do: questions to Roster's own API, shaped for a model.

In the controller and in `roster mcp` alike, the API is asked over HTTP, so that both give the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from controller.errors import PermanentError, RosterError, TransientError
from controller.mcp import shapes

_HISTORY = 10


class Conversation(Protocol):
    """A turn of an agent, as it comes along."""

    task_id: str
    context_id: str
    state: str

    @property
    def text(self) -> str:
        """The answer."""
        ...

    @property
    def waiting_for(self) -> Any:
        """Calls that wait for an approval."""
        ...


Progress = Callable[[str], Awaitable[None]]
Invoke = Callable[[httpx.AsyncClient, str, str, str, Progress], Awaitable[Conversation]]
"""Says a text to an agent: client, address, text, context id, and who is told how it goes."""


class Roster:
    """A running Roster."""

    def __init__(self, client: httpx.AsyncClient, invoke: Invoke) -> None:
        """Ask through this client, whose base is Roster's address; close it afterwards."""
        self._client = client
        self._invoke = invoke

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def agents(self) -> shapes.Agents:
        """Every agent of every application."""
        details = await self._details()
        described = {
            _place(item["agent"]["metadata"]): item["agent"]["spec"].get("description") or ""
            for item in (await self._get("/api/agents"))["data"]
        }
        return shapes.Agents(
            agents=[
                shapes.Agent(
                    agent=_place(component),
                    description=described.get(_place(component), ""),
                    application=detail["metadata"]["name"],
                    sync=component["sync"],
                    health=component["health"]["status"],
                    message=component["health"]["message"],
                )
                for detail in details
                for component in detail["status"].get("components") or []
                if component["kind"] == "Agent"
            ]
        )

    async def invoke(
        self, agent: str, task: str, context_id: str, progress: Progress
    ) -> shapes.Reply:
        """Say something to an agent, and wait for its answer."""
        address = f"/api/a2a/{quote(await self._full_name(agent))}/"
        try:
            turn = await self._invoke(self._client, address, task, context_id, progress)
        except httpx.TransportError as error:
            raise TransientError(f"The agent did not answer: {type(error).__name__}.") from error
        return shapes.Reply(
            text=turn.text,
            state=turn.state,
            context_id=turn.context_id,
            task_id=turn.task_id,
            waiting_for=[
                shapes.Approval(tool=call.name, arguments=dict(call.arguments))
                for call in turn.waiting_for
            ],
        )

    async def applications(self) -> shapes.Applications:
        """Every application."""
        items = (await self._get("/api/v1/applications"))["items"]
        return shapes.Applications(applications=[_application(item) for item in items])

    async def application(self, name: str) -> shapes.ApplicationDetail:
        """One application with components and findings."""
        detail = await self._get(f"/api/v1/applications/{quote(name)}")
        status = detail["status"]
        return shapes.ApplicationDetail(
            application=_application(detail),
            components=[
                shapes.Component(
                    definition=component["id"],
                    sync=component["sync"],
                    health=component["health"]["status"],
                    message=component["health"]["message"],
                    place=f"{component['file']}:{component['line']}",
                )
                for component in status.get("components") or []
            ],
            findings=[_finding(found) for found in status.get("findings") or []],
        )

    async def diff(self, name: str) -> shapes.Diff:
        """What a sync would do now."""
        found = await self._get(f"/api/v1/applications/{quote(name)}/diff")
        semantic = found.get("semantic") or {}
        return shapes.Diff(
            application=name,
            revision=found.get("revision", ""),
            is_empty=found.get("isEmpty", False),
            for_agents=semantic.get("text") or found.get("semanticProblem") or "",
            changes=found.get("changes") or [],
            guards=found.get("guards") or [],
        )

    async def history(self, name: str) -> shapes.History:
        """The last operations."""
        path = f"/api/v1/applications/{quote(name)}/history?limit={_HISTORY}"
        items = (await self._get(path))["items"]
        return shapes.History(application=name, operations=[_operation(item) for item in items])

    async def tools(self) -> shapes.Tools:
        """Every tool of every MCP server."""
        servers = (await self._get("/api/toolservers"))["data"]
        return shapes.Tools(
            tools=[
                shapes.Tool(
                    server=server["ref"],
                    status=server["status"],
                    name=tool["name"],
                    description=tool["description"],
                    agents=tool["agents"],
                )
                for server in servers
                for tool in server["discoveredTools"]
            ]
        )

    async def sync(self, name: str, revision: str) -> shapes.SyncStarted:
        """Ask for a sync."""
        body = {"revision": revision} if revision else {}
        await self._asked("POST", f"/api/v1/applications/{quote(name)}/sync", json=body)
        return shapes.SyncStarted(application=name, message="Sync requested.")

    async def _details(self) -> list[Any]:
        names = [item.name for item in (await self.applications()).applications]
        asked = (self._get(f"/api/v1/applications/{quote(name)}") for name in names)
        return list(await asyncio.gather(*asked))

    async def _full_name(self, agent: str) -> str:
        if "/" in agent:
            return agent
        known = [item.agent for item in (await self.agents()).agents]
        found = [name for name in known if name.rpartition("/")[2] == agent]
        if len(found) != 1:
            listed = ", ".join(found or known) or "none"
            raise PermanentError(f"Name one agent as namespace/name. There are: {listed}.")
        return found[0]

    async def _get(self, path: str) -> Any:
        return await self._asked("GET", path)

    async def _asked(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer = await self._client.request(method, path, timeout=60.0, **options)
        except httpx.TransportError as error:
            raise TransientError(
                f"No Roster answers at {self._client.base_url}: {type(error).__name__}.",
                remedy="Start one with `roster up`, or name another with --server.",
            ) from error
        if answer.is_success:
            return answer.json()
        raise _refusal(answer)


def _refusal(answer: httpx.Response) -> RosterError:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    message = str(body.get("message") or f"HTTP status {answer.status_code}.")
    return PermanentError(message, remedy=str(body.get("remedy", "")))


def _place(found: Mapping[str, Any]) -> str:
    return f"{found.get('namespace', '')}/{found.get('name', '')}"


def _application(found: Mapping[str, Any]) -> shapes.Application:
    status = found["status"]
    return shapes.Application(
        name=found["metadata"]["name"],
        repository=found["spec"]["source"]["repoURL"],
        revision=status["sync"].get("revision") or "",
        sync=status["sync"]["status"],
        health=status["health"]["status"],
        message=status["health"].get("message") or "",
        conditions=[
            f"{item['type']}: {item['message']}" for item in status.get("conditions") or []
        ],
    )


def _finding(found: Mapping[str, Any]) -> shapes.Finding:
    return shapes.Finding(
        severity=found.get("severity", ""),
        rule=found.get("rule", ""),
        message=found.get("message", ""),
        remedy=found.get("remedy", ""),
        place=f"{found.get('file', '')}:{found.get('line', 0)}:{found.get('column', 0)}",
        definition=found.get("definition", ""),
    )


def _operation(found: Mapping[str, Any]) -> shapes.Operation:
    return shapes.Operation(
        id=found["id"],
        phase=found["phase"],
        revision=found["revision"],
        author=found.get("author") or "",
        commit_message=found.get("message") or "",
        message=found.get("resultMessage") or "",
        started_at=found["startedAt"],
        finished_at=found.get("finishedAt") or "",
        initiated_by=str((found.get("initiatedBy") or {}).get("cause") or ""),
    )
