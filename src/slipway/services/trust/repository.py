"""The repository as it stands: reads the bucket and believes what the pinned root vouches for."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tuf.api.metadata import Root, Snapshot, T, Targets, Timestamp

from slipway.domain.errors import NotFound, Refused
from slipway.ports.bucket import Bucket
from slipway.services.trust.documents import LARGEST_VERSION, Document, parse, verified
from slipway.services.trust.layout import (
    FOLDERS,
    METADATA,
    PENDING,
    TARGETS,
    TIMESTAMP,
    pending,
    versioned,
)

_SNAPSHOT = re.compile(rf"{METADATA}([1-9][0-9]{{0,15}})\.snapshot\.json")


@dataclass(frozen=True)
class State:
    """What is in force, and what waits; of `pending` nothing is verified but its form."""

    roots: tuple[Document[Root], ...]  # the pinned one first, that in force last
    timestamp: Document[Timestamp] | None  # None: not there, or not what root vouches for
    snapshot: Document[Snapshot] | None  # the newest, also when no timestamp names it yet
    targets: Document[Targets] | None
    roles: Mapping[str, Document[Targets]]
    pending_root: Document[Root] | None
    pending: Mapping[str, Document[Targets]]
    keys: frozenset[str]  # all objects of the repository

    @property
    def root(self) -> Root:
        """The root in force."""
        return self.roots[-1].signed


class RepositoryReader:
    """Reads one bucket again and again; versions of metadata are never replaced, so kept."""

    def __init__(self, bucket: Bucket, pinned: Callable[[], bytes]) -> None:
        self._bucket = bucket
        self._pinned = pinned
        self._kept: dict[str, Document[Any]] = {}
        self._newest: Document[Snapshot] | None = None

    def read(self) -> State:
        """The state now. NotFound without a repository, Refused when root is not to be trusted."""
        keys = frozenset(
            info.key for prefix in (METADATA, TARGETS, PENDING) for info in self._list(prefix)
        )
        self._kept = {key: document for key, document in self._kept.items() if key in keys}
        roots = self._roots(keys)
        snapshot = self._newest_snapshot(roots, keys)
        targets = self._named(snapshot, "targets", keys)
        roles = {role: self._named(snapshot, role, keys) for role in FOLDERS}
        return State(
            roots=roots,
            timestamp=self._timestamp(roots[-1].signed, keys),
            snapshot=snapshot,
            targets=targets,
            roles={role: document for role, document in roles.items() if document},
            pending_root=self._pending("root", Root, keys),
            pending={
                role: document
                for role in ("targets", *FOLDERS)
                if (document := self._pending(role, Targets, keys))
            },
            keys=keys,
        )

    def document(self, key: str, kind: type[T]) -> Document[T]:
        """One version of metadata, unverified; NotFound, Refused."""
        if key not in self._kept:
            self._kept[key] = parse(self._bucket.read(key), kind, key)
        return self._kept[key]

    def remember(self, snapshot: Document[Snapshot]) -> None:
        """A newer one was published."""
        self._newest = snapshot

    def _list(self, prefix: str) -> list[Any]:
        return list(self._bucket.objects(prefix))

    def _roots(self, keys: frozenset[str]) -> tuple[Document[Root], ...]:
        pinned = parse(self._pinned(), Root, "the pinned root.json")
        if versioned("root", pinned.signed.version) not in keys:
            raise NotFound(
                f"the deploy bucket {self._bucket.url} holds no TUF repository of the pinned root",
                hint="slipway keys init makes a new one; restore the bucket's metadata/ if it had"
                " one, devices know its versions",
            )
        chain = [pinned]
        while (key := versioned("root", chain[-1].signed.version + 1)) in keys:
            root = self.document(key, Root)
            by_old = verified(chain[-1].signed, "root", root.metadata)
            version = root.signed.version == chain[-1].signed.version + 1
            if not (version and by_old and verified(root.signed, "root", root.metadata)):
                raise Refused(
                    f"{key} in the deploy bucket is not signed by the root keys before it",
                    hint="No device will follow it. Delete it, and find out who wrote it",
                )
            chain.append(root)
        return tuple(chain)

    def _newest_snapshot(
        self, roots: tuple[Document[Root], ...], keys: frozenset[str]
    ) -> Document[Snapshot] | None:
        """The one of the highest version whose signature is good, by the newest root that has one:
        it was written after all that it names. If the bucket has lost that, it goes on from the
        one that it had: devices refuse numbers that they have left behind."""
        found = []
        for number in sorted(snapshot_versions(keys), reverse=True):
            document = self._good(versioned("snapshot", number), Snapshot)
            if document and document.signed.version == number:
                found.append(document)
        if self._newest and self._newest.signed.version not in (d.signed.version for d in found):
            found = sorted([*found, self._newest], key=lambda d: -d.signed.version)
        for root in reversed(roots):
            for document in found:
                if verified(root.signed, "snapshot", document.metadata):
                    self._newest = document
                    return document
        return None

    def _named(
        self, snapshot: Document[Snapshot] | None, role: str, keys: frozenset[str]
    ) -> Document[Targets] | None:
        """What the snapshot names, if it is there and the same."""
        meta = snapshot.signed.meta.get(f"{role}.json") if snapshot else None
        if not meta or versioned(role, meta.version) not in keys:
            return None
        document = self._good(versioned(role, meta.version), Targets)
        return document if document and document.meta == meta else None

    def _timestamp(self, root: Root, keys: frozenset[str]) -> Document[Timestamp] | None:
        try:
            found = parse(self._bucket.read(TIMESTAMP), Timestamp, TIMESTAMP)
        except (NotFound, Refused):
            return None
        return found if verified(root, "timestamp", found.metadata) else None

    def _pending(self, role: str, kind: type[T], keys: frozenset[str]) -> Document[T] | None:
        if pending(role) not in keys:
            return None
        try:
            return parse(self._bucket.read(pending(role)), kind, pending(role))
        except (NotFound, Refused):
            return None

    def _good(self, key: str, kind: type[T]) -> Document[T] | None:
        try:
            return self.document(key, kind)
        except (NotFound, Refused):
            return None


def snapshot_versions(keys: Iterable[str]) -> list[int]:
    """The versions of all snapshots among the keys."""
    matches = (_SNAPSHOT.fullmatch(key) for key in keys)
    return [n for match in matches if match and (n := int(match[1])) < LARGEST_VERSION]
