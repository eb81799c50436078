"""Rules of names that stand for other objects."""

RULES = {
    "missing-reference": (
        "What is referred to is not in the repository.",
        (
            "Agents, models and MCP servers exist only through the repository, so a name that"
            " is not there never will be."
        ),
    ),
    "unverified-reference": (
        "A ConfigMap, Secret or Service that is not in the repository.",
        ("It may exist in the cluster, as Secrets should. Without it the pod does not start."),
    ),
    "missing-key": (
        "The ConfigMap or Secret has no such key.",
        "It is in the repository, so its keys are known.",
    ),
    "reference-kind": (
        "A reference to a kind that cannot be used there.",
        ("Tools are MCPServer, RemoteMCPServer, Service or Agent; prompts come from ConfigMaps."),
    ),
    "self-reference": (
        "An agent has itself as a tool.",
        "It would call itself without end.",
    ),
    "reference-cycle": (
        "Agents call each other in a circle.",
        "A call could go round without end. All agents of the circle are blocked.",
    ),
    "chain-too-deep": (
        "A chain of agents is longer than 10 calls.",
        "kagent's limit: every level adds latency, and errors get lost on the way.",
    ),
    "cross-namespace": (
        "An MCPServer or Service of another namespace.",
        "kagent allows these in their own namespace only.",
    ),
    "namespace-not-allowed": (
        "The object does not let this namespace in.",
        ("allowedNamespaces of the object decides who may refer to it; the default is its own."),
    ),
    "namespace-unverified": (
        "Whether the namespace is let in depends on labels that are not known.",
        ("Labels of namespaces that the repository does not define are known to the cluster only."),
    ),
}
