"""Times as Kubernetes writes them: UTC, seconds (or microseconds), and `Z`."""

from datetime import UTC, datetime


def now() -> datetime:
    """Give the present, in UTC."""
    return datetime.now(UTC)


def written(time: datetime) -> str:
    """Write a time as `metav1.Time`: whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime:
    """Read either form."""
    return datetime.fromisoformat(text)
