"""HTTP surface: REST API, git webhooks, dashboard, and the ASGI shell that carries them.

Reads records from the store and hands requests to the reconciler through `services.Services`; it
never reconciles, and nothing that a caller sends is trusted beyond its schema.
"""
