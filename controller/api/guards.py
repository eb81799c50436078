"""What protects a browser's user from other sites: same-origin writes, and strict headers.

Nobody signs in yet, so whoever can make a browser on this machine send a request is the operator:
a page of another site must not be able to.
"""

import flask

from controller.a2a import sites
from controller.api.problems import ProblemError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SIGNED_ENDPOINTS = frozenset({"webhooks.receive"})
"""Called by other machines by design, and authenticated by a signature."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: with that, browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def install(app: flask.Flask) -> None:
    """Guard every request and response of the application."""
    app.before_request(refuse_foreign_origin)
    app.after_request(add_headers)


def refuse_foreign_origin() -> None:
    """Refuse a write that a browser sends for a page of another origin.

    Raises:
        ProblemError: 403, when the request comes from elsewhere.
    """
    request = flask.request
    if request.method in SAFE_METHODS or request.endpoint in SIGNED_ENDPOINTS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if sites.is_foreign(site=site, origin=origin, host=request.host):
        raise ProblemError(
            403,
            "ForeignOrigin",
            "The request was sent by a page of another site.",
            remedy="Open the dashboard itself and try again from there.",
        )


def add_headers(response: flask.Response) -> flask.Response:
    """Add the security headers, and have caches ask again unless the view said otherwise."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "private, no-cache")
    return response
