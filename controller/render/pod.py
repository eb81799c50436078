"""The parts of a pod that several things ask for: environment, volumes and mounts."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from controller.definitions.shared import TLS

Object: TypeAlias = dict[str, Any]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a model, a tool or a feature needs in the agent's pod."""

    env: tuple[Object, ...] = ()
    volumes: tuple[Object, ...] = ()
    mounts: tuple[Object, ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    """Keys and values that the agent's own Secret must hold beside its configuration."""

    def __add__(self, other: "Needs") -> "Needs":
        return Needs(
            env=unique((*self.env, *other.env), "name"),
            volumes=unique((*self.volumes, *other.volumes), "name"),
            mounts=unique((*self.mounts, *other.mounts), "name", "mountPath"),
            secrets=tuple(dict((*self.secrets, *other.secrets)).items()),
        )


NOTHING = Needs()


def unique(items: Iterable[Object], *keys: str) -> tuple[Object, ...]:
    """Give the items without those whose keys an earlier one has: the first wins."""
    first: dict[tuple[Any, ...], Object] = {}
    for item in items:
        first.setdefault(tuple(str(item.get(key)) for key in keys), item)
    return tuple(first.values())


def variable(name: str, value: str) -> Object:
    """Give an environment variable with a value."""
    return {"name": name, "value": value}


def from_secret(name: str, secret: str, key: str, *, optional: bool = False) -> Object:
    """Give an environment variable with the value of a Secret's key."""
    return _from("secretKeyRef", name, secret, key, optional=optional)


def from_config_map(name: str, config_map: str, key: str) -> Object:
    """Give an environment variable with the value of a ConfigMap's key."""
    return _from("configMapKeyRef", name, config_map, key, optional=False)


def _from(kind: str, name: str, source: str, key: str, *, optional: bool) -> Object:
    reference: Object = {"name": source, "key": key}
    if optional:
        reference["optional"] = True
    return {"name": name, "valueFrom": {kind: reference}}


def secret_volume(
    name: str, secret: str, path: str, *, mode: int | None = None, read_only: bool = True
) -> Needs:
    """Give a Secret mounted as files."""
    source: Object = {"secretName": secret}
    if mode is not None:
        source["defaultMode"] = mode
    mount: Object = {"name": name, "mountPath": path}
    if read_only:
        mount["readOnly"] = True
    return Needs(volumes=({"name": name, "secret": source},), mounts=(mount,))


def certificate(tls: TLS | None) -> tuple[str | None, Needs]:
    """Give the path of the CA certificate that is to be trusted, and the mount that puts it there.

    One volume per Secret: a name that is no volume name (longer, or with dots) is replaced by the
    beginning of its hash.
    """
    if tls is None or not tls.ca_cert_secret_ref or not tls.ca_cert_secret_key:
        return None, Needs()
    secret = tls.ca_cert_secret_ref
    short = secret
    if not _LABEL.fullmatch(f"tls-ca-{secret}"):
        short = hashlib.sha256(secret.encode()).hexdigest()[:8]
    folder = f"/etc/ssl/certs/custom/{short}"
    needs = secret_volume(f"tls-ca-{short}", secret, folder, mode=0o444)
    return f"{folder}/{tls.ca_cert_secret_key}", needs


def tls_fields(tls: TLS | None) -> dict[str, Any]:
    """Give the three TLS fields of a model or tool server, none of them where nothing is said."""
    path, _ = certificate(tls)
    if tls is None or not (tls.disable_verify or tls.disable_system_cas or path):
        return {}
    return {
        "tls_insecure_skip_verify": tls.disable_verify,
        "tls_ca_cert_path": path,
        "tls_disable_system_cas": tls.disable_system_cas,
    }
