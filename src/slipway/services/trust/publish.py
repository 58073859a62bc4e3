"""Puts into force what was rendered and what people have signed.

The order of writing lets a device read a whole repository at every instant: contents, the metadata
of roles, targets, snapshot, and the timestamp, which points at them, last. A snapshot's number is
claimed by creating it: of two monitors that have the same next number one succeeds, the other one
reads again. A publication that was cut off leaves numbers that are skipped, and a snapshot without
timestamp is taken up by the next one.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import T, TargetFile

from slipway.domain.errors import AlreadyExists, Denied, NotFound, Refused, Unavailable
from slipway.ports.bucket import Bucket
from slipway.ports.clock import Clock
from slipway.ports.signing_keys import KeyStore
from slipway.services.trust.cleanup import clean
from slipway.services.trust.documents import Document
from slipway.services.trust.folder_targets import Rendered
from slipway.services.trust.key_change import (
    Keys,
    complete_change,
    folders_that_differ,
    keys_in_force,
)
from slipway.services.trust.layout import FOLDERS, blob, pending
from slipway.services.trust.publication import Publication
from slipway.services.trust.repository import RepositoryReader, State
from slipway.services.trust.role_plan import RolePlan, RolePlanner
from slipway.services.trust.write import Writer

_TRIES = 10


class Publisher:
    """Publishes to one bucket; several at once do no harm."""

    def __init__(self, bucket: Bucket, keys: KeyStore, clock: Clock) -> None:
        self._bucket = bucket
        self._keys = keys
        self._clock = clock
        self._reader = RepositoryReader(bucket, keys.pinned_root)

    def publish(self, rendered: Rendered) -> Publication:
        """Publish, and sign again what would expire; nothing is written when there is nothing to
        do. NotFound without a repository, Refused when root keys have to sign first, Denied when
        the online key is not here."""
        for _ in range(_TRIES):
            with suppress(AlreadyExists):  # another one was faster: on what it has published
                return self._publish(rendered)
        raise Unavailable(f"{self._bucket.url}: other monitors publish all the time")

    def in_force(self, shown: Mapping[str, bytes]) -> dict[str, bytes]:
        """The manifests that are signed now, by key; nothing where there is no repository to be
        trusted. `shown`, what the plain folders hold, is read where it is the same."""
        try:
            roles = self._reader.read().roles.values()
        except (NotFound, Refused):  # publishing says why
            return {}
        signed = {path: target for role in roles for path, target in role.signed.targets.items()}
        found = {path: self._content(path, signed[path], shown.get(path)) for path in signed}
        return {path: data for path, data in found.items() if data is not None}

    def _content(self, path: str, target: TargetFile, shown: bytes | None) -> bytes | None:
        """What was signed for a path, None when the bucket has lost it."""
        with suppress(LengthOrHashMismatchError):
            if shown is not None:
                target.verify_length_and_hashes(shown)
                return shown
        with suppress(NotFound, LengthOrHashMismatchError):
            data = self._bucket.read(blob(path, target.hashes["sha256"]))
            target.verify_length_and_hashes(data)
            return data
        return None

    def _publish(self, rendered: Rendered) -> Publication:
        state, now = self._reader.read(), self._clock.now()
        planner = RolePlanner(state, self._keys, now, self._free(state))
        keys, plan = self._decide(state, planner, rendered)
        expires = min(int(each.signed.expires.timestamp()) for each in (keys.root, keys.targets))
        if expires <= now:
            raise Refused(
                "what the root keys have signed has expired: devices take nothing new",
                hint="slipway keys renew signs it again",
            )
        writer = Writer(self._bucket, self._keys, state, now)
        documents = [*plan.roles.values(), *plan.staged.values()]
        missing = writer.contents(documents, plan.contents)
        written = writer.publish(keys, plan.roles)
        staged = self._stage(state, plan, keys, rendered)
        with suppress(Denied):  # a folder of keys that is only to be read
            self._keys.pin_root(keys.root.data)
        version = writer.snapshot.signed.version if writer.snapshot else 0
        if written and writer.snapshot:
            self._reader.remember(writer.snapshot)
            clean(self._bucket, self._reader, state.keys, version)
        return Publication(
            version=version,
            written=written or staged,
            waiting=tuple(plan.waiting),
            missing=tuple(missing),
            expires=expires,
            signed={
                path: target.hashes["sha256"]
                for role in plan.roles.values()
                for path, target in role.signed.targets.items()
            },
        )

    def _decide(
        self, state: State, planner: RolePlanner, rendered: Rendered
    ) -> tuple[Keys, RolePlan]:
        """A change of keys that waits, if all that it demands is signed. If not, those in force;
        the folders that it concerns then stay as they are, and wait under the new keys."""
        if (change := complete_change(state)) is None:
            keys = keys_in_force(state)
            return keys, planner.plan(keys.root.signed, keys.targets.signed, rendered)
        coming = planner.plan(change.root.signed, change.targets.signed, rendered)
        if coming.complete:
            return change, coming
        keys = keys_in_force(state)
        rest = replace(rendered, folders=rendered.folders - folders_that_differ(keys, change))
        plan = planner.plan(keys.root.signed, keys.targets.signed, rest)
        signed = {r: d for r, d in coming.roles.items() if d is state.pending.get(r)}
        plan.staged, plan.waiting = coming.staged | signed, coming.waiting
        plan.contents |= coming.contents
        return keys, plan

    def _free(self, state: State) -> Callable[[str, bytes], bool]:
        return lambda key, data: key not in state.keys or self._bucket.read(key) == data

    def _stage(self, state: State, plan: RolePlan, keys: Keys, rendered: Rendered) -> bool:
        """Write what waits and delete what does not any more; whether there was something."""
        settled = {role for role, folder in FOLDERS.items() if folder in rendered.folders}
        if _is_past(state.pending_root, keys.root):
            settled.add("root")
            if _is_past(state.pending.get("targets"), keys.targets):
                settled.add("targets")
        gone = sorted({pending(role) for role in settled - plan.staged.keys()} & state.keys)
        new = {
            role: document
            for role, document in plan.staged.items()
            if document is not state.pending.get(role)
        }
        for role, document in new.items():
            self._bucket.write(pending(role), document.data)
        for key in gone:
            self._bucket.delete(key)
        return bool(new or gone)


def _is_past(waiting: Document[T] | None, in_force: Document[T]) -> bool:
    return waiting is None or waiting.signed.version <= in_force.signed.version
