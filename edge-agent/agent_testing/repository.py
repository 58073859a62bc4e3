"""A signed deploy bucket in a folder, whose every part a test can change and sign anew.

Written with python-tuf's metadata classes alone and not with the code of the tag monitor, so that
the agent is tried against what the contract says and not against one writer of it. It is the
owner's hand and, with the owner's keys or its own, the attacker's.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner, Signer
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

ARCH, CHANNEL = "x86_64", "latest"
FOLDER = f"{ARCH}/{CHANNEL}"
FOLDERS = tuple(
    f"{arch}/{folder}"
    for arch in ("x86_64", "armv7l", "aarch64")
    for folder in ("all", "latest", "alpha", "beta", "stable")
)
DAY = 86400
LIFETIMES = {"timestamp": 3, "snapshot": 7, "targets": 365, "root": 365}  # days
POLICY = 'registries = ["r"]\n'

_TOP = {"root": Root, "targets": Targets, "snapshot": Snapshot, "timestamp": Timestamp}
_ONLINE = ("snapshot", "timestamp")


def new_key() -> CryptoSigner:
    """A key that was never seen before."""
    return CryptoSigner.generate_ed25519()


def role_of(folder: str) -> str:
    """The role that signs for a folder."""
    return folder.replace("/", ".")


class Repository:
    """`root`, `targets`, `snapshot`, `timestamp` and the folders' roles, with their keys."""

    def __init__(self, folder: Path, now: float | None = None) -> None:
        self.folder = folder
        self.now = time.time() if now is None else now
        online = new_key()
        self.signers: dict[str, list[Signer]] = {
            **{role: [new_key()] for role in ("root", "targets")},
            **{role: [online] for role in (*_ONLINE, *map(role_of, FOLDERS))},
        }
        self.signed: dict[str, Signed] = {}
        self.root = Root()
        self.targets = Targets(delegations=Delegations({}, {}))
        self.snapshot = Snapshot(meta={})
        self.timestamp = Timestamp()
        for role in _TOP:
            self.root.add_key(self.signers[role][0].public_key, role)
        self.roles = {role_of(name): Targets() for name in FOLDERS}
        for name in FOLDERS:
            self._delegate(name)
        for role, signed in self.documents().items():
            signed.version = 0 if role in _ONLINE else 1
        self.write("root")
        self.write("targets")
        self.publish({})

    def documents(self) -> dict[str, Signed]:
        """All that is signed, by role."""
        top = {role: getattr(self, role) for role in _TOP}
        return {**top, **self.roles}

    def pin(self, trust: Path) -> None:
        """Give a device its trust folder."""
        trust.mkdir(parents=True, exist_ok=True)
        (trust / "root.json").write_bytes((self.metadata / "1.root.json").read_bytes())
        (trust / "policy.toml").write_text(POLICY)

    @property
    def metadata(self) -> Path:
        return self.folder / "metadata"

    def publish(self, files: Mapping[str, bytes], folder: str = FOLDER) -> None:
        """Make a folder hold these manifests, in the order that the contract says."""
        entries = [
            {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in sorted(files.items())
        ]
        index = json.dumps({"schema": 1, "files": entries}).encode()
        role = self.roles[role_of(folder)]
        role.targets = {}
        for name, data in {**files, "index.json": index}.items():
            self.add_target(f"{folder}/{name}", data, role)
        self.release(role_of(folder))

    def add_target(self, path: str, data: bytes, role: Targets) -> None:
        """Write a content, and have `role` sign for it when it is written next."""
        role.targets[path] = TargetFile.from_data(path, data, ["sha256"])
        name = self.target(path, data)
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_bytes(data)

    def target(self, path: str, data: bytes) -> Path:
        """Where a content lies."""
        folder, _, name = path.rpartition("/")
        return self.folder / "targets" / folder / f"{hashlib.sha256(data).hexdigest()}.{name}"

    def release(self, *roles: str) -> None:
        """Count these roles up and sign them, then snapshot, then timestamp."""
        for role in roles:
            self.documents()[role].version += 1
            self.write(role)
        meta = {f"{role}.json": signed for role, signed in self.roles.items() if signed.targets}
        meta["targets.json"] = self.targets
        self.snapshot.meta = {name: MetaFile(signed.version) for name, signed in meta.items()}
        self.snapshot.version += 1
        self.timestamp.snapshot_meta = MetaFile.from_data(
            self.snapshot.version, self.write("snapshot"), ["sha256"]
        )
        self.resign()

    def resign(self) -> None:
        """A new timestamp over the same snapshot."""
        self.timestamp.version += 1
        self.timestamp.unrecognized_fields["x-slipway-signed"] = int(self.now)
        self.write("timestamp")

    def write(self, role: str, *signers: Signer) -> bytes:
        """Sign one role, with its own keys unless others are given, and put it into the bucket."""
        signed = self.documents()[role]
        seconds = self.now + LIFETIMES.get(role, 30) * DAY
        signed.expires = datetime.fromtimestamp(int(seconds), UTC)
        metadata = Metadata(signed)  # type: ignore[type-var]
        for signer in signers or self.signers[role]:
            metadata.sign(signer, append=True)
        data = metadata.to_bytes()
        self.metadata.mkdir(parents=True, exist_ok=True)
        name = role if role == "timestamp" else f"{signed.version}.{role}"
        (self.metadata / f"{name}.json").write_bytes(data)
        return data

    def rotate(self, role: str, *keys: Signer, threshold: int = 1) -> None:
        """A new root in which a top-level role has these keys; the old root's sign it as well."""
        old_root = self.signers["root"]
        for signer in self.signers[role]:
            self.root.revoke_key(signer.public_key.keyid, role)
        self.root.roles[role].threshold = threshold
        for signer in keys:
            self.root.add_key(signer.public_key, role)
        self.signers[role] = list(keys)
        self.root.version += 1
        both = {signer.public_key.keyid: signer for signer in (*old_root, *self.signers["root"])}
        self.write("root", *both.values())

    def rotate_online(self) -> None:
        """A new root with a new key for timestamp and snapshot, and both signed anew with it."""
        online = new_key()
        for role in _ONLINE:
            self.rotate(role, online)
        self.release()

    def demand(self, folder: str, *keys: Signer, threshold: int) -> None:
        """Have a folder's role signed by these keys."""
        self.signers[role_of(folder)] = list(keys)
        self._delegate(folder, threshold)
        self.release("targets", role_of(folder))

    def _delegate(self, folder: str, threshold: int = 1) -> None:
        delegations, role = self.targets.delegations, role_of(folder)
        assert delegations is not None
        assert delegations.roles is not None
        keys = [signer.public_key for signer in self.signers[role]]
        delegations.keys.update({key.keyid: key for key in keys})
        delegations.roles[role] = DelegatedRole(
            role, [key.keyid for key in keys], threshold, True, paths=[f"{folder}/*"]
        )

    def copy(self, target: Path) -> None:
        """What an attacker keeps of today's bucket."""
        shutil.copytree(self.folder, target)

    def replace_with(self, source: Path) -> None:
        """Put what was kept into the bucket."""
        shutil.rmtree(self.folder)
        shutil.copytree(source, self.folder)
