"""Port: a bucket of objects, named by keys with `/` between the parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, order=True)
class ObjectInfo:
    """One object in a listing."""

    key: str
    size: int  # bytes
    tag: str  # opaque; another one as soon as the object holds other bytes


class Bucket(Protocol):
    """Objects by key. A write is atomic: a reader sees the old object, the new one, or none.

    Every method raises NotFound when the bucket itself does not exist, Denied when access is
    refused, Unavailable when it does not answer, DiskFull when there is no space.
    A key that is absolute or has a part that is empty or begins with a dot raises InvalidInput
    (`slipway.domain.keys`); objects that others gave such a key are never listed.
    """

    @property
    def url(self) -> str:
        """Where it is: `file:///…`, `gs://…` or `s3://…`."""

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """The objects whose key begins with `prefix` (any string), in order of their keys."""

    def folders(self, prefix: str = "") -> Iterator[str]:
        """The names of the folders right below the folder `prefix` (`a/b/`; empty: the top), in any
        order and without the cost of listing what they hold. One may have become empty."""

    def read(self, key: str) -> bytes:
        """One object's bytes; NotFound if it is not there."""

    def write(self, key: str, data: bytes) -> None:
        """Create or replace an object."""

    def create(self, key: str, data: bytes) -> None:
        """Create an object; AlreadyExists if there is one, decided atomically."""

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens if it is not there."""

    def download(self, key: str, path: Path) -> None:
        """Write one object to a file, without holding it in memory; NotFound."""

    def upload(self, path: Path, key: str) -> None:
        """Create or replace an object from a file, without holding it in memory."""
