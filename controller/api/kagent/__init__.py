"""What kagent's runtimes and clients ask a controller for, under kagent's routes and envelope.

The rules are those that kagent-adk 0.10.4 needs, which neither follows redirects nor tries twice:
a failed `POST /api/tasks` leaves its caller without an answer for ever.
"""
