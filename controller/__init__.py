"""Roster: a GitOps controller for AI agents on Kubernetes.

The packages, from the top; each may import only from those below it, and those on one line not
from each other (`.importlinter` in pyproject.toml keeps it):

    cli          arguments in, text out; one module per verb
    app          composition root: the only place that constructs adapters from settings
    api          HTTP surface: Flask blueprints, dashboard, webhooks, the ASGI shell
    runtime      the process inside an agent's pod: config.json -> model, tools, A2A endpoint
    local        the local cluster: Kubernetes API server, workload controllers, pods as processes
    reconcile    work queue, triggers, loop, and reconciler.py: the story of one reconcile
    sync         carries out a plan: waves, health gate, prune
    source       git: fetch a revision, read its files from the object database
    cluster      the only speaker to a Kubernetes API: live state, dry-run, apply, delete
    state        the database: applications, operations, history; sessions, tasks, memory
    mcp          asks tool servers for their tools; the controller's own MCP server
    a2a          A2A gateway: agents of the cluster under one address
    plan         inventory, order, guards -> Plan
    render       definitions and templates -> manifests, config.json, agent card
    diff         normalise, compare, format; semantic: what changed in the agents' own terms
    health       manifest -> health, one function per kind
    definitions  the agents repo's language: schema, parse, resolve, agent config
    objects      Kubernetes objects as data: ObjectKey, helpers, content hash, masking
    schemas      the published schemas of Kubernetes' own kinds
    settings, telemetry, tracing, errors
"""

__version__ = "0.1.0"
