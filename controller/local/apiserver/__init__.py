"""A Kubernetes API server for one machine: the API's rules over a file, without etcd.

From the wire inwards: `asgi` reads requests and writes answers, `verbs` carries one request out,
`storage` keeps objects and tells watchers. The rules themselves are pure modules beside them:
`schema` and `decoding` (what a field may hold), `defaults` and `validation` (what a kind adds),
`fields`, `merge` and `managed` (server-side apply), `patches`, `selectors`, `printing` (tables).
The recorded answers of a real server in tests/transcripts/apiserver say what is right.
"""
