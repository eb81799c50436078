"""What others have in the cluster, followed on the local cluster's API server."""

import base64
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE_S

from controller.cluster.client import Client
from controller.cluster.errors import UnavailableError
from controller.cluster.inputs import Inputs
from controller.local import supervisor
from controller.objects import ObjectKey


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a local cluster that runs."""
    folder = tmp_path_factory.mktemp("cluster")
    supervisor.start(folder, log=folder / "log", die_with_parent=True)
    yield folder
    supervisor.stop(folder)


@pytest.fixture
def client(folder: Path) -> Iterator[Client]:
    client = Client.from_kubeconfig(folder / "kubeconfig")
    yield client
    client.close()


@pytest.fixture
def namespace(client: Client, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    name = f"n{abs(hash(request.node.name)) % 10**9}"
    assert client.ensure_namespace(name)
    return name


@pytest.fixture
def inputs(client: Client) -> Iterator[Inputs]:
    inputs = Inputs(client)
    yield inputs
    inputs.stop()


def secret(namespace: str, value: str, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "key", "namespace": namespace, **metadata},
        "data": {"token": base64.b64encode(value.encode()).decode()},
    }


def key(namespace: str, kind: str = "Secret", name: str = "key") -> ObjectKey:
    return ObjectKey("", kind, namespace, name)


def told(inputs: Inputs) -> "queue.Queue[str]":
    heard: queue.Queue[str] = queue.Queue()
    inputs.subscribe(heard.put)
    return heard


def test_of_a_secret_only_keys_and_a_hash_are_kept(
    client: Client, inputs: Inputs, namespace: str
) -> None:
    client.apply(secret(namespace, "hidden"))

    (found,) = inputs.look("app", {key(namespace): False}).values()

    assert (found.keys, found.manifest) == ({"token"}, None)


def test_values_are_there_for_whoever_needs_them(
    client: Client, inputs: Inputs, namespace: str
) -> None:
    client.apply(secret(namespace, "hidden"))
    inputs.look("other", {key(namespace): False})

    (found,) = inputs.look("app", {key(namespace): True}).values()

    assert found.manifest == {"data": {"token": base64.b64encode(b"hidden").decode()}}


def test_what_is_missing_is_missing_until_it_comes(
    client: Client, inputs: Inputs, namespace: str
) -> None:
    wanted = {key(namespace, "ConfigMap", "prompts"): True}
    assert inputs.look("app", wanted) == {}
    heard = told(inputs)

    client.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "prompts", "namespace": namespace},
            "data": {"tone": "Be kind."},
        }
    )

    assert heard.get(timeout=PATIENCE_S) == "app"
    (found,) = inputs.look("app", wanted).values()
    assert found.manifest == {"data": {"tone": "Be kind."}}


def test_a_rotation_is_told_to_those_concerned_and_a_label_changes_no_hash(
    client: Client, inputs: Inputs, namespace: str
) -> None:
    client.apply(secret(namespace, "one"))
    wanted = {key(namespace): False}
    before = inputs.look("app", wanted)
    inputs.look("unconcerned", {key(namespace, name="other"): False})
    heard = told(inputs)

    client.apply(secret(namespace, "one", labels={"a": "b"}))
    assert heard.get(timeout=PATIENCE_S) == "app"
    labelled = inputs.look("app", wanted)
    client.apply(secret(namespace, "two"))
    assert heard.get(timeout=PATIENCE_S) == "app"
    rotated = inputs.look("app", wanted)

    assert labelled == before
    assert rotated != before
    assert heard.empty()


def test_what_is_deleted_is_gone(client: Client, inputs: Inputs, namespace: str) -> None:
    applied = client.apply(secret(namespace, "one"))
    inputs.look("app", {key(namespace): False})
    heard = told(inputs)

    client.delete(key(namespace), uid=applied["metadata"]["uid"])

    assert heard.get(timeout=PATIENCE_S) == "app"
    assert inputs.look("app", {key(namespace): False}) == {}


def test_nothing_is_asked_while_nothing_changes(
    client: Client, inputs: Inputs, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.apply(secret(namespace, "one"))
    first = inputs.look("app", {key(namespace): False})
    monkeypatch.setattr(client.connection, "request", None)

    assert inputs.look("app", {key(namespace): False}) == first


def test_a_cluster_that_is_away_leaves_nothing_known(folder: Path, tmp_path: Path) -> None:
    text = (folder / "kubeconfig").read_text()
    address = next(line for line in text.splitlines() if "server:" in line)
    (tmp_path / "kubeconfig").write_text(text.replace(address, "    server: https://127.0.0.1:1"))
    inputs = Inputs(Client.from_kubeconfig(tmp_path / "kubeconfig"))

    with pytest.raises(UnavailableError):
        inputs.look("app", {key("default"): False})
    inputs.stop()
