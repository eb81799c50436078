"""The command line: arguments in, text out; one module a verb.

Modules import what they need inside their commands: `roster --help` must not wait for a Kubernetes
client.
"""
