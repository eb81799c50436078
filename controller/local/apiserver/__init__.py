"""A Kubernetes API server for one machine: the API's rules over a file, without etcd.

From the wire inwards: `asgi` leads a request to its answer (`wire` reads and writes them, `access`
says who may, `documents` is what is no object), `verbs` carries one request out (`intake` reads
what was sent, `revisions` sets it against what is there), `storage` keeps objects and tells
watchers. The rules themselves are pure modules beside them: `schema` and `decoding` (what a field
may hold), `defaults` and `validation` (what a kind adds), `fields`, `merge` and `managed`
(server-side apply), `patches`, `selectors`, `printing` (tables).
The recorded answers of a real server in tests/transcripts/apiserver say what is right.
"""
