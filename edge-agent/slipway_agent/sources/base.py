"""Port: where signed metadata and what it lists are read from."""

from typing import Protocol

TIMEOUT = 10.0  # seconds for one answer of a network


class Source(Protocol):
    """A deploy bucket, read only. A path is `metadata/timestamp.json`, `targets/…`.

    Both ways to read raise NotFound, Denied, Unavailable (no answer, not in time, or not whole)
    and Refused (longer than `limit` bytes; no more than that is read). Nothing that comes from
    here is trusted: who reads it verifies it.
    """

    @property
    def url(self) -> str:
        """Where it is, without credentials."""

    def read(self, path: str, limit: int) -> bytes:
        """The bytes at a path."""

    def changed(self, path: str, limit: int) -> bytes | None:
        """The bytes at a path, or None if they are those of the last call; cheap then."""

    def close(self) -> None:
        """Let go of connections; the next call opens them again."""
