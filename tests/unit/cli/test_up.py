from pathlib import Path

import pytest

from controller.cli.up import _say_what_next


@pytest.mark.parametrize(
    ("url", "option"),
    [
        pytest.param("http://127.0.0.1:8083", "", id="default"),
        pytest.param("http://127.0.0.1:9000", " --server http://127.0.0.1:9000", id="other"),
    ],
)
def test_what_to_try_works_in_another_terminal(
    url: str, option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It shares nothing with this one: neither ROSTER_LISTEN nor the current folder."""
    monkeypatch.setenv("ROSTER_LISTEN", url.removeprefix("http://"))

    _say_what_next(url, Path("agents"), Path("kubeconfig"))

    assert f"agent chat front-desk{option}\n" in capsys.readouterr().out
