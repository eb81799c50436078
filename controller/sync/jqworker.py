"""Evaluates jq path expressions for `jqpaths`, one line of JSON after the other.

A script of its own, run without environment and with little memory: an expression can loop for
ever or eat all memory inside the library, where nothing of Python can stop it (CVE-2024-32476).
"""

import json
import resource
import signal
import sys

import jq  # type: ignore[import-not-found]  # a C extension without stubs

_MOST_PATHS = 10_000


def main() -> None:
    """Answer requests until the input ends: `{expression, object, limit_s}` -> `{paths}`."""
    limit_bytes = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    for line in sys.stdin.buffer:
        request = json.loads(line)
        # Without a handler the signal ends the process, wherever it is.
        signal.setitimer(signal.ITIMER_REAL, request["limit_s"])
        answer = _answer(request["expression"], request["object"])
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def _answer(expression: str, manifest: object) -> dict[str, object]:
    try:
        # The line break keeps a comment at the expression's end from swallowing the brackets.
        program = jq.compile(f"[limit({_MOST_PATHS}; path({expression}\n))]")
        return {"paths": program.input_value(manifest).first()}
    except ValueError as error:
        return {"error": str(error)}


if __name__ == "__main__":
    main()
