"""Rules about the tools of MCP servers, as they are seen in the cluster."""

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
