"""Rules of the kind Agent."""

RULES = {
    "agent-block-missing": (
        "The block of the agent's type is missing.",
        "Type Declarative is described in spec.declarative, type BYO in spec.byo.",
    ),
    "agent-block-unused": (
        "The block of the other type has no effect.",
        "Only the block that goes with spec.type is used.",
    ),
    "system-message-conflict": (
        "systemMessage and systemMessageFrom are both given.",
        "The prompt comes from one place (kagent: mutually exclusive).",
    ),
    "system-message-missing": (
        "A declarative agent has no system message.",
        ("kagent accepts the object and then fails to translate it; here it is said at once."),
    ),
    "model-missing": (
        "A declarative agent names no ModelConfig.",
        "kagent documents a default that its controller never applies (issue 2513).",
    ),
    "tool-type-missing": (
        "A tool has no type.",
        "The type says whether mcpServer or agent is read.",
    ),
    "tool-target-missing": (
        "A tool lacks the block of its type.",
        "Type McpServer needs mcpServer, type Agent needs agent.",
    ),
    "tool-target-mismatch": (
        "A tool has a block of another type.",
        "mcpServer goes with type McpServer only, agent with type Agent only.",
    ),
    "isolate-sessions-misplaced": (
        "isolateSessions is set for an MCP server.",
        "Only agents have sessions.",
    ),
    "approval-unlisted": (
        "A tool needs approval and is not among toolNames.",
        "The agent could not call it at all, so the approval would never be asked.",
    ),
    "byo-image-missing": (
        "An agent of type BYO has no image.",
        "Its image is all that describes it; it must serve A2A on port 8080.",
    ),
    "skill-name": (
        "A skill's folder name is not allowed.",
        ("Skills are mounted at /skills/<name>; the name comes from 'name' or from the address."),
    ),
    "duplicate-skill": (
        "Two skills have one folder name.",
        "They would overwrite each other below /skills.",
    ),
    "skill-not-pinned": (
        "A skill is named by a branch, a tag or an image without a digest.",
        (
            "What it names can change without a commit here: nobody reviews that, no diff shows "
            "it, and pods of one agent may run with different skills. A commit id or a digest "
            "stays what it is; a bot such as Renovate can raise it by pull request."
        ),
    ),
    "skill-path": (
        "A skill's path leads out of its repository.",
        "Paths are relative to the repository's root and have no '..'.",
    ),
    "container-name-taken": (
        "Two containers of a pod have one name.",
        "The agent's own container is called kagent, that of an MCP server mcp-server.",
    ),
    "service-account-conflict": (
        "A service account is both named and described.",
        "A named account exists already; a described one is made for the workload.",
    ),
    "value-source": (
        "A header has both or none of value and valueFrom.",
        "Exactly one says what the header is.",
    ),
    "selector-missing": (
        "allowedNamespaces selects by label without a selector.",
        "Without it no namespace would match.",
    ),
}
