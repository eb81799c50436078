"""Whether a browser sends a request for a page of another site: that may do nothing here (CSRF)."""

import urllib.parse


def is_foreign(*, site: str | None, origin: str | None, host: str) -> bool:
    """Tell whether a page of another origin is behind a request.

    Browsers say so in `Sec-Fetch-Site`, but to nobody whom they reach without TLS elsewhere than on
    this machine: there, as in older ones, `Origin` says it. Programs send neither.

    Args:
        site: the header `Sec-Fetch-Site`.
        origin: the header `Origin`.
        host: the header `Host`.
    """
    if site is not None:
        return site not in {"same-origin", "none"}
    return origin is not None and urllib.parse.urlsplit(origin).netloc != host
