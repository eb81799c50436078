"""The command `roster`."""

import sys


def main() -> None:
    """Run the command line, and exit with its code."""
    # Imported here, so that `python -m controller` and the installed script share one start.
    from controller.cli.main import run_command  # noqa: PLC0415

    sys.exit(run_command(sys.argv[1:]))


if __name__ == "__main__":
    main()
