"""Private keys as files, and behind the URIs of securesystemslib's signers."""

from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from securesystemslib.exceptions import (
    KeyMismatchError,
    UnsupportedLibraryError,
    UnverifiedSignatureError,
)
from securesystemslib.signer import (
    SIGNER_FOR_URI_SCHEME,
    CryptoSigner,
    Key,
    SecretsHandler,
    Signature,
    Signer,
)

from slipway.domain.errors import Denied, InvalidInput, MissingTool, Unavailable
from slipway.domain.system_errors import os_errors

_FILE_SCHEME = "file2:"


class KeyUris:
    """Port `SigningKeys` over files and signer URIs, any that securesystemslib knows."""

    def __init__(self, uris: Sequence[str], ask: SecretsHandler | None = None) -> None:
        """`ask` is called for PINs, with what to ask for."""
        self._uris = uris
        self._ask = ask

    def sign(self, key: Key, payload: bytes) -> Signature | None:
        """See the port."""
        for uri in self._uris:
            path = _as_path(uri)
            signer = signer_of_file(path, key) if path else _of_uri(uri, key, self._ask)
            if signer and (signature := signature_of(signer, key, payload, uri)):
                return signature
        return None


def _as_path(uri: str) -> Path | None:
    """The file that is meant; None for a URI of something else."""
    if uri.startswith(_FILE_SCHEME):
        return Path(uri.removeprefix(_FILE_SCHEME))
    return Path(uri) if ":" not in uri or Path(uri).exists() else None


def signer_of_file(path: Path, key: Key) -> Signer | None:
    """A signer when the file holds the private half of `key`."""
    with os_errors(str(path)):
        if path.stat().st_mode & 0o007:
            raise Denied(f"everyone can use the key {path}", hint=f"chmod 600 {path}")
        data = path.read_bytes()
    try:
        private = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidInput(
            f"{path} is no private key: {error}",
            hint="It takes PEM, PKCS#8, without a passphrase; slipway keys new makes one",
        ) from error
    try:
        return CryptoSigner(private, key)  # type: ignore[arg-type]
    except (KeyMismatchError, ValueError):
        return None


def _of_uri(uri: str, key: Key, ask: SecretsHandler | None) -> Signer | None:
    scheme = uri.partition(":")[0]
    if scheme not in SIGNER_FOR_URI_SCHEME:
        raise InvalidInput(
            f"{uri} is neither a file nor the URI of a signer",
            hint=f"Signers are {', '.join(f'{known}:' for known in sorted(SIGNER_FOR_URI_SCHEME))}",
        )
    try:
        return Signer.from_priv_key_uri(uri, key, ask)
    except (KeyMismatchError, ValueError):  # of another key
        return None
    except UnsupportedLibraryError as error:
        raise MissingTool(f"{uri}: {error}", hint="Install what the signer needs") from error
    except Exception as error:
        raise Unavailable(f"{uri}: {error}") from error


def signature_of(signer: Signer, key: Key, payload: bytes, where: str) -> Signature | None:
    """None when the signature is of another key: not every signer can tell before."""
    try:
        signature = signer.sign(payload)
    except Exception as error:
        raise Unavailable(f"{where} does not sign: {error}") from error
    try:
        key.verify_signature(signature, payload)
    except UnverifiedSignatureError:
        return None
    return signature
