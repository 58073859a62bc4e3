"""The changes of keys that there are; each edits copies of root and targets."""

from collections.abc import Sequence

from securesystemslib.signer import Key
from tuf.api.metadata import DelegatedRole, Role, Root, Targets

from slipway.domain.errors import InvalidInput, NotFound, Refused
from slipway.services.trust.documents import role_keys
from slipway.services.trust.layout import FOLDERS, channel_roles

ONLINE_ROLES = ("snapshot", "timestamp")
ROOT_ROLES = ("root", "targets")


def demand(targets: Targets, folder: str, keys: Sequence[Key], threshold: int) -> None:
    """Let a channel (or `all`) need signatures by these keys."""
    different = {key.keyid: key for key in keys}
    if len(different) < len(keys):
        raise InvalidInput("a key is given twice", hint="Each key counts once; name others")
    if not 1 <= threshold <= len(keys):
        raise InvalidInput(
            f"{threshold} signatures cannot be demanded of {len(keys)} keys",
            hint="Name at least as many keys as signatures are needed, and demand one or more",
        )
    for role in channel_roles(folder):
        delegate(targets, role, keys, threshold)


def back_to_online(root: Root, targets: Targets, folder: str) -> None:
    """Let the online key sign a channel again."""
    for role in channel_roles(folder):
        delegate(targets, role, role_keys(root, "timestamp"), 1)


def rotate_online(root: Root, targets: Targets, new: Key) -> None:
    """Put a new online key in the place of the one before, wherever that signs."""
    old = set(root.roles["timestamp"].keyids)
    entrust(root, ONLINE_ROLES, [new], 1)
    for role in FOLDERS:
        if set(targets.get_delegated_role(role).keyids) <= old:
            delegate(targets, role, [new], 1)


def rotate_root(root: Root, keys: Sequence[Key], threshold: int) -> None:
    """Put new root keys in the place of all before."""
    if not 1 <= threshold <= len({key.keyid for key in keys}):
        raise InvalidInput(
            f"{threshold} of {len(keys)} root keys cannot be demanded",
            hint="Give at least one key, each once, and demand from 1 to all of them",
        )
    entrust(root, ROOT_ROLES, keys, threshold)


def revoke(root: Root, targets: Targets, keyid: str) -> None:
    """Take a key from every role that it may sign for; `keyid`: the first digits are enough."""
    known = {**root.keys, **(targets.delegations.keys if targets.delegations else {})}
    found = [each for each in known if keyid and each.startswith(keyid)]
    if len(found) != 1:
        raise NotFound(
            f"{len(found) or 'no'} keys of the repository begin with {keyid!r}",
            hint="slipway keys status shows the ids of all keys",
        )
    if found[0] in root.roles["timestamp"].keyids:
        raise Refused(
            "without the online key nothing could be published",
            hint="slipway keys rotate online puts another one in its place",
        )
    for role in ROOT_ROLES:
        if found[0] in root.roles[role].keyids:
            rest = _without(root, role, root.roles[role], found[0])
            entrust(root, [role], rest, root.roles[role].threshold)
    for role in FOLDERS:
        delegated = targets.get_delegated_role(role)
        if found[0] in delegated.keyids:
            rest = _without(targets, role, delegated, found[0])
            delegate(targets, role, rest, delegated.threshold)


def _without(delegator: Root | Targets, name: str, role: Role, keyid: str) -> list[Key]:
    rest = [key for key in role_keys(delegator, name) if key.keyid != keyid]
    if len(rest) < role.threshold:
        command = "rotate root" if name in ROOT_ROLES else f"demand {name.partition('.')[2]}"
        raise Refused(
            f"{name} needs {role.threshold} signatures, and would have {len(rest)} keys left",
            hint=f"slipway keys {command} names other keys",
        )
    return rest


def delegate(targets: Targets, role: str, keys: Sequence[Key], threshold: int) -> None:
    """Let these keys, and no others, sign for a folder's role."""
    delegations = targets.delegations
    if delegations is None or delegations.roles is None:
        raise Refused("the targets metadata delegates nothing", hint="It is not Slipway's")
    keyids = [key.keyid for key in keys]
    delegations.roles[role] = DelegatedRole(
        role, keyids, threshold, terminating=True, paths=[f"{FOLDERS[role]}/*"]
    )
    used = {keyid for each in delegations.roles.values() for keyid in each.keyids}
    delegations.keys = _used(delegations.keys, keys, used)


def entrust(root: Root, roles: Sequence[str], keys: Sequence[Key], threshold: int) -> None:
    """Let these keys, and no others, sign for top-level roles."""
    for role in roles:
        root.roles[role].keyids = [key.keyid for key in keys]
        root.roles[role].threshold = threshold
    used = {keyid for each in root.roles.values() for keyid in each.keyids}
    root.keys = _used(root.keys, keys, used)


def _used(known: dict[str, Key], new: Sequence[Key], used: set[str]) -> dict[str, Key]:
    return {k: key for k, key in {**known, **{n.keyid: n for n in new}}.items() if k in used}
