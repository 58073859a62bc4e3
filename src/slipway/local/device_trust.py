"""What a local device trusts from its first start: the root that its agent verifies everything
with, and the policy that every pod has to keep.

Both are written once, when the device is made, as on a real one: what the owner signs afterwards
reaches it by the bucket, and the policy is the device owner's to edit.
"""

import json
from pathlib import Path

from slipway.domain.errors import NotFound
from slipway.local.device_boot import ROOT
from slipway.local.device_disk import replace_file
from slipway.settings import Settings

ROOT_FILE = "root.json"
POLICY_FILE = "policy.toml"


def pin(settings: Settings, disk: Path) -> None:
    """Give the disk what it has not; NotFound when there are no keys to trust yet."""
    root, policy = disk / "trust" / ROOT_FILE, disk / "trust" / POLICY_FILE
    root.parent.chmod(0o755)
    if not root.exists():
        replace_file(root, owners_root(settings).read_bytes())
    if not policy.exists():
        replace_file(policy, _policy(settings.registry.address).encode())


def root_of(settings: Settings, disk: Path) -> Path:
    """The root that the device trusts, or will when it is made; NotFound when there is none."""
    root = disk / "trust" / ROOT_FILE
    return root if root.exists() else owners_root(settings)


def owners_root(settings: Settings) -> Path:
    """The root that this installation gives to devices; NotFound when there is none."""
    root = settings.keys / ROOT_FILE
    if not root.exists():
        raise NotFound(
            f"{root} does not exist, so a new device has nothing to trust",
            hint="Make the keys with: slipway keys init",
        )
    return root


def _policy(registry: str) -> str:
    return (
        "# Which signed pods may run on this device. What is left out is forbidden.\n"
        f"registries = [{json.dumps(registry)}]\n"
        f'host_paths = ["{ROOT}/images", "{ROOT}/streams"]\n'
        f'writable_host_paths = ["{ROOT}/spool"]\n'
    )
