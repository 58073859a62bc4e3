"""Shows people what waits for their signatures, and adds them to just what was shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from securesystemslib.signer import Key, Signature
from tuf.api.metadata import Metadata, Root, Targets

from slipway.domain.errors import Conflict, NotFound, Refused
from slipway.ports.bucket import Bucket
from slipway.ports.clock import Clock
from slipway.ports.signing_keys import KeyStore, SigningKeys
from slipway.services.trust.documents import Document, expiry, parse
from slipway.services.trust.edits import ROOT_ROLES
from slipway.services.trust.layout import CLOCKS, OFFLINE_LIFETIME, channel_roles, pending
from slipway.services.trust.publication import Waiting
from slipway.services.trust.repository import RepositoryReader, State
from slipway.services.trust.waiting import changes, documents, key_name, signers, waiting

_TRIES = 5


@dataclass(frozen=True)
class Shown:
    """What a person is about to sign."""

    state: State
    documents: Mapping[str, Document[Any]]  # by role
    changes: tuple[str, ...]  # what that would bring, a line each


class PendingSignatures:
    """What waits in one bucket."""

    def __init__(self, bucket: Bucket, keys: KeyStore, clock: Clock) -> None:
        self._bucket = bucket
        self._clock = clock
        self._reader = RepositoryReader(bucket, keys.pinned_root)

    def state(self) -> State:
        """The repository; NotFound without one, Refused when it is not to be trusted."""
        return self._reader.read()

    def show(self, what: str) -> Shown:
        """What waits of a channel, of `all`, or of `root`: changes of keys. NotFound for nothing,
        Refused for what no monitor has put there."""
        roles = list(ROOT_ROLES) if what == "root" else channel_roles(what)
        state = self.state()
        found = documents(state, roles)
        if not found:
            raise NotFound(
                f"nothing of {what} waits for signatures",
                hint="The tag monitor puts a move there when it sees it; slipway keys status"
                " shows all that waits",
            )
        latest = expiry(self._clock.now(), OFFLINE_LIFETIME + CLOCKS)
        for role, document in found.items():
            if document.signed.expires > latest:
                raise Refused(
                    f"{pending(role)} would be valid until {document.signed.expires:%Y-%m-%d}",
                    hint="No monitor makes it so. Delete it, and find out who wrote it",
                )
        lines = [line for role in found for line in changes(state, role, self._bucket)]
        return Shown(state, found, tuple(lines))

    def sign(self, shown: Shown, keys: SigningKeys) -> list[Waiting]:
        """Sign just that; how it stands then. Refused when these keys may not, Conflict when
        something else waits meanwhile."""
        known: dict[str, Key] = {}
        signed = False
        for role, document in shown.documents.items():
            payload = document.metadata.signed_bytes
            may = {key.keyid: key for key in signers(shown.state, role)}
            made = {k: s for k, key in may.items() if (s := keys.sign(key, payload))}
            if made:
                signed = True
                self._add(role, document, made)
            known |= may
        if not signed:
            raise Refused(
                "this key may not sign it",
                hint=f"Those that may: {', '.join(map(key_name, known.values())) or 'none'}",
            )
        return [each for each in waiting(self.state()) if each.role in shown.documents]

    def _add(self, role: str, document: Document[Any], made: Mapping[str, Signature]) -> None:
        """Write it, and look whether another one has written at the same time."""
        for _ in range(_TRIES):
            try:
                data = self._bucket.read(pending(role))
            except NotFound:
                return  # enough had signed: it is published
            now: Metadata[Any] = (
                parse(data, Root, pending(role)).metadata
                if role == "root"
                else parse(data, Targets, pending(role)).metadata
            )
            if now.signed_bytes != document.metadata.signed_bytes:
                break
            if made.items() <= now.signatures.items():
                return
            now.signatures.update(made)
            self._bucket.write(pending(role), now.to_bytes())
        raise Conflict(
            f"{pending(role)} was changed while it was signed",
            hint="Look again at what waits, and sign that",
        )
