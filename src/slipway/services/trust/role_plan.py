"""Decides what each folder's role is to say: the metadata that stands, new metadata that the
online key signs here, or metadata that waits for the signatures of people."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tuf.api.metadata import Metadata, Root, Targets

from slipway.ports.signing_keys import SigningKeys
from slipway.services.trust.documents import (
    Document,
    expiry,
    is_due,
    online_key_missing,
    role_keys,
    sealed,
    signatures,
    verified,
)
from slipway.services.trust.folder_targets import FolderTargets, Rendered, folder_targets
from slipway.services.trust.layout import (
    CLOCKS,
    FOLDERS,
    OFFLINE_LIFETIME,
    ONLINE_LIFETIME,
    versioned,
)
from slipway.services.trust.publication import Waiting
from slipway.services.trust.repository import State


@dataclass
class RolePlan:
    """What is to be in force for every role, and what is to wait."""

    roles: dict[str, Document[Targets]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)  # of targets, by key
    staged: dict[str, Document[Targets]] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every role has metadata that devices will take."""
        return self.roles.keys() == FOLDERS.keys()


@dataclass(frozen=True)
class RolePlanner:
    """Plans on one state of the repository."""

    state: State
    keys: SigningKeys
    now: int
    free: Callable[[str, bytes], bool]  # whether a version can be created, or was with these bytes

    def plan(self, root: Root, targets: Targets, rendered: Rendered) -> RolePlan:
        """Under these keys."""
        plan = RolePlan()
        for role, folder in FOLDERS.items():
            before = self.state.roles.get(role)
            wanted = folder_targets(folder, before, rendered)
            plan.contents |= wanted.contents
            keyids = targets.get_delegated_role(role).keyids
            if set(keyids) <= set(root.get_delegated_role("timestamp").keyids):
                self._online(role, targets, wanted, plan)
            else:
                self._offline(role, targets, wanted, plan, fixed=folder not in rendered.folders)
        return plan

    def _online(self, role: str, targets: Targets, wanted: FolderTargets, plan: RolePlan) -> None:
        if self._stands(role, targets, wanted, ONLINE_LIFETIME):
            plan.roles[role] = self.state.roles[role]
            return
        new = sealed(self._next(role, wanted, ONLINE_LIFETIME), role_keys(targets, role), self.keys)
        if not verified(targets, role, new.metadata):
            raise online_key_missing(role)
        plan.roles[role] = new

    def _offline(
        self, role: str, targets: Targets, wanted: FolderTargets, plan: RolePlan, *, fixed: bool
    ) -> None:
        """As it stands until enough people have signed what it is to become."""
        before = self.state.roles.get(role)
        if before and verified(targets, role, before.metadata):
            plan.roles[role] = before
        if fixed or self._stands(role, targets, wanted, OFFLINE_LIFETIME):
            return
        waiting = self._staged(role, wanted)
        found, threshold = signatures(targets, role, waiting.metadata)
        if found >= threshold:
            plan.roles[role] = waiting
        else:
            plan.staged[role] = waiting
            plan.waiting.append(Waiting(role, found, threshold))

    def _stands(self, role: str, targets: Targets, wanted: FolderTargets, lifetime: int) -> bool:
        before = self.state.roles.get(role)
        return (
            before is not None
            and wanted.same(before)
            and verified(targets, role, before.metadata)
            and not is_due(before.signed, self.now, lifetime)
        )

    def _staged(self, role: str, wanted: FolderTargets) -> Document[Targets]:
        """What waits already, if it says what is wanted now; else anew, without signatures."""
        staged = self.state.pending.get(role)
        if (
            staged
            and wanted.same(staged)
            and staged.signed.delegations is None
            and self._version(role) < staged.signed.version <= self._next_version(role)
            and self.free(versioned(role, staged.signed.version), staged.data)
            and not is_due(staged.signed, self.now, OFFLINE_LIFETIME)
            and staged.signed.expires <= expiry(self.now, OFFLINE_LIFETIME + CLOCKS)
        ):
            return staged
        new = self._next(role, wanted, OFFLINE_LIFETIME)
        return Document(new, new.to_bytes())

    def _next(self, role: str, wanted: FolderTargets, lifetime: int) -> Metadata[Targets]:
        expires = expiry(self.now, lifetime)
        return Metadata(Targets(self._next_version(role), None, expires, dict(wanted.targets)))

    def _next_version(self, role: str) -> int:
        version = self._version(role) + 1
        while versioned(role, version) in self.state.keys:  # of a publication that was cut off
            version += 1
        return version

    def _version(self, role: str) -> int:
        snapshot = self.state.snapshot
        meta = snapshot.signed.meta.get(f"{role}.json") if snapshot else None
        return meta.version if meta else 0
