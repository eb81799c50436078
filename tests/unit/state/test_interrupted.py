import pytest

from controller.state.interrupted import Process


@pytest.mark.parametrize("text", ["", "pod", "/start", "pod/", "p" * 254 + "/x", "p/" + "x" * 65])
def test_what_names_no_process_is_none(text: str) -> None:
    assert Process.parse(text) is None


def test_a_process_is_read_as_it_is_written() -> None:
    process = Process(pod="clerk-7d9-x", start="0a1b")
    assert Process.parse(str(process)) == process
