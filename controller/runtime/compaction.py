"""Keeps a long conversation short enough for its model: old turns give way to a summary.

Every `compaction_interval` turns of the user, or when a request took more than `token_threshold`
tokens, all but the last `overlap_size` turns are summed up by `summarizer_model` (the agent's own
where none is named). The controller keeps the events that a summary replaces: people still read the
whole conversation, only the model reads the summary.
"""

import logging
from collections.abc import Mapping, Sequence

from pydantic_ai.exceptions import AgentRunError, UserError
from pydantic_ai.messages import ModelRequest, ModelResponse, UserPromptPart

from controller.definitions import agentconfig
from controller.runtime import digest, models
from controller.runtime.models import ConfiguredModel
from controller.runtime.sessions import Entry

_log = logging.getLogger(__name__)

_HEADING = "Summary of the conversation so far:\n"


class Compaction:
    """When and how one agent's conversations are summed up."""

    def __init__(
        self,
        config: agentconfig.Compaction,
        own_model: ConfiguredModel,
        environment: Mapping[str, str],
    ) -> None:
        """Set it up; nothing is contacted yet.

        Raises:
            PermanentError: the summarizer model cannot be had.
        """
        self._config = config
        self._model = (
            models.create(config.summarizer_model, environment)
            if config.summarizer_model
            else own_model
        )

    async def close(self) -> None:
        """Let go of the model's connections; the agent's own may be closed twice."""
        await self._model.close()

    def replaceable(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """The beginning of a history that a summary should replace now; mostly nothing."""
        starts = [place for place, entry in enumerate(entries) if _begins_turn(entry)]
        is_long = len(starts) >= self._config.compaction_interval + self._config.overlap_size
        if not is_long and not self._is_large(entries):
            return ()
        overlap = max(self._config.overlap_size, 0)
        if len(starts) <= overlap:
            return ()
        end = starts[-overlap] if overlap else len(entries)
        return entries[:end]

    async def summary(self, entries: Sequence[Entry]) -> tuple[ModelRequest, ModelResponse] | None:
        """What takes their place, with the answer it is from; None when no model gives one."""
        instructions = self._config.prompt_template or digest.SUMMARY
        try:
            response = await digest.asked(
                self._model, instructions, [entry.message for entry in entries]
            )
        except (AgentRunError, UserError) as error:
            # The turn goes on with the whole history, and the next one tries again.
            _log.warning("compaction_failed", extra={"reason": str(error)})
            return None
        if not response.text:
            return None
        return ModelRequest(parts=[UserPromptPart(_HEADING + response.text)]), response

    def _is_large(self, entries: Sequence[Entry]) -> bool:
        threshold = self._config.token_threshold
        last = next(
            (e.message for e in reversed(entries) if isinstance(e.message, ModelResponse)), None
        )
        return bool(threshold and last and last.usage.input_tokens > threshold)


def _begins_turn(entry: Entry) -> bool:
    """Whether the user speaks here; a summary stands for turns, it is none."""
    if not isinstance(entry.message, ModelRequest):
        return False
    prompts = [part for part in entry.message.parts if isinstance(part, UserPromptPart)]
    return any(not str(part.content).startswith(_HEADING) for part in prompts)
