"""Makes the virtual environments of the clients under test; does nothing where they are there.

Call: `python tests/clients/install.py`. `make test` does, so that the tests themselves need no
network: each environment lies below the one that calls, and holds exactly its lock file.
"""

import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
CLIENTS = ("a2a-0.3", "a2a-1")


def python_of(client: str) -> Path:
    """The interpreter of a client's environment."""
    return Path(sys.prefix) / "clients" / client / "bin/python"


def main() -> None:
    """Install every client whose lock is newer than its environment."""
    for client in CLIENTS:
        lock, folder = HERE / f"{client}.lock", python_of(client).parents[1]
        done = folder / "installed"
        if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
            continue
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python_of(client)), "-m", "pip", "install", "-q", "--no-deps"]
        quiet = ["--disable-pip-version-check", "--require-hashes", "-r", str(lock)]
        subprocess.run([*pip, *quiet], check=True)
        done.touch()


if __name__ == "__main__":
    main()
