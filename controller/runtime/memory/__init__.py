"""Long-term memory: what an agent keeps of its users beyond one conversation.

embedding  texts as vectors, by the configured provider
store      the controller's routes for memories, as kagent-adk uses them
tools      save_memory and load_memory, under kagent's names
notes      what is kept without being asked: every few turns, the gist of the conversation
"""

from controller.runtime.memory.store import Memory

__all__ = ["Memory"]
