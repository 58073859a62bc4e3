"""Writes a publication in the order that keeps the repository whole for every reader."""

from collections.abc import Iterable, Mapping

from tuf.api.metadata import Key, Metadata, MetaFile, Root, Snapshot, T, Targets, Timestamp

from slipway.domain.errors import NotFound, Refused
from slipway.ports.bucket import Bucket
from slipway.ports.signing_keys import SigningKeys
from slipway.services.trust.documents import (
    Document,
    expiry,
    is_due,
    online_key_missing,
    parse,
    role_keys,
    sealed,
    verified,
)
from slipway.services.trust.folder_targets import blobs
from slipway.services.trust.key_change import Keys
from slipway.services.trust.layout import (
    SIGNED_AT,
    SNAPSHOT_LIFETIME,
    TIMESTAMP,
    TIMESTAMP_LIFETIME,
    versioned,
)
from slipway.services.trust.repository import State


class Writer:
    """Writes what is new compared with one state; AlreadyExists when another one was faster."""

    def __init__(self, bucket: Bucket, keys: SigningKeys, state: State, now: int) -> None:
        self._bucket = bucket
        self._keys = keys
        self._state = state
        self._now = now
        self.snapshot = state.snapshot  # the newest

    def contents(self, roles: Iterable[Document[Targets]], known: Mapping[str, bytes]) -> list[str]:
        """Write the contents that roles name and the bucket lacks; those that nobody has."""
        lacking = {key for role in roles for key in blobs(role)} - self._state.keys
        for key in sorted(lacking & known.keys()):
            self._bucket.write(key, known[key])
        return sorted(lacking - known.keys())

    def publish(self, keys: Keys, roles: Mapping[str, Document[Targets]]) -> bool:
        """Put it into force; False when it is already."""
        metas = dict(self._state.snapshot.signed.meta) if self._state.snapshot else {}
        metas |= {f"{role}.json": document.meta for role, document in roles.items()}
        metas["targets.json"] = keys.targets.meta
        new_root = keys.root.signed.version > self._state.root.version
        snapshot, timestamp = self._standing(keys.root.signed, metas)
        if snapshot and timestamp and not new_root:
            return False
        if snapshot is None:
            standing = {**self._state.roles, "targets": self._state.targets}
            for role, document in {**roles, "targets": keys.targets}.items():
                if document is not standing.get(role):
                    self._create(versioned(role, document.signed.version), document.data)
            snapshot = self._new_snapshot(keys.root.signed, metas)
            self._bucket.create(versioned("snapshot", snapshot.signed.version), snapshot.data)
            timestamp = None
        self.snapshot = snapshot
        made = timestamp or self._new_timestamp(keys.root.signed, snapshot)
        root = versioned("root", keys.root.signed.version)
        if new_root and not self._known_to_old_root(keys, snapshot, made):
            self._create(root, keys.root.data)
            new_root = False
        if timestamp is None:
            self._point(made, keys.root.signed)
        if new_root:  # last, so that devices never have one without what it vouches for
            self._create(root, keys.root.data)
        return True

    def _standing(
        self, root: Root, metas: Mapping[str, MetaFile]
    ) -> tuple[Document[Snapshot] | None, Document[Timestamp] | None]:
        """What of snapshot and timestamp can stay; a new timestamp is always of a new snapshot,
        unless it was cut off."""
        snapshot, timestamp = self._state.snapshot, self._state.timestamp
        if (
            snapshot is None
            or versioned("snapshot", snapshot.signed.version) not in self._state.keys
            or snapshot.signed.meta != metas
            or is_due(snapshot.signed, self._now, SNAPSHOT_LIFETIME)
            or not verified(root, "snapshot", snapshot.metadata)
        ):
            return None, None
        if timestamp is None or timestamp.signed.version < snapshot.signed.version:
            return snapshot, None
        if (
            timestamp.signed.snapshot_meta != snapshot.meta
            or is_due(timestamp.signed, self._now, TIMESTAMP_LIFETIME)
            or not verified(root, "timestamp", timestamp.metadata)
        ):
            return None, None
        return snapshot, timestamp

    def _new_snapshot(self, root: Root, metas: dict[str, MetaFile]) -> Document[Snapshot]:
        timestamp = self._state.timestamp
        known = [each.signed.version for each in (self.snapshot, timestamp) if each]
        version = max(known, default=0) + 1
        while versioned("snapshot", version) in self._state.keys:  # nothing that we can vouch for
            version += 1
        new = Snapshot(version, None, expiry(self._now, SNAPSHOT_LIFETIME), metas)
        return self._online(root, "snapshot", Metadata(new))

    def _new_timestamp(self, root: Root, snapshot: Document[Snapshot]) -> Document[Timestamp]:
        new = Timestamp(
            snapshot.signed.version,
            None,
            expiry(self._now, TIMESTAMP_LIFETIME),
            snapshot.meta,
            {SIGNED_AT: self._now},
        )
        return self._online(root, "timestamp", Metadata(new))

    def _online(self, root: Root, role: str, metadata: Metadata[T]) -> Document[T]:
        """Signed by the online key, and by the one before as long as devices may go by it."""
        signers: dict[str, Key] = {}
        for each in (self._state.root, root):
            signers |= {key.keyid: key for key in role_keys(each, role)}
        document = sealed(metadata, signers.values(), self._keys)
        if not verified(root, role, document.metadata):
            raise online_key_missing(role)
        return document

    def _known_to_old_root(
        self, keys: Keys, snapshot: Document[Snapshot], timestamp: Document[Timestamp]
    ) -> bool:
        old = self._state.root
        return (
            verified(old, "targets", keys.targets.metadata)
            and verified(old, "snapshot", snapshot.metadata)
            and verified(old, "timestamp", timestamp.metadata)
        )

    def _create(self, key: str, data: bytes) -> None:
        """Create a version; one that is there already has to be this one."""
        if key not in self._state.keys or self._bucket.read(key) != data:
            self._bucket.create(key, data)

    def _point(self, timestamp: Document[Timestamp], root: Root) -> None:
        """Write the timestamp, unless another one has pointed at something newer meanwhile."""
        for _ in range(2):  # the second time makes good a slower writer's older one
            if self._pointed(root) >= timestamp.signed.version:
                return
            self._bucket.write(TIMESTAMP, timestamp.data)

    def _pointed(self, root: Root) -> int:
        try:
            found = parse(self._bucket.read(TIMESTAMP), Timestamp, TIMESTAMP)
        except (NotFound, Refused):
            return 0
        roots = (root, self._state.root)
        good = any(verified(each, "timestamp", found.metadata) for each in roots)
        return found.signed.version if good else 0
