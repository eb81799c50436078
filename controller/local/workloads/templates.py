"""Pod templates: the hash that names a ReplicaSet, and generated names."""

import secrets
from typing import Any

from controller.objects import Manifest, canonical

HASH_LABEL = "pod-template-hash"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes' letters for names: no vowels, so no words (`apimachinery/pkg/util/rand`)."""


def template_hash(template: Manifest, collisions: int = 0) -> str:
    """Give the hash of a pod template, as names and labels carry it.

    The algorithm is Kubernetes' own (FNV-1a with 32 bits, written in its alphabet); the input is
    canonical JSON in place of Go's dump of the struct, so equal templates get equal names here, but
    not the names that a real cluster gives.
    """
    value = 0x811C9DC5
    for byte in canonical(template) + (str(collisions).encode() if collisions else b""):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return "".join(_ALPHABET[ord(letter) % len(_ALPHABET)] for letter in str(value))


def without_hash(template: Manifest) -> dict[str, Any]:
    """Give a ReplicaSet's template as its Deployment has it: without the hash label."""
    metadata = dict(template.get("metadata") or {})
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != HASH_LABEL}
    if labels:
        metadata["labels"] = labels
    else:
        metadata.pop("labels", None)
    metadata.pop("creationTimestamp", None)
    return {**template, "metadata": metadata}


def suffix() -> str:
    """Give five random letters for a name."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(5))
