"""python-tuf's client over a Source, with the device's own idea of time and of its disk.

The workflow (root by root, timestamp, snapshot, targets, delegated roles) and every check in it
are python-tuf's. Three things that it has no parameter for are given to it here, in a subclass of
its public class, against the one major version that the dependencies name:

- Time. It takes the system's clock once, when it is made (`TrustedMetadataSet.reference_time`).
  Ours is set before anything is judged by it, and again once the timestamp is verified, whose
  signed time may be later than the device's clock.
- The disk. It writes its files by a rename, but does not wait until they would outlive a power
  cut; and faults are injected where the agent writes (`Disk`). It keeps a link `root.json` for
  callers that start from it; this one always starts from the pinned root.
- A floor under versions: see `signed_time`.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    ExpiredMetadataError,
    RepositoryError,
)
from tuf.ngclient import FetcherInterface, TargetFile, Updater, UpdaterConfig

from slipway_agent.disk import Disk, replace_file
from slipway_agent.errors import AgentError, Denied, InvalidOption, NotFound, Unavailable
from slipway_agent.signed_time import LARGEST_ROOT, LARGEST_TIMESTAMP, TIMESTAMP, SignedTime
from slipway_agent.sources.base import Source

_LARGEST = 4 * 1024 * 1024  # bytes
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SIGNED = "x-slipway-signed"
_END_OF_TIME = 2**35  # unix seconds, in the year 3058
_CONFIG = UpdaterConfig(
    max_root_rotations=256,
    max_delegations=4,  # targets, and the one role that a path belongs to
    root_max_length=LARGEST_ROOT,
    timestamp_max_length=LARGEST_TIMESTAMP,
    snapshot_max_length=256 * 1024,
    targets_max_length=_LARGEST,
)


class SourceFetcher(FetcherInterface):
    """Reads metadata from a Source; the timestamp was read already, to see whether it changed."""

    def __init__(self, source: Source, timestamp: bytes) -> None:
        self._source = source
        self._timestamp = timestamp
        self.last = ""  # what was read last: if something is wrong, with that

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """At most `max_length` bytes."""
        self.last = url
        if url == TIMESTAMP:
            return self._timestamp
        try:
            return self._source.read(url, max_length)
        except NotFound as error:
            raise DownloadHTTPError(error.message, 404) from error
        except Denied as error:  # buckets that may not be listed say so for what is not there
            raise DownloadHTTPError(error.message, 403) from error
        except AgentError as error:
            raise DownloadError(error.message) from error

    def _fetch(self, url: str) -> Iterator[bytes]:
        return iter((self.download_bytes(url, _LARGEST),))


class SlipwayUpdater(Updater):
    """One refresh; raises python-tuf's errors, and OSError."""

    def __init__(
        self, fetcher: SourceFetcher, root: bytes, folder: Path, disk: Disk, time: SignedTime
    ) -> None:
        self._disk = disk
        self._time = time
        disk.make_folder(folder / "root_history")
        super().__init__(str(folder), "metadata/", fetcher=fetcher, config=_CONFIG, bootstrap=root)

    @property
    def version(self) -> int:
        """Of the verified timestamp."""
        return self._trusted_set.timestamp.version

    @property
    def root_version(self) -> int:
        """Of the root in force."""
        return self._trusted_set.root.version

    @property
    def expires(self) -> int:
        """When the verified timestamp expires, unix seconds."""
        return int(self._trusted_set.timestamp.expires.timestamp())

    @property
    def fresh_until(self) -> float:
        """When the first of all that was verified expires, unix seconds."""
        return min(signed.expires.timestamp() for signed in self._trusted_set)

    @property
    def signed(self) -> int:
        """When the verified timestamp was signed, unix seconds; 0 if it does not tell."""
        signed = self._trusted_set.timestamp.unrecognized_fields.get(_SIGNED, 0)
        if type(signed) is not int or not 0 <= signed < _END_OF_TIME:
            raise RepositoryError(f"timestamp has {_SIGNED} {str(signed)[:40]!r}, not a time")
        return signed

    def find(self, folder: str, name: str) -> TargetFile | None:
        """What was signed for a file; None if nothing was, or no role was published for it."""
        if f"{folder.replace('/', '.')}.json" not in self._trusted_set.snapshot.meta:
            return None
        file = self.get_targetinfo(f"{folder}/{name}")
        if file and not _SHA256.fullmatch(file.hashes.get("sha256", "")):
            raise RepositoryError(f"{folder}/{name} was signed without a sha256")
        return file

    def _load_timestamp(self) -> None:
        root = self._trusted_set.root
        keys = {key for role in ("timestamp", "snapshot") for key in root.roles[role].keyids}
        self._time.under(tuple(sorted(keys)))
        self._set_time()
        super()._load_timestamp()
        timestamp, seen = self._trusted_set.timestamp, self._time.seen
        _not_older("timestamp", timestamp.version, seen.timestamp)
        _not_older("snapshot", timestamp.snapshot_meta.version, seen.snapshot)
        self._time.saw(self.signed)
        self._set_time()
        for name, signed in (("root", root), ("timestamp", timestamp)):
            if signed.is_expired(self._trusted_set.reference_time):
                raise ExpiredMetadataError(f"{name}.json is expired")

    def _load_snapshot(self) -> None:
        super()._load_snapshot()
        snapshot = self._trusted_set.snapshot
        versions = {name: meta.version for name, meta in snapshot.meta.items()}
        for name, seen in self._time.seen.roles.items():
            _not_older(name, versions.get(name, 0), seen)
        self._time.saw_versions(self.version, snapshot.version, versions)

    def _set_time(self) -> None:
        self._trusted_set.reference_time = datetime.fromtimestamp(self._time.now(), UTC)

    def _persist_file(self, filename: str, data: bytes) -> None:
        path = Path(filename)
        try:
            if path.read_bytes() == data:
                return
        except OSError:
            pass
        replace_file(self._disk, path, data)

    def _update_root_symlink(self) -> None:
        """Nobody starts from the link."""


def open_updater(
    fetcher: SourceFetcher, root: Path, *, folder: Path, disk: Disk, time: SignedTime
) -> SlipwayUpdater:
    """A client that starts from the pinned root; InvalidOption if that is lost or damaged."""
    hint = "Copy the owner's root.json there again (`slipway keys status` shows where it lies)"
    try:
        with root.open("rb") as file:
            pinned = file.read(LARGEST_ROOT)
    except OSError as error:
        raise InvalidOption(f"{root} cannot be read: {error.strerror}", hint=hint) from error
    try:
        return SlipwayUpdater(fetcher, pinned, folder, disk, time)
    except RepositoryError as error:
        raise InvalidOption(f"{root} is not a signed root: {error}", hint=hint) from error


def reason(error: DownloadError) -> AgentError:
    """What the source said."""
    cause = error.__cause__
    if isinstance(cause, NotFound):
        return Unavailable(f"{cause.message}, and is signed for; it may be on its way")
    return cause if isinstance(cause, AgentError) else Unavailable(str(error))


def _not_older(name: str, version: int, seen: int) -> None:
    if version < seen:
        raise BadVersionNumberError(f"{name} has version {version}, {seen} was seen before")
