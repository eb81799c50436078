"""How much a source may hold, and how long a server may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes far above what a team writes and far below what hurts; times in seconds."""

    file_bytes: int = 1024 * 1024
    """No object that Kubernetes takes is larger."""
    files: int = 10_000
    total_bytes: int = 64 * 1024 * 1024
    timeout_s: float = 60.0
    """For a listing of references, and for a server that falls silent during a fetch."""
    fetch_timeout_s: float = 300.0
    """For a whole fetch."""
