"""`roster-demo model|tools|agent`: the demo workloads as processes."""

import argparse
from collections.abc import Sequence
from typing import Any

from controller.runtime import lean, serving


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one of the demo workloads until SIGTERM."""
    options = _parser().parse_args(arguments)
    lean.skip_unused()
    if options.workload == "tools" and options.stdio:
        from controller.runtime.demo import tools  # noqa: PLC0415

        tools.server().run("stdio")
        return
    with lean.starting():
        app = _application(options)
    serving.serve(app, host=options.host, port=options.port, drain=serving.Drain(2))


def _application(options: argparse.Namespace) -> Any:
    # Imported where they are needed: each workload starts with its own libraries only.
    if options.workload == "model":
        from controller.runtime.demo import model  # noqa: PLC0415

        return model.create(token_delay_s=options.token_delay_ms / 1000)
    if options.workload == "tools":
        from controller.runtime.demo import tools  # noqa: PLC0415

        return tools.create()
    from controller.runtime.demo import agent  # noqa: PLC0415

    return agent.create(options.url or agent.own_url(options.host, options.port))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="roster-demo", description="Demo workloads for Roster's examples; no account needed."
    )
    workloads = parser.add_subparsers(dest="workload", required=True, metavar="WORKLOAD")
    for name, port, summary in (
        ("model", 8000, "a scripted model behind OpenAI's chat completions protocol"),
        ("tools", 3000, "an MCP server: calculator, clock, text statistics, notes"),
        ("agent", 8080, "an A2A agent that converts units, written without Roster"),
    ):
        workload = workloads.add_parser(name, help=summary, description=summary)
        workload.add_argument("--host", default="127.0.0.1", help="address to listen on")
        workload.add_argument("--port", type=int, default=port, help=f"default {port}")
        if name == "model":
            workload.add_argument(
                "--token-delay-ms", type=float, default=15.0, help="pause between streamed words"
            )
        if name == "tools":
            workload.add_argument("--stdio", action="store_true", help="speak on standard input")
        if name == "agent":
            workload.add_argument("--url", help="the address that the agent card names")
    return parser


if __name__ == "__main__":
    main()
