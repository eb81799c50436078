"""Go's durations, as Kubernetes and Argo CD write them."""

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")


def seconds(duration: str) -> float:
    """Read one of Go's durations: `1m30s` is 90."""
    return sum(float(amount) * _UNITS[unit] for amount, unit in _DURATION.findall(duration))


def text(duration_s: float) -> str:
    """Write a duration as Go does, without parts that are zero: 5400 is `1h30m`."""
    minutes, rest = divmod(duration_s, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    return "".join(parts) + (f"{rest:g}s" if rest or not any(parts) else "")
