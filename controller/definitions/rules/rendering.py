"""Rules of rendering, whose findings stand beside those of reading."""

RULES = {
    "setting-without-effect": (
        "A setting has no effect on the runtime that the agent runs on.",
        (
            "The definition is taken as it is, because it works with kagent; the agent does without"
            " what the setting asks for."
        ),
    ),
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
    "autoscaling-without-request": (
        "An agent is to be scaled by CPU, and requests none.",
        "The autoscaler aims at a share of what a pod requests; without a request it does nothing.",
    ),
    "invalid-policy": (
        "An annotation asks for a NetworkPolicy, budget or autoscaler that cannot be.",
        (
            "roster.dev/network-policy is enabled or disabled; roster.dev/pod-disruption-budget is"
            " the number or share of pods that may be missing, 1 where it is enabled; "
            "roster.dev/autoscaling is the least and most pods, 1-5 where it is enabled, and "
            "roster.dev/autoscaling-cpu the percentage of the requested CPU that is aimed at, 80."
        ),
    ),
    "invalid-skill-commands": (
        "An annotation says what commands of skills an agent may run, and is none of the choices.",
        (
            "roster.dev/skill-commands is enabled (the default), approval (a person says yes to "
            "each command) or disabled."
        ),
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
    "missing-service": (
        "A tool is a Service that cannot be found.",
        "Its address is made from its port and annotations, so it has to be known.",
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
    "privileged-container": (
        "An agent's container gets all privileges of its node.",
        (
            "kagent's images isolate commands in namespaces of their own, for which they have to "
            "be privileged; kagent sets that for agents with skills or code execution. Whoever "
            "leads such an agent to break out of its sandbox has the node."
        ),
    ),
    "prompt-not-found": (
        "A prompt comes from an object that cannot be found.",
        (
            "Prompts are expanded when manifests are rendered. They may come from the cluster, "
            "where the controller finds them; a check without a cluster can only warn. In the "
            "repository, a change of a prompt is reviewed like everything else."
        ),
    ),
    "replicas-ignored": (
        "An agent says how many pods it has, and lets an autoscaler decide.",
        "The two would take turns at setting the number, so the definition's is left out.",
    ),
    "reserved-name": (
        "A volume, container or variable has a name that the agent's own has.",
        "The two would collide in the pod.",
    ),
    "unfit-object": (
        "An object does not fit the schema of its kind.",
        (
            "The API server would refuse it, or drop the field and the setting with it. Told before"
            " anything is written, and only for Kubernetes' own kinds: Validate=server has the"
            " cluster say it, Validate=false nobody."
        ),
    ),
    "unknown-runtime": (
        "An annotation chooses a runtime that there is not.",
        "roster.dev/runtime is roster (the default) or kagent.",
    ),
    "unreachable-value": (
        "A header's value is where the pod cannot read it, and cannot be found.",
        (
            "Kubernetes gives a pod the Secrets and ConfigMaps of its own namespace only, and "
            "kagent's runtime takes values only; then the value has to be known for rendering."
        ),
    ),
}
