"""Puts right what a full disk left in the storage of the local registry, before it is started.

docker-registry writes manifests and links in place: one that had room for its name alone stays
empty, and whoever asks for it is answered 500, also when there is space again.
"""

import hashlib
import re
import shutil
from pathlib import Path

from slipway.domain.system_errors import os_errors

_DIGEST = re.compile(rb"sha256:[0-9a-f]{64}")
_LARGEST_MANIFEST = 64 << 10  # bytes; larger blobs are layers, which are checked as they come


def mend(storage: Path) -> None:
    """Forget what is not whole, so that it can be pushed again; a tag that was being moved points
    where it was moved to."""
    root = storage / "docker" / "registry" / "v2"
    with os_errors(str(storage)):
        for blob in root.glob("blobs/sha256/*/*/data"):
            if blob.stat().st_size <= _LARGEST_MANIFEST and not _has_its_digest(blob):
                shutil.rmtree(blob.parent)
        for link in root.glob("repositories/**/link"):
            if not _DIGEST.fullmatch(link.read_bytes()):
                link.unlink()
        for tag in root.glob("repositories/**/_manifests/tags/*"):
            if not (tag / "current" / "link").exists():
                _restore(tag)


def _has_its_digest(blob: Path) -> bool:
    return hashlib.sha256(blob.read_bytes()).hexdigest() == blob.parent.name


def _restore(tag: Path) -> None:
    """The registry notes where a tag goes in the tag's index before it moves the tag."""
    noted = sorted(tag.glob("index/sha256/*/link"), key=lambda link: link.stat().st_mtime_ns)
    if not noted:
        shutil.rmtree(tag)
        return
    (tag / "current").mkdir(exist_ok=True)
    shutil.copyfile(noted[-1], tag / "current" / "link")
