"""YAML files that are no Kubernetes objects, and what their authors may have meant."""

import posixpath

from controller.definitions.catalog import Document
from controller.definitions.findings import Finding, Severity

_KNOWN = {
    "kustomization": "Roster does not run kustomize: commit its output, or remove the file.",
    "values": "Roster does not run Helm: commit the output of 'helm template', or remove the file.",
    "Chart": "Roster does not run Helm: commit the output of 'helm template', or remove the file.",
}


def warn(document: Document) -> Finding:
    """Say that a document is passed over."""
    stem = posixpath.basename(document.file).rpartition(".")[0]
    return Finding(
        rule="not-kubernetes",
        message="passed over: no Kubernetes object, for it has neither 'apiVersion' nor 'kind'",
        remedy=_KNOWN.get(
            stem,
            "Move it out of the application's path, or to a folder whose name starts with a dot.",
        ),
        severity=Severity.WARNING,
        position=document.position(),
    )
