import socket
from contextlib import closing
from pathlib import Path

from controller.local.workloads.kubelet import addresses
from controller.local.workloads.kubelet.addresses import Addresses


def _ephemeral() -> Addresses:
    return Addresses(addresses._listen("127.0.0.1", 0))


def test_two_clusters_never_share_a_block(tmp_path: Path) -> None:
    first = addresses.claim(tmp_path / "first")
    with closing(first.listener):
        (tmp_path / "second").write_text((tmp_path / "first").read_text())
        second = addresses.claim(tmp_path / "second")
        with closing(second.listener):
            assert first.node != second.node


def test_cluster_and_pod_keep_their_addresses(tmp_path: Path) -> None:
    first = addresses.claim(tmp_path / "record")
    with closing(first.listener):
        ip = first.take("a", []).ip
        other = first.take("b", []).ip
        assert first.take("a", []).ip == ip != other
    again = addresses.claim(tmp_path / "record")
    with closing(again.listener):
        assert again.node == first.node
        assert again.take("b", [], wanted=other).ip == other
        assert again.take("c", [], wanted=other).ip != other
        assert again.take("d", [], wanted="10.0.0.1").ip.startswith("127.")


def test_taken_port_is_mapped(tmp_path: Path) -> None:
    claimed = addresses.claim(tmp_path / "record")
    with closing(claimed.listener), socket.create_server(("0.0.0.0", 0)) as everywhere:
        port = everywhere.getsockname()[1]
        address = claimed.take("a", [port])

    assert address.ports[port] != port


def test_without_own_addresses_every_port_is_mapped() -> None:
    shared = _ephemeral()
    with closing(shared.listener):
        first, second = shared.take("a", [8080]), shared.take("b", [8080])

    assert (first.ip, second.ip) == ("127.0.0.1", "127.0.0.1")
    assert first.ports[8080] != second.ports[8080]
