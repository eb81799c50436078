"""The manifests that run Roster itself in a cluster."""

from pathlib import Path

_TEMPLATE = Path(__file__).with_name("install.yaml.j2")


def install(*, repo: str, path: str, namespace: str, image: str) -> str:
    """Give the manifests as YAML text, ready for `kubectl apply -f -`.

    Values are written as JSON strings, which YAML reads as they are, whatever they contain.
    """
    import json

    import jinja2

    environment = jinja2.Environment(  # noqa: S701  YAML, not HTML; values are JSON-encoded
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        finalize=json.dumps,
    )
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(repo=repo, path=path, namespace=namespace, image=image)
