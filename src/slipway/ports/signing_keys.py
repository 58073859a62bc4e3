"""Port: the private keys that metadata is signed with, wherever they are."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from securesystemslib.signer import Key, Signature


class SigningKeys(Protocol):
    """Private keys of this machine, or that it may use."""

    def sign(self, key: "Key", payload: bytes) -> "Signature | None":
        """A signature that `key` verifies; None when its private key is not among these. Denied
        when a file of it is open to everyone or may not be read, Unavailable when it lies in a
        service that does not answer."""


class KeyStore(SigningKeys, Protocol):
    """Where keys are made and kept, with the root that devices start from."""

    def create(self, role: str) -> "Key":
        """Make a key pair that is used for `role`; its public half."""

    def pinned_root(self) -> bytes:
        """The root that is trusted here without proof; NotFound before there is one."""

    def pin_root(self, data: bytes) -> None:
        """Keep a root as the one that new devices, and this machine, start from."""
