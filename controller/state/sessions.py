"""Conversations of agents: sessions with their events and shares.

A session belongs to a user and an agent: whoever sends another's session id gets a session of his
own, and no answer tells that there is one already. Each has a document: its head is what lists
show, its tables hold the events, the shares, and the tasks that `tasks.py` keeps.
"""

import hmac
import operator
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from controller.state import adkevents, pushes
from controller.state.documents import Documents, Row, name_of, timestamp

TASKS = "tasks"
"""Table of a session's document, by id of the task."""
_KIND = "sessions"
_EVENTS = "events"
_SHARES = "shares"
_EXCERPT = 200
"""Characters of the first and the last message that lists show and search."""

ANONYMOUS = "A2A_USER_"
"""kagent's prefix for the user of a caller without a name; the session's id follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as lists show it. Times are ISO 8601 in UTC, which sort as text."""

    id: str
    user: str
    agent: str
    """In kagent's form, `namespace__NS__name` with underscores for dashes."""
    name: str = ""
    source: str = ""
    """`agent` where another agent asked."""
    created_at: str = ""
    updated_at: str = ""
    sequence: int = 0
    """Of the last event; they count from 1 without gaps."""
    tasks: int = 0
    state: str = ""
    """Of the task that was stored last."""
    input_tokens: int = 0
    output_tokens: int = 0
    first: str = ""
    """Beginning of the first thing the user said."""
    last: str = ""
    """Beginning of the last thing anybody said."""
    revision: str = ""
    """The commit of the agent that answered last."""
    is_hidden: bool = False
    """Whether only tasks came so far, and nobody made the session."""

    @property
    def document(self) -> str:
        """Name of its document."""
        return name_of(_KIND, self.agent, self.user, self.id)


_FIELDS = frozenset(item.name for item in fields(Session))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A stored event."""

    id: str
    sequence: int
    data: str
    """JSON of an ADK event, as it came."""
    created_at: str
    revision: str = ""
    """The commit of the agent that wrote it, empty where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A link that lets others see a session."""

    token: str
    session: Session
    is_read_only: bool
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which sessions are asked for; what is empty does not narrow."""

    id: str = ""
    user: str = ""
    agent: str = ""
    state: str = ""
    source: str = ""
    text: str = ""
    """Words that its name, id, user, agent, first or last message must all contain."""
    not_sources: frozenset[str] = field(default_factory=frozenset)

    def takes(self, session: Session) -> bool:
        """Tell whether a session is one of them."""
        given = ("id", "user", "agent", "state", "source")
        return (
            not session.is_hidden
            and all(getattr(self, name) in {"", getattr(session, name)} for name in given)
            and session.source not in self.not_sources
            and self._says(session)
        )

    def _says(self, session: Session) -> bool:
        if not self.text:
            return True
        names = f"{session.name}\n{session.id}\n{session.user}\n{session.agent}"
        said = f"{names}\n{session.first}\n{session.last}".lower()
        return all(word in said for word in self.text.lower().split())


class Sessions:
    """Sessions by whose they are. Safe for threads."""

    def __init__(self, documents: Documents, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._now = now
        self._held: dict[str, tuple[Row, Session]] = {}

    def create(self, wanted: Session) -> Session:
        """Make a session, or give the name and source to one that exists already."""
        with self._documents.edit(wanted.document) as document:
            found = _session(document.head) if document.head else wanted
            time = self._time()
            made: Row = {
                **(document.head or {}),
                **row_of(found),
                "name": wanted.name or found.name,
                "source": wanted.source or found.source,
                "created_at": found.created_at or time,
                "updated_at": time if found.is_hidden or not document.exists else found.updated_at,
                "is_hidden": False,
            }
            document.head = made
            document.add_key(key_of(wanted.id))
        return _session(made)

    def get(self, wanted: Wanted) -> Session | None:
        """Give the session that was written to last of those with this id, if there is one."""
        found = [self.at(name) for name in self._documents.find(key_of(wanted.id))]
        fitting = [session for session in found if session is not None and wanted.takes(session)]
        return max(fitting, key=lambda session: session.updated_at, default=None)

    def list(self, wanted: Wanted) -> list[Session]:
        """Give sessions, those written to last first."""
        found = [
            (session.updated_at, name, session)
            for name, _, session in self.heads()
            if wanted.takes(session)
        ]
        found.sort(key=operator.itemgetter(0, 1), reverse=True)
        return [session for _, _, session in found]

    def rename(self, session: Session, name: str) -> Session:
        """Give a session another name."""
        with self._documents.edit(session.document) as document:
            if document.head is None:
                return session
            document.head = {**document.head, "name": name}
            return _session(document.head)

    def delete(self, session: Session) -> None:
        """Forget a session with everything in it."""
        for task in self._documents.tables(session.document).get(TASKS, {}):
            pushes.forget(self._documents, session.agent, task)
        with self._documents.edit(session.document) as document:
            document.head = None
        self._held.pop(session.document, None)

    def events(self, session: Session) -> tuple[Event, ...]:
        """Give all events of a session, oldest first."""
        rows = self._documents.tables(session.document).get(_EVENTS, {})
        return tuple(Event(id=key, **row) for key, row in rows.items())

    def append(
        self, session: Session, events: Iterable[tuple[str, str]], *, revision: str = ""
    ) -> int:
        """Store events at the end of a session, durably; those it has already are passed over.

        Args:
            session: where to; nothing is stored where it has been deleted.
            events: id and data of each, in order.
            revision: the commit of the agent that wrote them.

        Returns:
            How many of them were new.
        """
        time = self._time()
        with self._documents.edit(session.document) as document:
            head = document.head
            if head is None:
                return 0
            stored, new = document.table(_EVENTS), set()
            for key, data in events:
                if key in stored or key in new:
                    continue
                new.add(key)
                head = _with_event(head, data, revision)
                row = {"sequence": head["sequence"], "data": data, "created_at": time}
                document.put(_EVENTS, key, {**row, "revision": revision})
            if new:
                document.head = {**head, "updated_at": time}
        return len(new)

    def share(self, session: Session, *, is_read_only: bool) -> Share:
        """Make a link to a session."""
        token = secrets.token_hex(24)
        row: Row = {"is_read_only": is_read_only, "created_at": self._time()}
        with self._documents.edit(session.document) as document:
            document.put(_SHARES, token, row)
            document.add_key(_share_key(token))
        return Share(token=token, session=session, **row)

    def shares(self, session: Session) -> tuple[Share, ...]:
        """Give the links to a session, oldest first."""
        rows = self._documents.tables(session.document).get(_SHARES, {})
        return tuple(Share(token=token, session=session, **row) for token, row in rows.items())

    def shared(self, token: str) -> Share | None:
        """Give what a link leads to, if it is one."""
        for name in self._documents.find(_share_key(token)):
            session = self.at(name)
            for share in self.shares(session) if session is not None else ():
                if hmac.compare_digest(share.token.encode(), token.encode()):
                    return share
        return None

    def unshare(self, share: Share) -> None:
        """Make a link lead nowhere."""
        with self._documents.edit(share.session.document) as document:
            document.remove(_SHARES, share.token)

    def heads(self) -> Iterator[tuple[str, Row, Session]]:
        """Give the name and the head of every document, and the session that it stands for."""
        for name, head in self._documents.heads(_KIND).items():
            yield name, head, self._of(name, head)

    def at(self, name: str) -> Session | None:
        """Give the session of a document, if there is one."""
        head = self._documents.head(name)
        return self._of(name, head) if head is not None else None

    def _of(self, name: str, head: Row) -> Session:
        """Give the session of a head, made once: lists go through thousands."""
        held = self._held.get(name)
        if held is None or held[0] is not head:
            held = self._held[name] = (head, _session(head))
        return held[1]

    def _time(self) -> str:
        return timestamp(self._now())


def expired(sessions: Sequence[Session], *, before: str, max_per_agent: int) -> tuple[Session, ...]:
    """Give the sessions that are not to be kept.

    Args:
        sessions: all there are.
        before: time; what was written to last earlier than this goes, nothing where empty.
        max_per_agent: how many of each agent are kept, those written to last; 0 for all.
    """
    kept: dict[str, int] = {}
    gone = []
    for session in sorted(sessions, key=lambda session: session.updated_at, reverse=True):
        kept[session.agent] = kept.get(session.agent, 0) + 1
        if session.updated_at < before or 0 < max_per_agent < kept[session.agent]:
            gone.append(session)
    return tuple(gone)


def row_of(session: Session) -> Row:
    """Give what a document's head has of a session."""
    return {name: getattr(session, name) for name in _FIELDS}


def key_of(key: str) -> str:
    """Give the key by which documents are found, of a session's id."""
    return f"session:{key}"


def _with_event(head: Row, data: str, revision: str) -> Row:
    event = adkevents.parse(data)
    said = event.text[:_EXCERPT]
    is_first = not head["first"] and event.author == "user"
    return {
        **head,
        "sequence": head["sequence"] + 1,
        "input_tokens": head["input_tokens"] + event.input_tokens,
        "output_tokens": head["output_tokens"] + event.output_tokens,
        "first": said if is_first else head["first"],
        "last": said or head["last"],
        "revision": revision or head["revision"],
    }


def _session(head: Row) -> Session:
    return Session(**{name: value for name, value in head.items() if name in _FIELDS})


def _share_key(token: str) -> str:
    return f"share:{token}"
