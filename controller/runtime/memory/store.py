"""The controller's memories of one agent: kept and found by vectors, one user at a time."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

import httpx2
from pydantic_ai.embeddings.base import EmbeddingModel
from pydantic_ai.exceptions import AgentRunError, UserError

from controller.definitions import agentconfig
from controller.errors import PermanentError, RosterError, TransientError
from controller.runtime.memory import embedding
from controller.runtime.sessions.routes import Routes

_log = logging.getLogger(__name__)

_FOUND = 5
_LIKENESS = 0.3
"""How many memories a search gives and how alike they must be; kagent-adk's numbers."""
_TIMEOUT_S = 30.0
_MAX_BATCH = 50
"""What kagent's controller takes at once."""


class Memory:
    """What the agent remembers of its users."""

    def __init__(
        self, config: agentconfig.Memory, environment: Mapping[str, str], routes: Routes
    ) -> None:
        """Set memory up; nothing is contacted yet.

        Raises:
            PermanentError: there is no embedding model.
        """
        if config.embedding is None:
            raise PermanentError(
                "The agent's memory has no embedding model.",
                remedy="Name a ModelConfig under memory.modelConfig.",
            )
        self._config, self._embedding = config, config.embedding
        self._environment, self._routes = environment, routes
        self._http = httpx2.AsyncClient(timeout=_TIMEOUT_S)
        self._model: EmbeddingModel | None = None

    async def save(
        self, texts: Sequence[str], *, user_id: str, session_id: str = "", source: str = ""
    ) -> None:
        """Keep texts for a user, with where they are from when there is one.

        Raises:
            RosterError: the embedding model or the controller is away or refuses.
        """
        items = [
            {**self._item(text, vector, user_id), **_origin(session_id, source)}
            for text, vector in zip(texts, await self._vectors(texts, "document"), strict=True)
        ]
        if len(items) == 1:
            await self._routes.post("/api/memories/sessions", items[0], user_id)
            return
        for start in range(0, len(items), _MAX_BATCH):
            batch = {"items": items[start : start + _MAX_BATCH]}
            await self._routes.post("/api/memories/sessions/batch", batch, user_id)

    async def search(self, query: str, *, user_id: str) -> list[str]:
        """What is remembered of a user that has to do with `query`, the most alike first.

        Raises:
            RosterError: the embedding model or the controller is away or refuses.
        """
        (vector,) = await self._vectors([query], "query")
        body = {
            "agent_name": self._routes.agent,
            "user_id": user_id,
            "vector": vector,
            "limit": _FOUND,
            "min_score": _LIKENESS,
        }
        found = await self._routes.post("/api/memories/search", body, user_id)
        return [str(memory.get("content", "")) for memory in found or ()]

    async def recalled(self, text: str, *, user_id: str) -> str:
        """What a conversation may begin with: the memories that fit its first message, or nothing.

        A failure costs the memories, not the turn.
        """
        if not text.strip():
            return ""
        try:
            found = await self.search(text, user_id=user_id)
        except RosterError as error:
            _log.warning("memory_unavailable", extra={"reason": str(error)})
            return ""
        if not found:
            return ""
        listed = "\n".join(f"- {memory}" for memory in found)
        return f"What you remember of this user from earlier conversations:\n{listed}"

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _vectors(self, texts: Sequence[str], kind: str) -> list[list[float]]:
        if self._model is None:
            self._model = await asyncio.to_thread(
                embedding.create, self._embedding, self._environment, self._http
            )
        try:
            result = await self._model.embed(
                list(texts),
                input_type="query" if kind == "query" else "document",
                settings={"dimensions": embedding.DIMENSIONS},
            )
        except (AgentRunError, UserError, OSError) as error:
            raise TransientError(f"The embedding model does not answer: {error}.") from error
        return [embedding.fitted(vector) for vector in result.embeddings]

    def _item(self, text: str, vector: Sequence[float], user_id: str) -> dict[str, object]:
        item: dict[str, object] = {
            "agent_name": self._routes.agent,
            "user_id": user_id,
            "content": text,
            "vector": vector,
        }
        return {**item, "ttl_days": self._config.ttl_days} if self._config.ttl_days else item


def _origin(session_id: str, source: str) -> dict[str, object]:
    return {"metadata": {"session_id": session_id, "source": source}} if session_id else {}
