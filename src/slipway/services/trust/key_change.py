"""A change of keys: new targets, and where root keys or the online key change a new root; they
are in force together."""

from dataclasses import dataclass

from tuf.api.metadata import Root, Targets

from slipway.domain.errors import NotFound
from slipway.services.trust.documents import Document, verified
from slipway.services.trust.layout import FOLDERS
from slipway.services.trust.repository import State


@dataclass(frozen=True)
class Keys:
    """Who may sign what: the root, and the targets with the delegations to the folders' roles."""

    root: Document[Root]
    targets: Document[Targets]


def keys_in_force(state: State) -> Keys:
    """Those that devices go by; NotFound before the root keys have signed for the first time."""
    if state.targets is None:
        raise NotFound(
            "the deploy bucket's targets metadata is missing, or not signed by enough root keys",
            hint="slipway keys status shows what waits for signatures. If nothing does, restore"
            " metadata/ of the bucket from a backup",
        )
    return Keys(state.roots[-1], state.targets)


def complete_change(state: State) -> Keys | None:
    """The change that waits, once enough root keys have signed it."""
    root, targets = state.pending_root, state.pending.get("targets")
    if root is None or root.data == state.roots[-1].data:  # published, then cut off
        root = state.roots[-1]
    elif not follows(root, state):
        return None
    if targets is None:
        return None
    if state.targets and targets.data == state.targets.data:
        targets = state.targets
    elif state.targets and targets.signed.version <= state.targets.signed.version:
        return None
    if root is state.roots[-1] and targets is state.targets:
        return None
    return Keys(root, targets) if verified_targets(root, targets) else None


def follows(root: Document[Root], state: State) -> bool:
    """Whether devices will take it as the next root."""
    return (
        root.signed.version == state.root.version + 1
        and verified(state.root, "root", root.metadata)
        and verified(root.signed, "root", root.metadata)
    )


def verified_targets(root: Document[Root], targets: Document[Targets]) -> bool:
    """Whether the targets are signed by enough of the root's keys, and delegate as they should."""
    delegations = targets.signed.delegations
    roles = delegations.roles if delegations else None
    return (
        roles is not None
        and roles.keys() == FOLDERS.keys()
        and not targets.signed.targets
        and verified(root.signed, "targets", targets.metadata)
    )


def folders_that_differ(one: Keys, other: Keys) -> frozenset[str]:
    """The folders for which not the same keys may sign."""
    return frozenset(
        folder
        for role, folder in FOLDERS.items()
        if _delegated(one, role) != _delegated(other, role)
    )


def _delegated(keys: Keys, role: str) -> tuple[frozenset[str], int]:
    delegated = keys.targets.signed.get_delegated_role(role)
    return frozenset(delegated.keyids), delegated.threshold
