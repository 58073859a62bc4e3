"""What waits for signatures: how many it has, whose would count, and what it would change."""

import hashlib
from collections.abc import Iterable
from typing import Any

from securesystemslib.signer import Key
from tuf.api.metadata import Root, TargetFile, Targets

from slipway.domain.errors import NotFound
from slipway.ports.bucket import Bucket
from slipway.services.trust.documents import Document, role_keys, signatures
from slipway.services.trust.edits import ROOT_ROLES
from slipway.services.trust.key_change import Keys, complete_change, keys_in_force
from slipway.services.trust.layout import FOLDERS, blob
from slipway.services.trust.publication import Waiting
from slipway.services.trust.repository import State

_NAME = "x-slipway-name"


def documents(state: State, roles: Iterable[str]) -> dict[str, Document[Any]]:
    """What waits, of these roles."""
    found: dict[str, Document[Any]] = dict(state.pending)
    if state.pending_root:
        found["root"] = state.pending_root
    return {role: found[role] for role in roles if role in found}


def signers(state: State, role: str) -> list[Key]:
    """The keys whose signatures count for what waits; a new root needs those before it, too."""
    if role not in ROOT_ROLES:
        return role_keys(_coming(state).targets.signed, role)
    roots = [state.root, *([state.pending_root.signed] if state.pending_root else [])]
    return list({key.keyid: key for root in roots for key in role_keys(root, role)}.values())


def waiting(state: State) -> list[Waiting]:
    """All that waits, with the signatures that count."""
    return [
        Waiting(role, *_count(state, role, document))
        for role, document in documents(state, (*ROOT_ROLES, *FOLDERS)).items()
    ]


def waiting_manifests(state: State) -> dict[str, Waiting]:
    """What each manifest waits for that is to be another one than devices see."""
    found: dict[str, Waiting] = {}
    for each in waiting(state):
        if each.role in FOLDERS:
            before = state.roles.get(each.role)
            old = before.signed.targets if before else {}
            new = state.pending[each.role].signed.targets
            found |= {path: each for path in {*old, *new} if old.get(path) != new.get(path)}
    return found


def _count(state: State, role: str, document: Document[Any]) -> tuple[int, int]:
    if role not in ROOT_ROLES:
        return signatures(_coming(state).targets.signed, role, document.metadata)
    new = state.pending_root.signed if state.pending_root else state.root
    counts = [signatures(new, role, document.metadata)]
    if role == "root":  # by the root before as well; the one that lacks more is told
        counts.append(signatures(state.root, role, document.metadata))
    return min(counts, key=lambda count: count[0] - count[1])


def _coming(state: State) -> Keys:
    return complete_change(state) or keys_in_force(state)


def changes(state: State, role: str, bucket: Bucket) -> list[str]:
    """What would be in force with enough signatures and is not now, a line each."""
    document = documents(state, [role])[role]
    if role == "root":
        return _keys_changed("root keys", state.root, document.signed, "root") + _keys_changed(
            "online key", state.root, document.signed, "timestamp"
        )
    before = state.targets if role == "targets" else state.roles.get(role)
    if role == "targets":
        return [
            line
            for folder in FOLDERS
            for line in _keys_changed(
                folder, before.signed if before else None, document.signed, folder
            )
        ]
    old = before.signed.targets if before else {}
    new: dict[str, TargetFile] = document.signed.targets
    lines = [f"- {path}" for path in sorted(old.keys() - new.keys())]
    for path, target in sorted(new.items()):
        if old.get(path) != target and not path.endswith("/index.json"):
            lines.append(f"+ {path} {_about(bucket, path, target)}")
    return lines


def _keys_changed(
    what: str, before: Root | Targets | None, after: Root | Targets, role: str
) -> list[str]:
    one, other = (_who(each, role) if each else "" for each in (before, after))
    return [f"{what}: {one or 'nobody'} → {other}"] if one != other else []


def _who(delegator: Root | Targets, role: str) -> str:
    names = sorted(key_name(key) for key in role_keys(delegator, role))
    return f"{delegator.get_delegated_role(role).threshold} of {', '.join(names)}"


def key_name(key: Key) -> str:
    """How people tell a key from others."""
    name = key.unrecognized_fields.get(_NAME)
    return f"{name} ({key.keyid[:8]})" if isinstance(name, str) else key.keyid[:8]


def _about(bucket: Bucket, path: str, target: TargetFile) -> str:
    """The version and the images of a manifest, from contents that are those to be signed."""
    import yaml

    sha256 = target.hashes["sha256"]
    try:
        data = bucket.read(blob(path, sha256))
    except NotFound:
        return f"sha256:{sha256}, whose contents are not in the bucket"
    if hashlib.sha256(data).hexdigest() != sha256:
        return f"sha256:{sha256}, whose contents in the bucket are others"
    try:
        pod = yaml.safe_load(data)
        version = pod["metadata"].get("annotations", {}).get("dev.slipway.version", "")
        images = [container["image"] for container in pod["spec"]["containers"]]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return f"sha256:{sha256}, which is no pod"
    return " ".join(filter(None, [version, *images]))
