"""Key files: a folder of them with the root that is trusted here, and people's key pairs.

The folder holds `ROLE-KEYID.pem` (PKCS#8, not encrypted, mode 0600) and `root.json`. Other PEM
files in it are tried as well, whatever their name.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from securesystemslib.signer import CryptoSigner, Key, SecretsHandler, Signature, SSlibKey

from slipway.adapters.files import replacing, settle
from slipway.adapters.key_uris import KeyUris, sign_with_file
from slipway.domain.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from slipway.domain.system_errors import os_errors

_SHORT = 8  # digits of a key's id in its file name


class KeyFolder:
    """Port `KeyStore` over a folder, which is made when it is needed."""

    def __init__(
        self, folder: Path, uris: Sequence[str] = (), ask: SecretsHandler | None = None
    ) -> None:
        """`uris`: of keys that lie elsewhere and may be used as well."""
        self._folder = folder
        self._uris = KeyUris(uris, ask)

    def sign(self, key: Key, payload: bytes) -> Signature | None:
        """See the port."""
        if signature := self._uris.sign(key, payload):  # what is named has to be usable
            return signature
        for path in self._files():
            if signature := sign_with_file(path, key, payload):
                return signature
        return None

    def create(self, role: str) -> Key:
        """See the port."""
        signer = CryptoSigner.generate_ed25519()
        path = self._folder / f"{role}-{signer.public_key.keyid[:_SHORT]}.pem"
        self._make_folder()
        write_private(path, signer.private_bytes)
        return signer.public_key

    def pinned_root(self) -> bytes:
        """See the port."""
        path = self._folder / "root.json"
        try:
            with os_errors(str(path)):
                return path.read_bytes()
        except NotFound:
            raise NotFound(
                f"{path} does not exist: this installation has no keys yet",
                hint="slipway keys init makes them; or copy the folder from where they were made",
            ) from None

    def pin_root(self, data: bytes) -> None:
        """See the port."""
        path = self._folder / "root.json"
        self._make_folder()
        with os_errors(str(path)):
            if path.exists() and path.read_bytes() == data:
                return
        with replacing(path) as file:
            file.write(data)

    def _make_folder(self) -> None:
        with os_errors(str(self._folder)):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _files(self) -> Iterator[Path]:
        with os_errors(str(self._folder)):
            return iter(sorted(self._folder.glob("*.pem")))


def write_private(path: Path, data: bytes) -> None:
    """Create a file that only its owner can read; AlreadyExists."""
    try:
        with os_errors(str(path)):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except Conflict:
        raise AlreadyExists(
            f"{path} exists already", hint="Keys are never overwritten; choose another name"
        ) from None
    with os_errors(str(path)), os.fdopen(descriptor, "wb") as file:
        file.write(data)
        settle(file)


def read_public(path: Path) -> Key:
    """The public key in a PEM file; its name goes into the repository's metadata."""
    try:
        with os_errors(str(path)):
            key: Key = SSlibKey.from_crypto(serialization.load_pem_public_key(path.read_bytes()))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidInput(
            f"{path} is no public key in PEM form: {error}",
            hint="slipway keys new makes a pair; give the .pub of it",
        ) from error
    key.unrecognized_fields["x-slipway-name"] = path.stem
    return key


def write_public(path: Path, pem: bytes) -> None:
    """Create a file of a public key; AlreadyExists."""
    _require_new(path)
    with replacing(path) as file:
        file.write(pem)


def make_pair(path: Path) -> Path:
    """Make `path`, a private key, and beside it the public one; the latter's path."""
    signer = CryptoSigner.generate_ed25519()
    public = path.with_suffix(".pub")
    if public == path:
        raise InvalidInput(f"{path} is how a public key ends", hint="Choose another name, KEY.pem")
    _require_new(public)
    write_private(path, signer.private_bytes)
    pem = serialization.load_pem_private_key(signer.private_bytes, None).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    write_public(public, pem.public_bytes(serialization.Encoding.PEM, form))
    return public


def _require_new(path: Path) -> None:
    if path.exists():
        raise AlreadyExists(f"{path} exists already", hint="Choose another name")
