"""Conversations, and how they outlive the process: sessions, events and tasks at the controller.

    conversations  what this process remembers, one entry a context
    events         messages as ADK events and back, a pure translation
    routes         kagent's REST routes of the controller
    outbox         what the controller has not got yet: batched, retried, bounded
    store          reads a session before a turn and writes it after each step

Without a controller (no `KAGENT_URL`) everything stays in memory, and nothing else changes.
"""

from controller.runtime.sessions.conversations import Conversation, Entry, Past
from controller.runtime.sessions.store import Sessions

__all__ = ["Conversation", "Entry", "Past", "Sessions"]
