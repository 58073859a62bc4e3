"""Metadata as it is stored: read, signed, verified; python-tuf's errors become Slipway's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic

from securesystemslib.signer import Key
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, T, Targets
from tuf.api.serialization import DeserializationError

from slipway.domain.errors import Denied, Refused
from slipway.ports.signing_keys import SigningKeys

_HASHES = ["sha256"]
LARGEST_VERSION = 2**53  # the largest integer that every JSON reader takes


@dataclass(frozen=True)
class Document(Generic[T]):
    """Metadata with the very bytes that are, or are to be, in the bucket."""

    metadata: Metadata[T]
    data: bytes

    @property
    def signed(self) -> T:
        """What the signatures are over."""
        return self.metadata.signed

    @property
    def meta(self) -> MetaFile:
        """How a snapshot or timestamp names it."""
        return MetaFile.from_data(self.signed.version, self.data, _HASHES)


def parse(data: bytes, kind: type[T], where: str) -> Document[T]:
    """Metadata of one kind, with whatever signatures; Refused, naming `where`."""
    try:
        metadata: Metadata[Any] = Metadata.from_bytes(data)
    except DeserializationError as error:
        raise Refused(
            f"{where} is not TUF metadata: {error.__cause__ or error}",
            hint="Delete it if nobody knows where it comes from",
        ) from error
    if not isinstance(metadata.signed, kind) or metadata.signed.version > LARGEST_VERSION:
        raise Refused(f"{where} is not {kind.type} metadata of a possible version")
    return Document(metadata, data)


def sealed(metadata: Metadata[T], signers: Iterable[Key], keys: SigningKeys) -> Document[T]:
    """The metadata with a signature more for each of `signers` whose private key is there."""
    payload = metadata.signed_bytes
    for key in signers:
        if signature := keys.sign(key, payload):
            metadata.signatures[key.keyid] = signature
    return Document(metadata, metadata.to_bytes())


def role_keys(delegator: Root | Targets, role: str) -> list[Key]:
    """The keys that may sign for `role`."""
    return [delegator.get_key(keyid) for keyid in delegator.get_delegated_role(role).keyids]


def signatures(delegator: Root | Targets, role: str, metadata: Metadata[Any]) -> tuple[int, int]:
    """How many valid signatures by different keys the metadata has, and how many it needs."""
    result = delegator.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    return len(result.signed), result.threshold


def verified(delegator: Root | Targets, role: str, metadata: Metadata[Any]) -> bool:
    """Whether enough keys have signed."""
    found, needed = signatures(delegator, role, metadata)
    return found >= needed


def expiry(now: int, lifetime: int) -> datetime:
    """When something that is signed now ends."""
    return datetime.fromtimestamp(now, UTC) + timedelta(seconds=lifetime)


def is_due(signed: Signed, now: int, lifetime: int) -> bool:
    """Whether no more than a third of its lifetime is left."""
    return signed.expires.timestamp() - now <= lifetime / 3


def online_key_missing(role: str) -> Denied:
    """The one reason for which a monitor cannot sign."""
    return Denied(
        f"the online key that {role} has to be signed with is not here",
        hint="Put its file into the folder trust.keys, or set trust.online to its signer's URI",
    )
