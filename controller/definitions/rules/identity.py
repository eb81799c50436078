"""Rules of what a document is: kind, name, labels, secrets in git."""

RULES = {
    "generate-name": (
        "The object has no fixed name.",
        "Every sync would make another object: git needs a name to find it again.",
    ),
    "invalid-name": (
        "A name or namespace that Kubernetes does not allow.",
        (
            "Agents and MCP servers name Services too, so their names are host names: lower-"
            "case letters, digits and '-', at most 63, beginning with a letter."
        ),
    ),
    "invalid-label": (
        "A label or annotation that Kubernetes does not allow.",
        (
            "Keys are an optional domain and a name; label values have at most 63 letters, "
            "digits, '-', '_' and '.'. Annotation values may be any text."
        ),
    ),
    "server-set-field": (
        "The file has fields that the API server sets, and they are ignored.",
        ("They come from 'kubectl get -o yaml'. Applied, uid and resourceVersion would conflict."),
    ),
    "duplicate-definition": (
        "Two documents define the same object.",
        "Which one counts would depend on their order, so neither is applied.",
    ),
    "unknown-kind": (
        "kagent.dev or roster.dev has no such kind.",
        "Roster runs Agent, ModelConfig, RemoteMCPServer and MCPServer.",
    ),
    "unsupported-version": (
        "A version of a kind that Roster does not read.",
        (
            "Agent, ModelConfig and RemoteMCPServer are read as kagent.dev/v1alpha2, "
            "MCPServer as kagent.dev/v1alpha1."
        ),
    ),
    "kind-not-run": (
        "A kind of kagent that Roster does not run.",
        (
            "Sandboxed agents and harnesses need infrastructure that Roster does not have. It"
            " is an error because someone expects the agent to run."
        ),
    ),
    "kind-without-effect": (
        "A kind of kagent that changes nothing about agents; passed over.",
        (
            "kagent itself has no controller for ToolServer and Memory of v1alpha1, and uses "
            "ModelProviderConfig for its user interface only."
        ),
    ),
    "application-in-repository": (
        "An Application in an agents repository; passed over.",
        (
            "Applications say which repositories are followed. They belong in the "
            "controller's roster.yaml, where the repository cannot change them."
        ),
    ),
    "secret-in-git": (
        "A secret value is in git.",
        (
            "Whoever can read the repository, now or later, has it, also after it was "
            "removed. Refer to a Secret made outside of git, or commit a SealedSecret or "
            "ExternalSecret."
        ),
    ),
}
