"""Who is asking: the admin by a fixed token, service accounts by tokens that this server signs.

A service account's token is a JWT with the claims of the real ones. Only this server checks it (by
itself or through a TokenReview), so one key, made at the first start and kept in the folder, does.
"""

import base64
import hmac
import os
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from controller.local.apiserver.storage import Key, Storage

ISSUER = "https://kubernetes.default.svc.cluster.local"
DEFAULT_AUDIENCES = (ISSUER,)
_ACCOUNT_PREFIX = "system:serviceaccount:"
_COORDINATE_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """The sender of a request, as authorization and reviews see it."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)
    audiences: tuple[str, ...] = ()

    @property
    def is_admin(self) -> bool:
        """May this user do everything?"""
        return "system:masters" in self.groups


ADMIN = User(name="kubernetes-admin", groups=("system:masters", "system:authenticated"))
ANONYMOUS = User(name="system:anonymous", groups=("system:unauthenticated",))


class InvalidTokenError(Exception):
    """Nobody is known by this token, or not for these audiences; the text says why."""


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)


class Tokens:
    """Makes and checks the tokens of one folder."""

    def __init__(self, folder: Path, storage: Storage) -> None:
        self._storage = storage
        self._key = _load_key(folder / "sa.key")
        self.admin_token = _load_admin_token(folder / "admin.token")

    def issue(
        self,
        account: Mapping[str, Any],
        *,
        audiences: Sequence[str],
        lifetime_s: int,
        bound: Mapping[str, Any] | None,
        now: datetime,
    ) -> tuple[str, datetime]:
        """Make a token for a service account; give it with the moment it expires."""
        metadata = account["metadata"]
        expires = now + timedelta(seconds=lifetime_s)
        claim: dict[str, Any] = {
            "namespace": metadata["namespace"],
            "serviceaccount": {"name": metadata["name"], "uid": metadata["uid"]},
        }
        if bound:
            claim[bound["kind"].lower()] = {"name": bound["name"], "uid": bound.get("uid", "")}
        claims = {
            "aud": list(audiences),
            "exp": int(expires.timestamp()),
            "iat": int(now.timestamp()),
            "iss": ISSUER,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": claim,
            "nbf": int(now.timestamp()),
            "sub": f"{_ACCOUNT_PREFIX}{metadata['namespace']}:{metadata['name']}",
        }
        return self._signed(claims), expires

    def _signed(self, claims: Mapping[str, Any]) -> str:
        header = _encoded(orjson.dumps({"alg": "ES256", "kid": "local"}))
        text = f"{header}.{_encoded(orjson.dumps(claims))}"
        r, s = utils.decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        raw = r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
        return f"{text}.{_encoded(raw)}"

    def user_of(self, token: str, *, now: datetime, audiences: Sequence[str] = ()) -> User:
        """Tell whose token this is.

        Raises:
            InvalidTokenError: it is nobody's, it has expired, or it is meant for others.
        """
        if hmac.compare_digest(token.encode(), self.admin_token.encode()):
            return ADMIN
        claims = self._claims(token)
        wanted = tuple(audiences) or DEFAULT_AUDIENCES
        common = tuple(name for name in wanted if name in claims["aud"])
        if not common:
            raise InvalidTokenError(
                f"[invalid bearer token, token audiences {_listed(claims['aud'])} is invalid for"
                f" the target audiences {_listed(wanted)}]"
            )
        if claims["exp"] < now.timestamp():
            raise InvalidTokenError("[invalid bearer token, service account token has expired]")
        self._check_alive(claims["kubernetes.io"])
        return _user(claims, common)

    def _claims(self, token: str) -> dict[str, Any]:
        text, _, signature = token.rpartition(".")
        try:
            raw = _decoded(signature)
            pair = (
                int.from_bytes(raw[:_COORDINATE_BYTES], "big"),
                int.from_bytes(raw[_COORDINATE_BYTES:], "big"),
            )
            encoded = utils.encode_dss_signature(*pair)
            self._key.public_key().verify(encoded, text.encode(), ec.ECDSA(hashes.SHA256()))
            claims: dict[str, Any] = orjson.loads(_decoded(text.partition(".")[2]))
        except (InvalidSignature, ValueError) as e:
            raise InvalidTokenError("invalid bearer token") from e
        return claims

    def _check_alive(self, claim: Mapping[str, Any]) -> None:
        """A token dies with its account, and with the pod it is bound to."""
        for kind, resource in (("serviceaccount", "serviceaccounts"), ("pod", "pods")):
            if kind not in claim:
                continue
            named = claim[kind]
            found = self._storage.get(Key(resource, claim["namespace"], named["name"]))
            if found is None or found["metadata"]["uid"] != named["uid"]:
                raise InvalidTokenError(
                    f"[invalid bearer token, {kind} {claim['namespace']}/{named['name']} has been"
                    " deleted]"
                )


def _listed(names: Sequence[str]) -> str:
    return "[" + " ".join(f'"{name}"' for name in names) + "]"


def _user(claims: Mapping[str, Any], audiences: tuple[str, ...]) -> User:
    claim = claims["kubernetes.io"]
    extra = {"authentication.kubernetes.io/credential-id": [f"JTI={claims['jti']}"]}
    if "pod" in claim:
        extra["authentication.kubernetes.io/pod-name"] = [claim["pod"]["name"]]
        extra["authentication.kubernetes.io/pod-uid"] = [claim["pod"]["uid"]]
    return account_user(
        claim["namespace"],
        claim["serviceaccount"]["name"],
        uid=claim["serviceaccount"]["uid"],
        extra=extra,
        audiences=audiences,
    )


def account_user(
    namespace: str,
    name: str,
    *,
    uid: str = "",
    extra: Mapping[str, Sequence[str]] | None = None,
    audiences: tuple[str, ...] = (),
) -> User:
    """Give the user that a service account is."""
    return User(
        name=f"{_ACCOUNT_PREFIX}{namespace}:{name}",
        uid=uid,
        groups=(
            "system:serviceaccounts",
            f"system:serviceaccounts:{namespace}",
            "system:authenticated",
        ),
        extra=extra or {},
        audiences=audiences,
    )


def account_of(name: str) -> User | None:
    """Give the user behind a service account's full name; None for any other name."""
    namespace, _, account = name.removeprefix(_ACCOUNT_PREFIX).partition(":")
    is_account = name.startswith(_ACCOUNT_PREFIX) and namespace and account
    return account_user(namespace, account) if is_account else None


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if isinstance(loaded, ec.EllipticCurvePrivateKey):
            return loaded
    key = ec.generate_private_key(ec.SECP256R1())
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _private(path, content)
    return key


def _load_admin_token(path: Path) -> str:
    if not path.exists():
        _private(path, secrets.token_urlsafe(32).encode())
    return path.read_text()
