"""Rules of prompts that are templates."""

RULES = {
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
