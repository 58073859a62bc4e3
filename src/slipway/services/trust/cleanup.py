"""Deletes what no device can need any more.

The last few snapshots stay whole, for devices that are reading one. Only what a deleted snapshot
named is deleted with it: what another monitor is about to publish is named by none yet.
"""

from collections.abc import Iterable

from tuf.api.metadata import Snapshot, Targets

from slipway.domain.errors import NotFound, Refused
from slipway.ports.bucket import Bucket
from slipway.services.trust.documents import Document
from slipway.services.trust.folder_targets import blobs
from slipway.services.trust.layout import versioned
from slipway.services.trust.repository import RepositoryReader, snapshot_versions

KEPT = 8  # snapshots


def clean(bucket: Bucket, reader: RepositoryReader, keys: Iterable[str], newest: int) -> None:
    """Keep the last few snapshots up to `newest` and all that they name; `keys` are the objects
    that are there. What cannot be read names nothing."""
    numbers = sorted({n for n in snapshot_versions(keys) if n < newest} | {newest})
    old, kept = numbers[:-KEPT], numbers[-KEPT:]
    if not old:
        return
    needed = _named(reader, kept)
    needed_blobs = _contents(reader, needed)
    unneeded = _named(reader, old) - needed
    for key in sorted(_contents(reader, unneeded) - needed_blobs):
        bucket.delete(key)
    for key in sorted(unneeded) + [versioned("snapshot", number) for number in old]:
        bucket.delete(key)  # snapshots last: they tell what is still to be deleted


def _named(reader: RepositoryReader, numbers: Iterable[int]) -> set[str]:
    """The keys of all targets metadata that these snapshots name."""
    found: set[str] = set()
    for number in numbers:
        try:
            snapshot: Document[Snapshot] = reader.document(versioned("snapshot", number), Snapshot)
        except (NotFound, Refused):
            continue
        metas = snapshot.signed.meta.items()
        found |= {versioned(name.removesuffix(".json"), meta.version) for name, meta in metas}
    return found


def _contents(reader: RepositoryReader, keys: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for key in keys:
        try:
            found |= blobs(reader.document(key, Targets))
        except (NotFound, Refused):
            continue
    return found
