"""Names of the tools that an agent has of its own, as in kagent.

The runtime offers them; the checks of definitions know them, for a tool server may have one of the
same name.
"""

ASK_USER = "ask_user"
"""Every agent has it, and whoever talks to one takes a call of it for a question to the user."""

SAVE_MEMORY, LOAD_MEMORY = "save_memory", "load_memory"
MEMORY = (SAVE_MEMORY, LOAD_MEMORY)
"""Of an agent with a memory."""

SKILLS, READ_FILE = "skills", "read_file"
WRITE_FILE, EDIT_FILE, BASH = "write_file", "edit_file", "bash"
READING_SKILLS = (SKILLS, READ_FILE)
"""Of an agent with skills whose commands it may not run."""
RUNNING_SKILLS = (*READING_SKILLS, WRITE_FILE, EDIT_FILE, BASH)
"""Of an agent with skills, otherwise."""
