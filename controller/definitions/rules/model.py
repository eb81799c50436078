"""Rules of the kind ModelConfig, and of TLS."""

RULES = {
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
