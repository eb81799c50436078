"""Rules about the tools of MCP servers, most of them as they are seen in the cluster."""

RULES = {
    "unknown-tool": (
        "An agent is granted a tool that its server does not have.",
        (
            "Roster asks every MCP server for its tools once a minute. The agent runs without "
            "the tool: its model never learns that it was meant to have one."
        ),
    ),
    "withdrawn-tool": (
        "A server no longer has a tool that an agent is granted.",
        "The server had it when it was asked before; the agent goes on without it.",
    ),
    "tool-name-conflict": (
        "Two tools of an agent have one name, so its model sees only one of them.",
        (
            "Names that stand in toolNames go before those of servers without toolNames, agents "
            "before the latter, and the tools of memory and skills come last; among equals the "
            "first in the definition is taken, servers of the protocol SSE after the others. "
            "ask_user is always the question to the user. The agent's /ready lists what is "
            "hidden. kagent's own runtime declares both tools, which some models refuse, and "
            "calls the last. List in toolNames of each server what the agent needs of it, every "
            "name once."
        ),
    ),
    "changed-tool": (
        "A tool that an agent may use has changed since the agent was deployed.",
        (
            "Name, description and schema of a tool are instructions to the model, and a server "
            "can change them without a commit. Read the new ones; with the next commit that is "
            "deployed they count as seen."
        ),
    ),
}
"""By id: the rule in one sentence, and why."""
