"""Which requests come from pages of other sites."""

import pytest

from controller.a2a import sites

HOST = "roster.example:8080"


@pytest.mark.parametrize(
    ("site", "origin", "expected"),
    [
        (None, None, False),
        ("none", None, False),
        ("same-origin", f"http://{HOST}", False),
        # A proxy before us may speak TLS, and call us by another name.
        ("same-origin", "https://roster.example", False),
        ("same-site", f"http://{HOST}", True),
        ("cross-site", None, True),
        (None, f"http://{HOST}", False),
        (None, "http://roster.example", True),
        (None, "null", True),
    ],
)
def test_browsers_say_whose_page_it_is(
    site: str | None, origin: str | None, *, expected: bool
) -> None:
    assert sites.is_foreign(site=site, origin=origin, host=HOST) is expected
