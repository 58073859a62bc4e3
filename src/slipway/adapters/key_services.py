"""A private key that never leaves its HSM or its key service, behind a URI of securesystemslib.

    hsm:2?label=TOKEN    a PKCS#11 token, whose library PYKCS11LIB names
    awskms:KEY           AWS KMS; credentials and region as for every other tool of AWS
    gcpkms:, azurekms: … whatever else securesystemslib signs with

An HSM and AWS KMS tell which key they hold. So they are asked to sign only for that one, and a PIN
is only asked for where it is needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

from securesystemslib.exceptions import (
    KeyMismatchError,
    UnsupportedLibraryError,
    UnverifiedSignatureError,
)
from securesystemslib.signer import (
    SIGNER_FOR_URI_SCHEME,
    AWSSigner,
    HSMSigner,
    Key,
    SecretsHandler,
    Signature,
    Signer,
    SSlibKey,
)

from slipway.adapters.key_service_errors import of_aws, of_hsm
from slipway.domain.errors import Denied, InvalidInput, MissingTool, SlipwayError, Unavailable

_TELL = (HSMSigner.SCHEME, AWSSigner.SCHEME)


class KeyService:
    """The key behind one URI."""

    def __init__(self, uri: str, ask: SecretsHandler | None = None) -> None:
        """`ask` is called for a PIN, with what to ask for."""
        self._uri = uri
        self._scheme = uri.partition(":")[0]
        self._pin = _Pin(uri, ask)
        self._public = b""

    def public_pem(self) -> bytes:
        """The public half, as PEM; InvalidInput where the service has no way to tell it."""
        if not self._public:
            with self._told():
                self._public = str(self._import().keyval["public"]).encode()
        return self._public

    def sign(self, key: Key, payload: bytes) -> Signature | None:
        """A signature that `key` verifies; None when the service holds another key."""
        if self._scheme not in SIGNER_FOR_URI_SCHEME:
            known = ", ".join(f"{scheme}:" for scheme in sorted(SIGNER_FOR_URI_SCHEME))
            raise InvalidInput(
                f"{self._uri} is neither a file nor the URI of a signer",
                hint=f"Signers are {known}",
            )
        if self._scheme in _TELL and not self._holds(key):
            return None
        with self._told():
            try:
                signer = Signer.from_priv_key_uri(self._uri, key, self._pin)
            except (KeyMismatchError, ValueError):  # of another key
                return None
            signature = signer.sign(payload)
        try:
            key.verify_signature(signature, payload)
        except UnverifiedSignatureError:
            return None
        return signature

    def _holds(self, key: Key) -> bool:
        public = str(key.keyval.get("public", ""))
        return public.strip().encode() == self.public_pem().strip()

    def _import(self) -> SSlibKey:
        _, _, rest = self._uri.partition(":")
        if self._scheme == AWSSigner.SCHEME:
            return AWSSigner.import_(rest)[1]
        if self._scheme == HSMSigner.SCHEME:
            number, _, query = rest.partition("?")
            if number and not number.isdecimal():
                raise InvalidInput(
                    f"{self._uri}: the key {number!r} is not a number",
                    hint="Write hsm:2?label=TOKEN for the key with the PKCS#11 id 02",
                )
            label = parse_qs(query).get("label", [None])[0]
            return HSMSigner.import_(int(number) if number else None, label, self._pin)[1]
        raise InvalidInput(
            f"the public half of {self._uri} cannot be read from here",
            hint="Export it as PEM with the tool of the service",
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SlipwayError:
            raise
        except UnsupportedLibraryError as error:
            raise MissingTool(
                f"{self._uri}: {error}",
                hint="Install slipway[hsm] or slipway[awskms], for another signer what"
                " securesystemslib wants",
            ) from error
        except Exception as error:
            if self._scheme == HSMSigner.SCHEME:
                raise of_hsm(error, self._uri, self._pin.refused) from error
            if self._scheme == AWSSigner.SCHEME:
                raise of_aws(error, self._uri) from error
            raise Unavailable(f"{self._uri} does not sign: {error}") from error


class _Pin:
    """The PIN of one token, asked for once. One that the token has refused is not sent again: after
    a few of them it locks itself, and a tag monitor would try every minute."""

    def __init__(self, uri: str, ask: SecretsHandler | None) -> None:
        self._uri = uri
        self._ask = ask
        self._known = ""
        self._bad = ""

    def __call__(self, _what: str) -> str:
        if not self._known and self._ask:
            self._known = self._ask(f"PIN of {self._uri}")
        if not self._known:
            raise Denied(
                f"{self._uri} wants a PIN, and there is nobody to type it",
                hint="Write it into a file of mode 0600, and name that in trust.pin_file",
            )
        if self._known == self._bad:
            self._known = ""
            raise Denied(
                f"{self._uri}: the PIN is the one that was refused before",
                hint="Correct it in the file trust.pin_file",
            )
        return self._known

    def refused(self) -> None:
        """The token does not take it."""
        self._bad, self._known = self._known, ""
