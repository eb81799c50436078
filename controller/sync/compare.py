"""Desired against live for all objects of an application, with as few requests as can be.

Live state comes from the watches; what the owned fields leave undecided is asked by dry-run, and
answers are remembered. In steady state no request is made.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor

from controller.cluster.client import Client
from controller.cluster.errors import ForbiddenError, UnknownKindError, UnreachableError
from controller.cluster.live import LiveState
from controller.diff import compare as owned
from controller.diff import ignore
from controller.diff.difference import Difference, Outcome
from controller.errors import RosterError
from controller.objects import Manifest, ObjectKey, kind_of
from controller.render.component import Component
from controller.sync import memory as remembered
from controller.sync.jqpaths import ExpressionError, PathFinder
from controller.sync.memory import Memory

_CONCURRENCY = 8
_WORTH_A_LIST = 4
"""Missing objects of one kind in one namespace from which on a list is cheaper than questions."""
_ALWAYS = (
    ("apps/v1", "Deployment"), ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"),
    ("v1", "ServiceAccount"),
)  # fmt: skip
"""What agents render to; followed even where nothing desires it, so that orphans are seen."""


def follow(
    live: LiveState, client: Client, components: Iterable[Component], inventory: Iterable[ObjectKey]
) -> None:
    """Watch every kind that an application desires, or once applied.

    Kinds that we may not list are left out: what git has of them is reported by `differences`,
    and orphans among them stay unseen.

    Raises:
        UnavailableError: a kind's live state is not known at present.
    """
    wanted, applied = tuple(components), tuple(inventory)
    _follow(live, {*_ALWAYS, *_kinds(wanted), *_applied_kinds(client, applied)})
    live.follow_below([*applied, *_keys(wanted)])


def differences(  # noqa: PLR0913 -- what is kept from one call to the next, by name
    components: Iterable[Component],
    live: LiveState,
    client: Client,
    *,
    memory: Memory | None = None,
    ignored: Sequence[ignore.Rule] = (),
    find: ignore.Finder | None = None,
) -> Mapping[ObjectKey, Difference]:
    """Compare every manifest of the components with the cluster.

    An object whose dry-run fails stays undecided, with the server's message: it is Unknown, not
    Synced. One that exists without our label comes with its live state, which no plan writes to.

    Args:
        components: what is desired.
        live: followed here for the kinds that are needed.
        client: for objects outside the watches, and dry-runs.
        memory: keeps answers from one call to the next; one for a process.
        ignored: the application's rules for fields that are left to others.
        find: evaluates their jq expressions; one for a process.

    Raises:
        UnavailableError: the cluster cannot be reached, so nothing is known.
    """
    everything = list(components)
    hidden = _follow(live, set(_kinds(everything)))
    ignoring = _Ignoring(tuple(ignored), find or PathFinder())
    comparison = _Comparison(live, client, memory or Memory(), hidden, ignoring)
    found = {
        key: comparison.locally(key, manifest)
        for component in everything
        for key, manifest in component.lasting
    }
    open_ones = {key: one for key, one in found.items() if not _is_settled(one)}
    for key in _absent(client, open_ones.values()):
        del open_ones[key]
    if open_ones:
        with ThreadPoolExecutor(_CONCURRENCY, thread_name_prefix="compare") as pool:
            found.update(zip(open_ones, pool.map(comparison.ask, open_ones.values()), strict=True))
    return found


def remembered_or_local(
    desired: Manifest,
    live: Manifest | None,
    memory: Memory,
    *,
    ignored: Sequence[ignore.Rule],
    find: ignore.Finder,
) -> Difference:
    """Compare one object without a request, with the server's prediction where it is remembered."""
    if live is None:
        return owned.compare(desired, None)
    ignoring = _Ignoring(tuple(ignored), find)
    for key in (remembered.exact_key, remembered.settled_key):
        known = memory.get(key(desired, live, ignoring.of(desired)))
        if known is not None:
            return dataclasses.replace(known, live=live)
    return ignoring.compared(desired, live)


@dataclasses.dataclass(frozen=True, slots=True)
class _Ignoring:
    """What is left to others."""

    rules: tuple[ignore.Rule, ...]
    find: ignore.Finder

    def of(self, desired: Manifest) -> tuple[ignore.Rule, ...]:
        return ignore.matching(self.rules, ObjectKey.of(desired)) if self.rules else ()

    def compared(self, desired: Manifest, live: Manifest) -> Difference:
        """Compare all but that; where it cannot be told what that is, nothing may be written."""
        try:
            wanted = ignore.without_ignored(desired, live, self.of(desired), find=self.find)
        except ExpressionError as error:
            return Difference(
                key=ObjectKey.of(desired),
                outcome=Outcome.UNDECIDED,
                desired=desired,
                live=live,
                message=str(error),
                must_not_write=True,
            )
        return owned.compare(wanted, live)


class _Comparison:
    """One object at a time: first by what is known, then by asking."""

    def __init__(
        self,
        live: LiveState,
        client: Client,
        memory: Memory,
        hidden: Mapping[tuple[str, str], str],
        ignoring: _Ignoring,
    ) -> None:
        self._live = live
        self._client = client
        self._memory = memory
        self._hidden = hidden
        self._ignoring = ignoring

    def locally(self, key: ObjectKey, desired: Manifest) -> Difference:
        """Compare without a request; Missing and Undecided are to be asked about."""
        reason = self._hidden.get(kind_of(desired)) if self._hidden else None
        if reason:
            return Difference(
                key=key,
                outcome=Outcome.UNDECIDED,
                desired=desired,
                live=None,
                message=reason,
                must_not_write=True,
            )
        kept = self._client.canonical(desired)
        live = self._live.get(key if kept is desired else ObjectKey.of(kept))
        if live is None:
            return owned.compare(desired, None)
        exact = remembered.exact_key(desired, live, self._ignoring.of(desired))
        known = self._memory.get(exact)
        if known is None:
            known = self._ignoring.compared(desired, live)
            if known.outcome is Outcome.UNDECIDED and not known.must_not_write:
                known = self._settled(known) or known
            if known.outcome is not Outcome.UNDECIDED or known.must_not_write:
                self._memory.put(exact, known)
        return known

    def ask(self, difference: Difference) -> Difference:
        """Settle a difference with the server."""
        if difference.live is None:
            return self._unseen(difference)
        return self._decided(difference)

    def _unseen(self, difference: Difference) -> Difference:
        """Look for an object that the watches do not have, since they only see our label."""
        desired = difference.desired or {}
        found = self._client.get(difference.key, str(desired.get("apiVersion", "")))
        if found is None:
            return difference
        compared = self._ignoring.compared(desired, found)
        return compared if _is_settled(compared) else self._decided(compared)

    def _decided(self, difference: Difference) -> Difference:
        desired, live = difference.desired or {}, difference.live or {}
        try:
            predicted = self._client.apply(desired, dry_run=True)
        except UnreachableError:
            raise
        except RosterError as error:
            # This object's own trouble, such as an admission webhook that is down.
            return dataclasses.replace(difference, message=str(error))
        decided = owned.decide(difference, predicted)
        rules = self._ignoring.of(desired)
        self._memory.put(remembered.settled_key(desired, live, rules), decided)
        self._memory.put(remembered.exact_key(desired, live, rules), decided)
        return decided

    def _settled(self, difference: Difference) -> Difference | None:
        """Give the answer of an earlier dry-run against the same state but for its status."""
        desired, live = difference.desired or {}, difference.live or {}
        rules = self._ignoring.of(desired)
        known = self._memory.get(remembered.settled_key(desired, live, rules))
        return dataclasses.replace(known, live=live) if known else None


def _absent(client: Client, differences: Iterable[Difference]) -> AbstractSet[ObjectKey]:
    """Give those of the missing objects that a list of their kind does not have either.

    A first sync of a thousand agents would otherwise ask for each of their objects.
    """
    places: dict[tuple[str, str, str], list[ObjectKey]] = {}
    for one in differences:
        if one.live is None:
            version = str((one.desired or {}).get("apiVersion", ""))
            places.setdefault((version, one.key.kind, one.key.namespace), []).append(one.key)
    absent: set[ObjectKey] = set()
    for place, keys in places.items():
        if len(keys) >= _WORTH_A_LIST:
            taken = client.names(*place)
            absent.update(key for key in keys if key.name not in taken)
    return absent


def _is_settled(difference: Difference) -> bool:
    return bool(difference.message) or difference.outcome in {Outcome.SAME, Outcome.DIFFERENT}


def _kinds(components: Iterable[Component]) -> Iterator[tuple[str, str]]:
    for component in components:
        yield from component.kinds


def _keys(components: Iterable[Component]) -> Iterator[ObjectKey]:
    for component in components:
        yield from component.keys


def _follow(live: LiveState, kinds: AbstractSet[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """Watch kinds; give those that we may not list, each with the server's reason."""
    try:
        live.follow(kinds)
    except ForbiddenError:
        return dict(_each_followed(live, kinds))
    return {}


def _each_followed(
    live: LiveState, kinds: AbstractSet[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], str]]:
    for kind in sorted(kinds):
        try:
            live.follow([kind])
        except ForbiddenError as error:
            yield kind, str(error)


def _applied_kinds(client: Client, inventory: Iterable[ObjectKey]) -> Iterator[tuple[str, str]]:
    for group, kind in {(key.group, key.kind) for key in inventory}:
        try:
            yield client.discovery.preferred(group, kind).api_version, kind
        except UnknownKindError:  # its definition is gone, and its objects with it
            continue
