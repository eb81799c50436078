"""Kubernetes objects as data: identity, content, metadata and masking. No I/O, no other package."""

from controller.objects.content import canonical, content_hash, shared
from controller.objects.keys import Manifest, ObjectKey, group_of, kind_of
from controller.objects.masking import mask, masked, scrubber

__all__ = [
    "Manifest",
    "ObjectKey",
    "canonical",
    "content_hash",
    "group_of",
    "kind_of",
    "mask",
    "masked",
    "scrubber",
    "shared",
]
