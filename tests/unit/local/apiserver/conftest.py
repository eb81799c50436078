"""A store on a fresh folder, with a default namespace, and without anything that acts on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.local.apiserver import bootstrap
from controller.local.apiserver.calls import Call
from controller.local.apiserver.server import open_store
from controller.local.apiserver.store import Store
from controller.local.apiserver.verbs import Verbs


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    bootstrap.furnish(opened.verbs, port=6443)
    opened.verbs.storage.finish_bootstrap()
    yield opened
    opened.verbs.storage.close()


@pytest.fixture
def verbs(store: Store) -> Verbs:
    return store.verbs


@pytest.fixture
def configmaps(verbs: Verbs) -> Call:
    """Requests about a ConfigMap `a`, by somebody called `me`."""
    resource = verbs.registry.by_name("configmaps")
    return Call(resource=resource, namespace="default", name="a", manager="me")
