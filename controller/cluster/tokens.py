"""Whose a service account's token is: the API server is asked, and its answer kept for a while."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from controller.cluster.client import Client
from controller.cluster.errors import ForbiddenError
from controller.errors import RosterError, TransientError

log = structlog.get_logger(__name__)

VALID_S = 60.0
"""How long a good answer is good for: a deleted pod's token may live that much longer."""
INVALID_S = 10.0
STALE_S = 3600.0
"""How long a good answer serves while the API server is away: the life of a token."""
_SIZE = 10_000

_PREFIX = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Account:
    """A service account."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class _Known:
    account: Account | None
    asked_at: float


class TokenReviews:
    """Service accounts by token. Safe for threads; remembers hashes of tokens only."""

    def __init__(
        self, client: Client, *, audience: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._audience = audience
        self._now = now
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def account(self, token: str) -> Account | None:
        """Give the account that a token is of; None for one that is not valid (here).

        Raises:
            TransientError: the API server cannot be asked.
        """
        key = hashlib.sha256(token.encode()).digest()
        with self._lock:
            known = self._known.get(key)
        if known is not None and self._age(known) < (VALID_S if known.account else INVALID_S):
            return known.account
        try:
            account = self._ask(token)
        except TransientError:
            if known is not None and known.account and self._age(known) < STALE_S:
                return known.account
            raise
        self._remember(key, _Known(account, self._now()))
        return account

    def _age(self, known: _Known) -> float:
        return self._now() - known.asked_at

    def _remember(self, key: bytes, known: _Known) -> None:
        with self._lock:
            self._known[key] = known
            self._known.move_to_end(key)
            if len(self._known) > _SIZE:
                self._known.popitem(last=False)

    def _ask(self, token: str) -> Account | None:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [self._audience]},
        }
        try:
            answer = self._client.connection.request(
                "POST",
                "/apis/authentication.k8s.io/v1/tokenreviews",
                action="ask whose a token is",
                body=body,
                is_secret=True,
            )
        except ForbiddenError as error:
            log.warning("token_review_forbidden", problem=str(error))
            return None
        except TransientError:
            raise
        except RosterError as error:
            log.warning("token_review_failed", problem=str(error))
            return None
        status = answer.get("status") or {}
        if not status.get("authenticated") or self._audience not in status.get("audiences", ()):
            return None
        return _account(str((status.get("user") or {}).get("username", "")))


def _account(username: str) -> Account | None:
    namespace, _, name = username.removeprefix(_PREFIX).partition(":")
    return Account(namespace, name) if username.startswith(_PREFIX) and name else None
