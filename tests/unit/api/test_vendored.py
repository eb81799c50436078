"""What was copied from npm is what npm has."""

import hashlib
import json
from pathlib import Path

import controller.api

FOLDER = Path(controller.api.__file__).parent / "static" / "vendor"


def test_vendored_files_are_unchanged() -> None:
    manifest = json.loads((FOLDER / "vendored.json").read_bytes())
    recorded = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in FOLDER.iterdir()
        if path.name != "vendored.json"
    }

    assert found == recorded


def test_licence_comes_along() -> None:
    assert "Zero-Clause BSD" in (FOLDER / "htmx.LICENSE").read_text()
