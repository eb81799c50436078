import pytest

from controller.a2a.calls import Call, UnknownVersionError, Version, version


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("", Version.V03),
        (" ", Version.V03),
        ("0.3", Version.V03),
        ("0.3.0", Version.V03),
        ("1.0", Version.V10),
        ("1.0.0", Version.V10),
        ("1.2", Version.V10),
    ],
)
def test_patch_numbers_and_later_minor_versions_do_not_matter(text: str, known: Version) -> None:
    assert version(text) is known


@pytest.mark.parametrize("text", ["0.2", "0.4", "2.0", "1", "v1.0", "1.0, 0.3", "11.0"])
def test_other_versions_are_unknown(text: str) -> None:
    with pytest.raises(UnknownVersionError, match=r"1\.0 and 0\.3"):
        version(text)


@pytest.mark.parametrize(
    ("body", "call"),
    [
        pytest.param(b'{"id": 1, "method": "a"}', Call(id=1, method="a"), id="number"),
        pytest.param(b'{"id": "x", "method": "a"}', Call(id="x", method="a"), id="text"),
        pytest.param(b'{"id": true, "method": 3}', Call(), id="other-types"),
        pytest.param(b'[{"id": 1}]', Call(), id="batch"),
        pytest.param(b"{", Call(), id="no-json"),
        pytest.param(b"", Call(), id="empty"),
    ],
)
def test_a_call_is_read_as_far_as_it_is_one(body: bytes, call: Call) -> None:
    assert Call.of(body) == call


@pytest.mark.parametrize(
    ("method", "is_stream"),
    [
        ("message/send", False),
        ("message/stream", True),
        ("tasks/resubscribe", True),
        ("SendMessage", False),
        ("SendStreamingMessage", True),
        ("SubscribeToTask", True),
    ],
)
def test_streams_are_known_by_their_method(method: str, is_stream: bool) -> None:
    assert Call(method=method).is_stream is is_stream
