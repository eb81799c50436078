"""Rules of the kinds RemoteMCPServer and MCPServer."""

RULES = {
    "tls-without-https": (
        "TLS settings for a plain http address.",
        "They contradict each other: use https, or remove them.",
    ),
    "ca-not-shareable": (
        "A server with its own CA is open to other namespaces.",
        (
            "The CA's Secret is mounted into the agent's pod, and Kubernetes looks for it in "
            "the agent's namespace."
        ),
    ),
    "image-missing": (
        "An MCP server has no image.",
        "Only the commands uvx and npx have a default image.",
    ),
    "command-missing": (
        "A stdio MCP server has no command.",
        "The adapter starts the command and speaks to it; it cannot know the image's own.",
    ),
    "transport-unused": (
        "Settings of a transport that nothing reads.",
        (
            "kmcp has the fields, and neither its controller nor kagent's acts on them: agents "
            "reach every MCPServer by http://name.namespace:port."
        ),
    ),
}
