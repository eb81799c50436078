"""Definitions for the end-to-end tests: real agents, without a model, that start in an instant."""

SERVE = (
    "import http.server, sys; "
    "http.server.ThreadingHTTPServer((sys.argv[1], 8080), "
    "type('H', (http.server.BaseHTTPRequestHandler,), "
    "{'do_GET': lambda s: (s.send_response(200), s.end_headers(), s.wfile.write(b'{}'))})"
    ").serve_forever()"
)


def agent(name: str, *, answer: str = "one", extra: str = "") -> str:
    """Give an agent that brings its own container, which serves any card."""
    return f"""\
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata:
  name: {name}
spec:
  type: BYO
  description: Answers {answer}.
  byo:
    deployment:
      image: python:3.12-slim
      cmd: python
      args: ["-c", "{SERVE}", "0.0.0.0"]
      env:
        - name: ANSWER
          value: {answer}
{extra}"""


def prompts(name: str, text: str = "Be kind.") -> str:
    """Give a ConfigMap with a prompt."""
    return f"""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data:
  style: {text}
"""
