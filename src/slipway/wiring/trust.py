"""Keys, and what is signed with them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.domain.errors import NotFound
from slipway.settings import Settings
from slipway.wiring.buckets import deploy_bucket

if TYPE_CHECKING:
    from slipway.adapters.key_folder import KeyFolder
    from slipway.services.trust.change_keys import KeyChanges
    from slipway.services.trust.publication import Waiting
    from slipway.services.trust.publish import Publisher
    from slipway.services.trust.sign import PendingSignatures
    from slipway.services.trust.status import TrustState


def key_folder(settings: Settings) -> "KeyFolder":
    """The keys that this machine signs with, and the root it trusts."""
    from slipway.adapters.key_folder import KeyFolder
    from slipway.adapters.key_uris import read_private

    def pin(_what: str) -> str:
        return read_private(Path(settings.trust.pin_file)).decode().strip()

    return KeyFolder(settings.keys, settings.trust.online, pin if settings.trust.pin_file else None)


def make_keys(
    settings: Settings, *, root_keys: int, threshold: int, online: Path | None = None
) -> None:
    """Make the keys and the repository of this installation; `online`: the public half of a key
    that lies elsewhere, instead of a new one in the folder."""
    from slipway.adapters.key_folder import read_public
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.trust.change_keys import new_repository

    new_repository(
        deploy_bucket(settings),
        key_folder(settings),
        SystemClock(),
        root_keys=root_keys,
        threshold=threshold,
        online=read_public(online) if online else None,
    )


def make_embedded_keys(settings: Settings) -> bool:
    """Make the embedded default's keys the first time, and say whether it was that."""
    if settings.buckets.deploy or settings.trust.keys or settings.trust.online:
        return False
    if (settings.keys / "root.json").exists():
        return False
    make_keys(settings, root_keys=3, threshold=2)
    return True


def key_changes(settings: Settings, uris: Sequence[str], ask: Callable[[str], str]) -> "KeyChanges":
    """What changes keys; `uris`: of root keys that are not in the folder, `ask`: for their PINs."""
    from slipway.adapters.key_folder import KeyFolder
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.trust.change_keys import KeyChanges

    keys = KeyFolder(settings.keys, uris, ask)
    return KeyChanges(deploy_bucket(settings), keys, SystemClock())


def pending_signatures(settings: Settings) -> "PendingSignatures":
    """What waits for people's signatures."""
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.trust.sign import PendingSignatures

    return PendingSignatures(deploy_bucket(settings), key_folder(settings), SystemClock())


def waiting_manifests(settings: Settings) -> "dict[str, Waiting]":
    """What waits for signatures, by key in the deploy bucket; nothing where there are no keys."""
    from slipway.services.trust.layout import PENDING

    if next(iter(deploy_bucket(settings).objects(PENDING)), None) is None:
        return {}  # without the time that the import of python-tuf takes
    from slipway.services.trust.waiting import waiting_manifests as waiting

    try:
        return waiting(pending_signatures(settings).state())
    except NotFound:
        return {}


def trust_state(settings: Settings) -> "TrustState":
    """All keys, what they sign, and what waits."""
    from slipway.services.trust.repository import RepositoryReader
    from slipway.services.trust.status import trust_state as state_of

    keys = key_folder(settings)
    return state_of(RepositoryReader(deploy_bucket(settings), keys.pinned_root).read(), keys)


def publisher(settings: Settings) -> "Publisher":
    """What signs and publishes to devices."""
    from slipway.adapters.system_clock import SystemClock
    from slipway.services.trust.publish import Publisher

    return Publisher(deploy_bucket(settings), key_folder(settings), SystemClock())
