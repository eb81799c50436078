"""The revision an application stands at: fetched, rendered, and kept until the next one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

from controller.definitions.catalog import Catalog
from controller.errors import RosterError
from controller.objects import ObjectKey
from controller.objects.outlines import Outline
from controller.reconcile import desired
from controller.reconcile.desired import Desired
from controller.render.options import RenderOptions
from controller.source.repository import Repositories
from controller.source.snapshot import Commit, Source
from controller.state.records import (
    ApplicationRecord,
    ApplicationSpec,
    Hold,
    Operation,
    SyncRequest,
)

Look = Callable[[str, Mapping[ObjectKey, bool]], Mapping[ObjectKey, Outline]]
"""Takes the application's name, and objects with whether their values are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit and what it asks for."""

    spec: ApplicationSpec
    commit: Commit
    desired: Desired
    hold: Hold | None = None
    """Where this is not the newest, because somebody asked for it."""
    problem: str = ""
    """Why a newer one could not be looked for; this one is then the last that was known."""

    @property
    def newest(self) -> str:
        """The commit that the application's target stood for when it was last looked at."""
        return self.hold.instead_of if self.hold else self.commit.revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    """The current revision of every application."""

    repositories: Repositories
    options: Callable[[ApplicationSpec], RenderOptions]
    look: Look = lambda _name, _wanted: {}
    """Looks at what definitions refer to in the cluster."""
    _current: dict[str, Revision] = field(default_factory=dict)
    _earlier: dict[str, tuple[str, Catalog]] = field(default_factory=dict)
    """Commit and definitions before the current ones: what is new is told against them."""
    _lock: Lock = field(default_factory=Lock)
    """Held to replace a current revision: requests of the API look at them beside the visits."""

    def current(
        self,
        record: ApplicationRecord,
        *,
        refresh: bool,
        fresh: bool = False,
        request: SyncRequest | None = None,
    ) -> Revision:
        """Give the application's revision, after a look at the repository where asked to.

        A repository that cannot be reached leaves the revision that is known, with the problem
        named, so that drift goes on being corrected (as Flux does with its last artifact).

        Args:
            record: the application.
            refresh: look at the repository, else take what is known.
            fresh: look anew, also where another application looked a moment ago: somebody pushed.
            request: what somebody asked for. A revision in it is held until the next commit, and
                a request without one ends that.

        Raises:
            RosterError: nothing is known yet, and the repository cannot be read; or the revision
                that was asked for does not exist.
        """
        known = self._current.get(record.spec.name)
        if known is not None and known.spec == record.spec and not refresh and not request:
            return known
        try:
            revision = self._latest(record, request, known, fresh=fresh)
        except RosterError as error:
            last = self._last_known(record, known)
            if last is None or (request and request.revision):
                raise
            revision = replace(last, problem=str(error))
        with self._lock:
            if known is not None and known.commit != revision.commit:
                self._earlier[record.spec.name] = (known.commit.revision, known.desired.catalog)
            self._current[record.spec.name] = revision
        return revision

    def definitions(self, record: ApplicationRecord, target: str) -> tuple[str, Catalog]:
        """Give the commit and the definitions of any revision of an application's repository.

        Files that have not changed since the current revision are not parsed again.

        Raises:
            RosterError: there is no such revision, or it cannot be had.
        """
        source = _source(record.spec, target)
        commit_id = self.repositories.resolve(source)
        known = self._current.get(record.spec.name)
        if known and known.spec == record.spec and known.commit.revision == commit_id:
            return commit_id, known.desired.catalog
        earlier = self._earlier.get(record.spec.name)
        if earlier and known and known.spec == record.spec and earlier[0] == commit_id:
            return earlier
        extra = (record.spec.templates,) if record.spec.templates else ()
        snapshot = self.repositories.fetch(source, commit_id, extra_paths=extra)
        return commit_id, desired.catalog(
            snapshot.files, namespace=record.spec.namespace, templates=record.spec.templates
        )

    def completed(self, revision: Revision) -> Revision:
        """Give the revision rendered with what the cluster has at this moment.

        It is kept where the revision is the current one still, and not in place of a newer one.

        Raises:
            UnavailableError: the cluster's state is not known.
        """
        name, known = revision.spec.name, revision.desired
        complete = desired.with_cluster(known, self.look(name, known.wanted))
        if complete is known:
            return revision
        rendered = replace(revision, desired=complete)
        with self._lock:
            if self._current.get(name) is revision:
                self._current[name] = rendered
        return rendered

    def known_catalog(self, name: str) -> Catalog | None:
        """Give the definitions of the revision in memory, without a look at anything else."""
        known = self._current.get(name)
        return known.desired.catalog if known else None

    def peek(self, record: ApplicationRecord, request: SyncRequest) -> Revision:
        """Give the revision that a request names, else the application's, and stay at that.

        Raises:
            RosterError: the repository cannot be read, or the revision does not exist.
        """
        if request.revision is None:
            return self.completed(self.current(record, refresh=True))
        return self.at(record, request.revision, fresh=True)

    def claims(self, name: str) -> Mapping[ObjectKey, str]:
        """Give the objects of an application that another one asks for too, with its name."""
        own = self._current.get(name)
        keys = own.desired.keys if own else frozenset()
        return {
            key: other
            for other, revision in sorted(self._current.items())
            if other != name
            for key in keys & revision.desired.keys
        }

    def at(self, record: ApplicationRecord, target: str, *, fresh: bool = False) -> Revision:
        """Give any revision of an application's repository, rendered; nothing is kept of it.

        Args:
            record: the application.
            target: a commit, branch or tag.
            fresh: look anew where a branch or tag stands: somebody may just have pushed.

        Raises:
            RosterError: it does not exist, or cannot be read.
        """
        source = _source(record.spec, target)
        commit_id = self.repositories.resolve(source, fresh=fresh)
        revision = self._load(record.spec, source, commit_id)
        known = self._current.get(record.spec.name)
        # What the current one refers to goes on being followed.
        wanted = {**(known.desired.wanted if known else {}), **revision.desired.wanted}
        seen = self.look(record.spec.name, wanted)
        return replace(revision, desired=desired.with_cluster(revision.desired, seen))

    def revert(self, record: ApplicationRecord, operation: Operation, branch: str) -> str:
        """Push a branch on which git says what an operation applied, and give its commit.

        Raises:
            RosterError: nothing differs, the branch exists, or the repository cannot be written.
        """
        spec = record.spec
        message = (
            f"Revert {spec.path} to {operation.revision[:7]}\n\n"
            f"As the application {spec.name} was in its operation {operation.id}"
            f"{f': {operation.message}' if operation.message else ''}.\n"
        )
        extra = (spec.templates,) if spec.templates else ()
        return self.repositories.revert(
            _source(spec, None), operation.revision, branch=branch, message=message,
            extra_paths=extra,
        )  # fmt: skip

    def moved(self, revision: Revision) -> bool:
        """Tell whether the repository has something newer; False where that cannot be told."""
        try:
            newest = self.repositories.resolve(_source(revision.spec, None), fresh=True)
        except RosterError:
            return False
        return newest != revision.newest

    def _latest(
        self,
        record: ApplicationRecord,
        request: SyncRequest | None,
        known: Revision | None,
        *,
        fresh: bool,
    ) -> Revision:
        spec = record.spec
        newest = self.repositories.resolve(_source(spec, None), fresh=fresh)
        if request and request.revision:
            wanted = self.repositories.resolve(_source(spec, request.revision), fresh=fresh)
        elif request is None and record.hold and record.hold.instead_of == newest:
            wanted = record.hold.revision
        else:
            wanted = newest
        hold = Hold(revision=wanted, instead_of=newest) if wanted != newest else None
        if known and known.spec == spec and known.commit.revision == wanted:
            return replace(known, hold=hold, problem="")
        return replace(self._load(spec, _source(spec, None), wanted), hold=hold)

    def _last_known(self, record: ApplicationRecord, known: Revision | None) -> Revision | None:
        """The revision in memory, or after a restart the stored one, if its objects are here."""
        if known and known.spec == record.spec:
            return known
        commit = record.status.commit
        if commit is None:
            return None
        try:
            return self._load(record.spec, _source(record.spec, None), commit.revision)
        except RosterError:
            return None

    def _load(self, spec: ApplicationSpec, source: Source, commit_id: str) -> Revision:
        extra = (spec.templates,) if spec.templates else ()
        snapshot = self.repositories.fetch(source, commit_id, extra_paths=extra)
        wanted = desired.of_snapshot(
            snapshot,
            self.options(spec),
            templates=spec.templates,
            look=lambda needed: self._seen(spec.name, needed),
        )
        return Revision(spec=spec, commit=snapshot.commit, desired=wanted)

    def _seen(
        self, name: str, needed: Mapping[ObjectKey, bool]
    ) -> Mapping[ObjectKey, Outline] | None:
        """Look at the cluster, if that is possible now; `completed` insists on it."""
        try:
            return self.look(name, needed)
        except RosterError:
            return None


def _source(spec: ApplicationSpec, target: str | None) -> Source:
    return Source(
        repo_url=spec.repo_url, target_revision=target or spec.target_revision, path=spec.path
    )
