"""What the tests of rendering share: definitions as text in, objects out."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from controller.definitions.parse import parse
from controller.definitions.resolve import resolve
from controller.objects import Manifest
from controller.render import manifests
from controller.render.component import Rendered
from controller.render.options import RenderOptions

OPTIONS = RenderOptions(application="demo", namespace="agents")


@dataclass(frozen=True)
class Output:
    """What rendering gave, with short ways to its parts."""

    rendered: Rendered

    def objects(self) -> list[Manifest]:
        return [item for part in self.rendered.components for item in part.manifests]

    def find(self, kind: str, name: str) -> Manifest:
        every = self.objects()
        (found,) = [i for i in every if i["kind"] == kind and i["metadata"]["name"] == name]
        return found

    def files(self, agent: str) -> dict[str, Any]:
        return decoded(self.find("Secret", agent))

    def config(self, agent: str) -> dict[str, Any]:
        return self.files(agent)["config.json"]

    def pod(self, name: str) -> dict[str, Any]:
        return self.find("Deployment", name)["spec"]["template"]["spec"]

    def container(self, name: str) -> dict[str, Any]:
        return self.pod(name)["containers"][0]

    def config_hash(self, name: str) -> str:
        template = self.find("Deployment", name)["spec"]["template"]
        return template["metadata"]["annotations"]["kagent.dev/config-hash"]

    def errors(self) -> list[Any]:
        return [found for found in self.rendered.findings if found.severity == "error"]


def decoded(secret: Manifest) -> dict[str, Any]:
    """Give the files of a Secret: JSON as data, all else as text."""
    texts = {name: base64.b64decode(value).decode() for name, value in secret["data"].items()}
    return {name: json.loads(text) if text[:1] == "{" else text for name, text in texts.items()}


@pytest.fixture
def render() -> Callable[..., Output]:
    """Render one file of definitions, or several by name."""

    def render(
        files: str | Mapping[str, str], *, options: RenderOptions = OPTIONS, **more: Any
    ) -> Output:
        named = {"agents.yaml": files} if isinstance(files, str) else files
        contents = {name: text.encode() for name, text in named.items()}
        catalog = resolve(parse(contents, namespace=options.namespace))
        return Output(manifests.render(catalog, options, **more))

    return render
