"""`python -m controller.local`: runs the local cluster of a folder until it is told to stop."""

import argparse
import sys
from pathlib import Path

from controller.local import process


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="controller.local", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the cluster is kept")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=0, help="the port; 0 lets the system choose")
    parser.add_argument(
        "--die-with-parent", action="store_true", help="stop when the starting process ends"
    )
    given = parser.parse_args()
    return process.run(
        given.folder, host=given.host, port=given.port, die_with_parent=given.die_with_parent
    )


if __name__ == "__main__":
    sys.exit(main())
