"""Private keys that are named one by one: as files, or by the URI of what signs with them."""

from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from securesystemslib.exceptions import KeyMismatchError
from securesystemslib.signer import CryptoSigner, Key, SecretsHandler, Signature

from slipway.adapters.key_services import KeyService
from slipway.domain.errors import Denied, InvalidInput
from slipway.domain.system_errors import os_errors

_FILE_SCHEME = "file2:"


class KeyUris:
    """Port `SigningKeys` over files and signer URIs, any that securesystemslib knows."""

    def __init__(self, uris: Sequence[str], ask: SecretsHandler | None = None) -> None:
        """`ask` is called for PINs, with what to ask for."""
        self._keys = [_as_path(uri) or KeyService(uri, ask) for uri in uris]

    def sign(self, key: Key, payload: bytes) -> Signature | None:
        """See the port."""
        for each in self._keys:
            signature = (
                each.sign(key, payload)
                if isinstance(each, KeyService)
                else sign_with_file(each, key, payload)
            )
            if signature:
                return signature
        return None


def _as_path(uri: str) -> Path | None:
    """The file that is meant; None for a URI of something else."""
    if uri.startswith(_FILE_SCHEME):
        return Path(uri.removeprefix(_FILE_SCHEME))
    return Path(uri) if ":" not in uri or Path(uri).exists() else None


def sign_with_file(path: Path, key: Key, payload: bytes) -> Signature | None:
    """A signature when the file holds the private half of `key`."""
    data = read_private(path)
    try:
        private = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidInput(
            f"{path} is no private key: {error}",
            hint="It takes PEM, PKCS#8, without a passphrase; slipway keys new makes one",
        ) from error
    try:
        return CryptoSigner(private, key).sign(payload)  # type: ignore[arg-type]
    except (KeyMismatchError, ValueError):
        return None


def read_private(path: Path) -> bytes:
    """What is in a file that only its owner may read; Denied when everyone may."""
    with os_errors(str(path)):
        if path.stat().st_mode & 0o007:
            raise Denied(f"everyone can use the key {path}", hint=f"chmod 600 {path}")
        return path.read_bytes()
