"""Where git keeps what belongs to a work tree: `.git`, or what it points to."""

from pathlib import Path


def own(top: Path) -> Path:
    """Give the git folder of a work tree: `.git`, or the folder that the file `.git` names."""
    entry = top / ".git"
    if entry.is_dir():
        return entry
    named = entry.read_text(errors="replace").strip().removeprefix("gitdir:").strip()
    return top / named


def common(folder: Path) -> Path:
    """Give the folder with objects and branches, which linked work trees share."""
    try:
        return folder / (folder / "commondir").read_text(errors="replace").strip()
    except FileNotFoundError:
        return folder
