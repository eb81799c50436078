"""The A2A gateway: agents of the cluster under one address, `/api/a2a/{namespace}/{name}`.

Bytes pass through as they are, streams included, where client and agent speak one version of the
protocol, and are translated where they do not. What always changes is who asks (the controller
says, not the client) and where the agent's card says that the agent is.
"""
