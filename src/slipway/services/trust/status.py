"""All keys and what they sign, how long it is valid, and what waits: for people and machines."""

from dataclasses import dataclass

from securesystemslib.signer import Key
from tuf.api.metadata import Root, Signed, Targets

from slipway.ports.signing_keys import SigningKeys
from slipway.services.trust.documents import role_keys
from slipway.services.trust.layout import FOLDERS, SIGNED_AT
from slipway.services.trust.publication import Waiting
from slipway.services.trust.repository import State
from slipway.services.trust.waiting import key_name, waiting

_PROBE = b"slipway keys status"  # what keys sign to show that they are here


@dataclass(frozen=True)
class KeyState:
    """One key of a role."""

    keyid: str
    name: str
    kind: str
    here: bool  # this machine can sign with it


@dataclass(frozen=True)
class RoleState:
    """Who signs a role, and until when what is signed is valid."""

    role: str
    threshold: int
    keys: tuple[KeyState, ...]
    version: int  # 0: not published yet
    expires: int  # unix seconds


@dataclass(frozen=True)
class TrustState:
    """The whole repository."""

    signed: int  # unix seconds when the timestamp in force was signed; 0: never
    roles: tuple[RoleState, ...]
    waiting: tuple[Waiting, ...]


def trust_state(state: State, keys: SigningKeys) -> TrustState:
    """What `slipway keys status` shows."""
    known: dict[str, KeyState] = {}

    def shown(key: Key) -> KeyState:
        if key.keyid not in known:
            here = keys.sign(key, _PROBE) is not None
            known[key.keyid] = KeyState(key.keyid, key_name(key), key.keytype, here)
        return known[key.keyid]

    def role_state(role: str, delegator: Root | Targets, signed: Signed | None) -> RoleState:
        return RoleState(
            role,
            delegator.get_delegated_role(role).threshold,
            tuple(shown(key) for key in role_keys(delegator, role)),
            signed.version if signed else 0,
            int(signed.expires.timestamp()) if signed else 0,
        )

    targets = state.targets.signed if state.targets else None
    timestamp = state.timestamp.signed if state.timestamp else None
    roles = [
        role_state("root", state.root, state.root),
        role_state("targets", state.root, targets),
        role_state("snapshot", state.root, state.snapshot.signed if state.snapshot else None),
        role_state("timestamp", state.root, timestamp),
    ]
    if targets:
        documents = {role: state.roles.get(role) for role in FOLDERS}
        roles += [role_state(r, targets, d.signed if d else None) for r, d in documents.items()]
    signed = timestamp.unrecognized_fields.get(SIGNED_AT, 0) if timestamp else 0
    return TrustState(signed, tuple(roles), tuple(waiting(state)))
