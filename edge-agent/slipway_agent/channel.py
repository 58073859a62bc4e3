"""The channel: what a device is to run, by the signed metadata of the bucket.

An idle poll asks for `metadata/timestamp.json` alone, and only whether it changed; every few
minutes also for the next root. When there is one of them, or when something that was verified has
expired, python-tuf's workflow goes from the pinned root to
the roles of `ARCH/all` and `ARCH/CHANNEL`, whose manifests are then read. Whatever does not verify
fails the poll as a whole. A manifest that verifies and cannot be taken (no pod, or against the
device's policy) is refused by itself: the others go on.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from slipway_agent.deadline import deadline
from slipway_agent.disk import Disk
from slipway_agent.errors import (
    FORGED,
    AgentError,
    NotFound,
    Refused,
    Stale,
    Untrusted,
    from_disk,
)
from slipway_agent.log import Log
from slipway_agent.manifest import Manifest
from slipway_agent.next_root import NextRoot
from slipway_agent.policy import read_policy
from slipway_agent.signed_folders import Found, SignedFolders
from slipway_agent.signed_time import LARGEST_TIMESTAMP, TIMESTAMP, SignedTime
from slipway_agent.sources.base import Source
from slipway_agent.target_cache import TargetCache

if TYPE_CHECKING:
    from slipway_agent.updater import SlipwayUpdater

_LONGEST_READ = 120.0  # seconds for everything that one poll reads


class Wanted(NamedTuple):
    """What the bucket's owner wants on this device."""

    manifests: dict[str, Manifest]  # by slot; the channel's goes before one of all/
    refused: dict[str, AgentError]  # slot → why; what the slot has now stays
    version: int  # of the signed timestamp
    signed: int  # unix seconds
    expires: int  # unix seconds


class Channel:
    """Polls one channel; what it has verified it remembers, on the disk too."""

    def __init__(
        self,
        source: Source,
        trust: Path,
        state: Path,
        disk: Disk,
        log: Log,
        *,
        arch: str,
        channel: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._trust = trust
        self._state = state
        self._disk = disk
        self._log = log
        self._all, self._channel = f"{arch}/all", f"{arch}/{channel}"
        self._time = SignedTime(state / "trust" / "seen.json", disk, clock)
        self._folders = SignedFolders(source, TargetCache(state / "targets", disk))
        self._timestamp = b""
        self._basis: tuple[object, ...] = ()
        self._fresh_until = 0.0
        self._next_root = NextRoot(source)
        self._wanted: Wanted | None = None

    def poll(self) -> Wanted:
        """What is wanted, verified and fresh; the same object when nothing changed."""
        try:
            try:
                with deadline(_LONGEST_READ, self._source.url):
                    return self._poll()
            finally:
                self._time.keep()  # what was verified counts, whatever came of the rest
        except OSError as error:
            raise from_disk(error, self._state) from error

    def _poll(self) -> Wanted:
        try:
            changed = self._source.changed(TIMESTAMP, LARGEST_TIMESTAMP)
        except NotFound as error:
            raise NotFound(
                f"{self._source.url} holds no {TIMESTAMP}",
                hint="Nothing was published there yet, or it is not the deploy bucket",
            ) from error
        if changed is not None:
            self._timestamp = changed
        root, policy = self._trust / "root.json", self._trust / "policy.toml"
        basis = (self._timestamp, _marks(root), _marks(policy))
        known = self._basis == basis and self._time.now() < self._fresh_until
        if self._wanted and known and not self._next_root.is_there():
            return self._wanted
        self._wanted = self._refresh(root, policy)
        self._basis = basis
        return self._wanted

    def _refresh(self, root: Path, policy: Path) -> Wanted:
        from tuf.api.exceptions import DownloadError, ExpiredMetadataError, RepositoryError

        from slipway_agent.updater import SourceFetcher, open_updater, reason

        self._folders.begin(read_policy(policy))
        fetcher = SourceFetcher(self._source, self._timestamp)
        updater = open_updater(
            fetcher,
            root,
            folder=self._state / "trust",
            disk=self._disk,
            time=self._time,
        )
        try:
            updater.refresh()
            found = self._collect(updater)
        except ExpiredMetadataError as error:
            raise self._stale(error) from error
        except RepositoryError as error:
            where = f"{self._source.url}/{fetcher.last}"
            raise Untrusted(f"{where}: {error}", hint=FORGED) from error
        except DownloadError as error:
            raise reason(error) from error
        self._folders.end()
        self._fresh_until = updater.fresh_until
        self._next_root.comes_after(updater.root_version)
        return Wanted(
            {slot: what for slot, what in found.items() if isinstance(what, Manifest)},
            {slot: what for slot, what in found.items() if isinstance(what, AgentError)},
            updater.version,
            updater.signed,
            updater.expires,
        )

    def _collect(self, updater: "SlipwayUpdater") -> Found:
        everyone = self._folders.read(updater, self._all) or {}
        channel = self._folders.read(updater, self._channel)
        if channel is None:
            raise NotFound(
                f"nothing is published for {self._channel} in {self._source.url}",
                hint="Check the arch and the channel; promote a version to the channel",
            )
        for slot in sorted(set(channel) & set(everyone)):
            self._log.once("shadowed", slot=slot, by=self._channel, of=self._all)
        return _one_slot_a_pod({**everyone, **channel})

    def _stale(self, error: Exception) -> Stale:
        today = datetime.fromtimestamp(self._time.system(), UTC)
        return Stale(
            f"{self._source.url}: {error}",
            hint=f"The device's clock says {today:%Y-%m-%d}. If that is right, the bucket has not"
            " been signed in time: look at the tag monitor, and whether somebody holds it back",
        )


def _one_slot_a_pod(found: Found) -> Found:
    """The kubelet tells pods apart by name: of two slots with one pod, the second is refused."""
    holders: dict[str, Manifest] = {}
    for slot, what in sorted(found.items()):
        if isinstance(what, Manifest):
            first = holders.setdefault(what.pod, what)
            if first is not what:
                found[slot] = Refused(
                    f"{what.folder} and {first.folder} give the slots {slot} and {first.slot}"
                    f" the same pod {what.pod}",
                    hint="Give one of them another metadata.name",
                )
    return found


def _marks(path: Path) -> object:
    """Tells whether a file is still the one that was read."""
    try:
        status = path.stat()
    except OSError as error:
        return error.errno
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size
