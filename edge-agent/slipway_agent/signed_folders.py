"""The manifests of a folder of the bucket, read by its signed list.

What a file was read as is remembered from one refresh to the next, and its bytes lie in the cache:
a move in the channel costs the reading of what moved.
"""

from typing import TYPE_CHECKING

from slipway_agent.errors import FORGED, AgentError, NotFound, Refused, Unavailable, Untrusted
from slipway_agent.listing import INDEX, LARGEST_INDEX, read_index
from slipway_agent.manifest import LARGEST_MANIFEST, Manifest, manifest_of, read_document, slot_of
from slipway_agent.pod_rules import check
from slipway_agent.policy import Policy
from slipway_agent.sources.base import Source
from slipway_agent.target_cache import TargetCache

if TYPE_CHECKING:
    from tuf.ngclient import TargetFile

    from slipway_agent.updater import SlipwayUpdater

Found = dict[str, Manifest | AgentError]  # by slot
_Reading = tuple[str, Manifest | AgentError]  # the slot, and what it is to have

_LARGEST_FOLDER = 32 * 1024 * 1024  # bytes of all its manifests


class SignedFolders:
    """Reads folders; what was not read since `begin` is forgotten with `end`."""

    def __init__(self, source: Source, cache: TargetCache) -> None:
        self._source = source
        self._cache = cache
        self._policy: Policy | None = None
        self._known: dict[tuple[str, str], _Reading] = {}  # by path and sha256
        self._now: dict[tuple[str, str], _Reading] = {}
        self._used: set[str] = set()

    def begin(self, policy: Policy) -> None:
        """A refresh begins, under this policy."""
        if policy != self._policy:
            self._policy, self._known = policy, {}
        self._now, self._used = {}, set()

    def end(self) -> None:
        """All that is wanted was read."""
        self._known = self._now
        self._cache.keep_only(self._used)

    def read(self, updater: "SlipwayUpdater", folder: str) -> Found | None:
        """What the slots of a folder are to have; None if nothing was published for it."""
        index = updater.find(folder, INDEX)
        if index is None:
            return None
        if index.length > LARGEST_INDEX:
            raise Refused(f"{folder}/{INDEX} has more than {LARGEST_INDEX} bytes")
        found: Found = {}
        length = 0
        for name in read_index(self._content(index), f"{folder}/{INDEX}"):
            file = updater.find(folder, name)
            if file is None:
                raise Untrusted(f"{folder}/{name} is listed and was not signed", hint=FORGED)
            length += file.length
            if length > _LARGEST_FOLDER:
                raise Refused(f"{folder} has more than {_LARGEST_FOLDER} bytes of manifests")
            slot, what = self._reading(file)
            if slot in found:
                what = Refused(f"{folder} has two manifests for the slot {slot}")
            found[slot] = what
        return found

    def _reading(self, file: "TargetFile") -> _Reading:
        key = (file.path, file.hashes["sha256"])
        reading = self._known.get(key) or self._read(file)
        self._now[key] = reading
        self._used.add(key[1])
        return reading

    def _read(self, file: "TargetFile") -> _Reading:
        slot = slot_of(file.path.rpartition("/")[2])
        if file.length > LARGEST_MANIFEST:
            return slot, Refused(f"{file.path} has more than {LARGEST_MANIFEST} bytes")
        data = self._content(file)
        try:
            document = read_document(data, file.path)
            manifest = manifest_of(document, data, file.path)
            slot = manifest.slot
            assert self._policy  # noqa: S101  begin came before
            check(self._policy, document, manifest, file.path)
        except Refused as error:
            return slot, error
        return slot, manifest

    def _content(self, file: "TargetFile") -> bytes:
        """The bytes of a signed file, from the cache or from the bucket."""
        sha256 = file.hashes["sha256"]
        self._used.add(sha256)
        data = self._cache.read(sha256, file.length)
        if data is None:
            from tuf.api.exceptions import LengthOrHashMismatchError

            folder, _, name = file.path.rpartition("/")
            path = f"targets/{folder}/{sha256}.{name}"
            try:
                data = self._source.read(path, file.length)
            except NotFound as error:
                raise Unavailable(
                    f"{path} is signed for and not there; is it on its way?"
                ) from error
            try:
                file.verify_length_and_hashes(data)
            except LengthOrHashMismatchError as error:
                raise Untrusted(f"{self._source.url}/{path}: {error}", hint=FORGED) from error
            self._cache.write(sha256, data)
        return data
