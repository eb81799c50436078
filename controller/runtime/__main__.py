"""`roster-agent --host 0.0.0.0 --port 8080 --filepath /config`, as kagent's images are called."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from controller.errors import RosterError
from controller.runtime import lean


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the agent until SIGTERM; exit with 1 when its configuration is of no use."""
    options = _parser().parse_args(arguments)
    lean.skip_unused()
    lean.skip_spans()
    with lean.starting():
        # Imported after the arguments: `--help` and a wrong flag answer at once.
        from controller.runtime import application, configfiles, logs, serving  # noqa: PLC0415

        logs.configure(os.environ.get("LOG_LEVEL", "info"))
        try:
            config, card = configfiles.read(options.filepath)
            drain = serving.Drain()
            app = application.create(config, card, os.environ, drain=drain)
        except RosterError as error:
            sys.exit(f"roster-agent: {error}")
        started = {"agent": card.name, "host": options.host, "port": options.port}
        logging.getLogger("controller.runtime").info("agent_started", extra=started)
    serving.serve(app, host=options.host, port=options.port, drain=drain)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="roster-agent", description="Serves one agent over A2A, as config.json describes it."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on, default 8080")
    parser.add_argument(
        "--filepath",
        type=Path,
        default=Path("/config"),
        help="folder with config.json and agent-card.json, default /config",
    )
    return parser


if __name__ == "__main__":
    main()
