"""Makes changes of keys: the next root and targets, signed with the root keys that are here.

A change waits under `pending/` until enough root keys have signed it, then the tag monitor
publishes it. A change that is made while another one waits goes on from that one.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy

from securesystemslib.signer import Key
from tuf.api.metadata import Delegations, Metadata, Root, T, Targets

from slipway.domain.errors import AlreadyExists, InvalidInput, NotFound, Refused
from slipway.ports.bucket import Bucket
from slipway.ports.clock import Clock
from slipway.ports.signing_keys import KeyStore, SigningKeys
from slipway.services.trust.documents import Document, expiry, role_keys, sealed, signatures
from slipway.services.trust.edits import ONLINE_ROLES, ROOT_ROLES, delegate, entrust
from slipway.services.trust.layout import FOLDERS, OFFLINE_LIFETIME, pending, versioned
from slipway.services.trust.repository import RepositoryReader, State

Edit = Callable[[Root, Targets], None]


def new_repository(
    bucket: Bucket,
    keys: KeyStore,
    clock: Clock,
    *,
    root_keys: int,
    threshold: int,
    online: Key | None = None,
) -> None:
    """Make keys and the first root, and leave the targets for the tag monitor to publish.
    AlreadyExists when there is a root here or in the bucket; `online`: a key that there is."""
    if not 1 <= threshold <= root_keys:
        raise InvalidInput(
            f"{threshold} of {root_keys} root keys cannot be demanded",
            hint="Make at least one key, and demand from 1 to all of them",
        )
    _require_none(bucket, keys)
    online = online or keys.create("online")
    root, targets = Root(), Targets(delegations=Delegations({}, {}))
    made = [keys.create("root") for _ in range(root_keys)]
    entrust(root, ROOT_ROLES, made, threshold)
    entrust(root, ONLINE_ROLES, [online], 1)
    for role in FOLDERS:
        delegate(targets, role, [online], 1)
    first = _signed(root, 1, made, keys, clock)
    bucket.write(pending("targets"), _signed(targets, 1, made, keys, clock).data)
    bucket.create(versioned("root", 1), first.data)
    keys.pin_root(first.data)


def _require_none(bucket: Bucket, keys: KeyStore) -> None:
    """AlreadyExists when there is a root here or in the bucket."""
    try:
        keys.pinned_root()
    except NotFound:
        pass
    else:
        raise AlreadyExists(
            "there are keys and a root already",
            hint="slipway keys status shows them, slipway keys rotate replaces them",
        )
    if next(iter(bucket.objects(versioned("root", 1))), None):
        raise AlreadyExists(
            f"{bucket.url} holds a TUF repository already, of a root that is not here",
            hint="Put its root.json and keys into the folder trust.keys. Or start again: delete"
            " metadata/, targets/ and pending/ of the bucket; all devices then need the new root",
        )


class KeyChanges:
    """Changes the keys of a repository that is there."""

    def __init__(self, bucket: Bucket, keys: KeyStore, clock: Clock) -> None:
        self._bucket = bucket
        self._keys = keys
        self._clock = clock
        self._reader = RepositoryReader(bucket, keys.pinned_root)

    def change(self, edit: Edit, *, renew: bool = False) -> bool:
        """Let `edit` change copies of root and targets, and leave them to be published; False when
        that changes nothing. `renew`: a new version of both in any case."""
        state = self._reader.read()
        root, targets = _base(state)
        edit(root, targets)
        known = state.targets.signed if state.targets else None
        new_root = renew or (root.keys, root.roles) != (state.root.keys, state.root.roles)
        same = known is not None and targets.delegations == known.delegations
        if not new_root:  # what waits may be what is undone now
            self._bucket.delete(pending("root"))
            if same:
                self._bucket.delete(pending("targets"))
                return False
        else:
            keys = [*role_keys(state.root, "root"), *role_keys(root, "root")]
            upcoming = self._signed(root, state.root.version + 1, keys)
            self._bucket.write(pending("root"), upcoming.data)
        keys = [*role_keys(state.root, "targets"), *role_keys(root, "targets")]
        version = (known.version if known else 0) + 1
        while versioned("targets", version) in state.keys:  # of a publication that was cut off
            version += 1
        self._bucket.write(pending("targets"), self._signed(targets, version, keys).data)
        return True

    def _signed(self, signed: T, version: int, keys: Sequence[Key]) -> Document[T]:
        document = _signed(signed, version, keys, self._keys, self._clock)
        if not document.metadata.signatures:
            raise Refused(
                "none of the root keys is here",
                hint="Name them with --key FILE-or-URI. Without enough root keys nothing can be"
                " changed any more: see docs/trust.md, lost root keys",
            )
        return document


def _base(state: State) -> tuple[Root, Targets]:
    """What a change goes on from: what waits already, if a root key has signed it."""
    root, targets = state.roots[-1], state.targets
    waiting = state.pending.get("targets")
    if waiting and signatures(state.root, "targets", waiting.metadata)[0]:
        targets = waiting
    upcoming = state.pending_root
    if (
        upcoming
        and upcoming.signed.version == root.signed.version + 1
        and signatures(state.root, "root", upcoming.metadata)[0]
    ):
        root = upcoming
    if targets is None:
        raise NotFound("the bucket has no targets metadata, neither in metadata/ nor in pending/")
    return deepcopy(root.signed), deepcopy(targets.signed)


def _signed(
    signed: T, version: int, keys: Sequence[Key], signers: SigningKeys, clock: Clock
) -> Document[T]:
    signed.version = version
    signed.expires = expiry(clock.now(), OFFLINE_LIFETIME)
    return sealed(Metadata(signed), {key.keyid: key for key in keys}.values(), signers)
