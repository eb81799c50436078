"""Every rule that a finding can name, with its reason: what `roster explain` prints.

Also the rules of `render`, whose findings stand beside those of this package.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: its stable id, what it says in one sentence, and why, with the way out."""

    id: str
    summary: str
    explanation: str


_READING = {
    "invalid-yaml": (
        "The text is not valid YAML.",
        (
            "A document that cannot be read hides what it defines, so its component is "
            "blocked and nothing is pruned; other documents of the file are read. The "
            "position is where the reader noticed; the cause is often the line before it: a "
            "missing quote, bracket or indentation."
        ),
    ),
    "unsupported-yaml": (
        "YAML that no Kubernetes object can carry.",
        (
            "Kubernetes objects are JSON: keys are text, values have no custom tags, numbers "
            "fit 64 bits and are finite. Write the value itself, in quotes where it is text."
        ),
    ),
    "duplicate-key": (
        "A key stands twice in one mapping.",
        "YAML readers keep one of the two silently, and not all the same one. Remove one.",
    ),
    "merge-conflict": (
        "git's conflict markers were committed.",
        (
            "Resolve the conflict: choose lines of both sides and remove <<<<<<<, ======= and"
            " >>>>>>>."
        ),
    ),
    "too-large": (
        "A file or document is larger or deeper than Kubernetes could store.",
        (
            "Kubernetes keeps objects up to about 1.5 MB. The limits also stop documents that"
            " explode through aliases. Split the file, or move data elsewhere."
        ),
    ),
    "not-utf8": (
        "The file is not encoded in UTF-8.",
        (
            "YAML for Kubernetes is UTF-8. Editors on Windows may save UTF-16 or Latin-1: "
            "save again."
        ),
    ),
    "not-kubernetes": (
        "A YAML file is no Kubernetes object and is passed over.",
        (
            "It has neither apiVersion nor kind. Kustomize and Helm are not run: commit their"
            " output. Files in folders whose name starts with a dot are not looked at."
        ),
    ),
    "missing-field": (
        "A field that is needed is not there.",
        ("Without it the object cannot be identified or would be refused by the API server."),
    ),
    "unknown-field": (
        "A field does not exist at this place.",
        (
            "Mostly a misspelling or a wrong indentation. Kubernetes would drop it silently, "
            "and the setting would never have an effect."
        ),
    ),
    "wrong-type": (
        "A value has another type than its field.",
        (
            "Kubernetes converts nothing. Numbers and yes, no, on, off, true, false are text "
            "only in quotes; an empty value is null, not an empty text."
        ),
    ),
    "wrong-value": (
        "A value is none of those that the field takes.",
        "The remedy lists them; they are the enums of kagent's CRDs.",
    ),
    "wrong-format": (
        "A text is not in the form that its field needs.",
        "Such as a duration (30s, 5m), an address or base64.",
    ),
    "out-of-bounds": (
        "A number, text or list is too small or too large.",
        "The bounds are those of kagent's CRDs.",
    ),
    "not-a-number": (
        "A model parameter is text that is no number.",
        ('kagent writes such parameters as text, because Kubernetes has no floating point: "0.7".'),
    ),
}

_IDENTITY = {
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

_AGENT = {
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

_MODEL = {
    "provider-block-mismatch": (
        "Settings of another provider than the one that is used.",
        "They would have no effect; kagent refuses them.",
    ),
    "provider-block-missing": (
        "The provider needs settings that are not there.",
        "Such as the region of Bedrock or the endpoint of Azure.",
    ),
    "api-key-secret-missing": (
        "A key of a Secret is named without the Secret.",
        "apiKeySecret and apiKeySecretKey go together.",
    ),
    "api-key-missing": (
        "A Secret is named without its key.",
        "Only Bedrock and SAPAICore know the keys of their Secrets by themselves.",
    ),
    "passthrough-conflict": (
        "The caller's key and a key of our own are both to be used.",
        "apiKeyPassthrough excludes apiKeySecret and openAI.tokenExchange.",
    ),
    "passthrough-unsupported": (
        "The provider takes no key from the caller.",
        "Gemini and Vertex AI authenticate in other ways.",
    ),
    "token-exchange-incomplete": (
        "The token exchange lacks what it exchanges.",
        "It needs the service account's Secret and the settings of its type.",
    ),
    "max-tokens-conflict": (
        "Two limits of tokens are given.",
        ("OpenAI refuses requests that have both; reasoning models take maxCompletionTokens."),
    ),
    "foundry-endpoint": (
        "Foundry has no endpoint, or two.",
        "Give endpoint or endpointFrom.",
    ),
    "ca-secret-missing": (
        "A key of the CA's Secret is named without the Secret.",
        "caCertSecretRef and caCertSecretKey go together.",
    ),
    "ca-key-missing": (
        "The CA's Secret is named without its key.",
        "caCertSecretRef and caCertSecretKey go together.",
    ),
    "tls-trusts-nothing": (
        "No certificate would ever be accepted.",
        "The system's CAs are off and no other is given.",
    ),
}

_SERVER = {
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
}

_REFERENCES = {
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

_PROMPTS = {
    "prompt-template": (
        "The system message is no valid template.",
        (
            'What is supported: {{include "alias/key"}}, .AgentName, .AgentNamespace, '
            ".Description, .ToolNames, .SkillNames, len, if, else, range, comments and trim "
            "markers."
        ),
    ),
    "prompt-include": (
        "A prompt includes what is not there.",
        "The alias is one of promptTemplate.dataSources, the key one of that ConfigMap.",
    ),
    "prompt-not-template": (
        "A prompt looks like a template and is none.",
        "A system message is a template only where promptTemplate.dataSources is given.",
    ),
    "duplicate-alias": (
        "Two prompt sources have one alias.",
        "An include could mean either.",
    ),
}

_RENDERING = {
    "template-error": (
        "A manifest template failed.",
        (
            "The finding names the template's line and the definition that was rendered. "
            "Built-in templates do not fail; look at the application's own templates folder."
        ),
    ),
    "invalid-number": (
        "A model parameter is text that is no number.",
        'kagent writes such parameters as text, because Kubernetes has no floating point: "0.7".',
    ),
    "invalid-skill": (
        "A skill's folder name or path is not allowed.",
        "Skills are mounted at /skills/<name>, and paths stay inside their repository.",
    ),
    "invalid-sync-wave": (
        "A sync wave is no whole number.",
        "Waves are numbers in quotes, for annotations are text: smaller ones are applied first.",
    ),
    "missing-block": (
        "Settings are missing that the type or provider needs.",
        "Without them there is nothing to render.",
    ),
    "missing-image": (
        "A workload has no image.",
        "Only the commands uvx and npx of MCP servers have a default image.",
    ),
    "model-variable-conflict": (
        "Two models of one agent are reached by the same environment variable.",
        (
            "Keys and addresses of models reach the agent as variables with fixed names, as in "
            "kagent, so two models of one provider share them; the agent's own model wins."
        ),
    ),
    "no-mcp-port": (
        "A Service that is used as MCP server does not say which port speaks MCP.",
        "It has one port only, or one with appProtocol mcp, or names it in an annotation.",
    ),
    "prompt-not-in-repository": (
        "A prompt comes from an object that is not in the repository.",
        "Prompts are expanded when manifests are rendered, and reviewed like everything else.",
    ),
    "reserved-name": (
        "A volume, container or variable has a name that the agent's own has.",
        "The two would collide in the pod.",
    ),
    "unknown-runtime": (
        "An annotation chooses a runtime that there is not.",
        "roster.dev/runtime is roster (the default) or kagent.",
    ),
    "unreachable-value": (
        "A header's value is in a namespace that the pod cannot read from.",
        "Kubernetes gives a pod the Secrets and ConfigMaps of its own namespace only.",
    ),
}

_SYNC = {
    "invalid-pointer": (
        "A text is no JSON pointer.",
        (
            "Fields that are left to others are named as in RFC 6901: /spec/replicas. In a name,"
            " '/' is written ~1 and '~' is written ~0."
        ),
    ),
}

_APPLICATIONS = {
    "invalid-jq-expression": (
        "A text is no jq expression that leads to fields.",
        (
            "It has to be one that jq's path() takes: .spec.containers[] | select(.name =="
            ' "sidecar") | .image. It is evaluated with a limit of one second and 256 MiB.'
        ),
    ),
    "nothing-ignored": (
        "A rule of ignoreDifferences names objects and no field.",
        "It would have no effect. Add jsonPointers, jqPathExpressions or managedFieldsManagers.",
    ),
}

_GROUPS = (
    _READING,
    _IDENTITY,
    _AGENT,
    _MODEL,
    _SERVER,
    _REFERENCES,
    _PROMPTS,
    _RENDERING,
    _SYNC,
    _APPLICATIONS,
)

RULES: Mapping[str, Rule] = {
    id_: Rule(id=id_, summary=summary, explanation=explanation)
    for group in _GROUPS
    for id_, (summary, explanation) in sorted(group.items())
}
"""All rules by id, grouped by subject."""
