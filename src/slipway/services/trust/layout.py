"""Where the TUF repository lies in the deploy bucket, and how long its parts are valid.

metadata/N.root.json           signed by the root keys; every version stays
metadata/N.targets.json        signed by the root keys: who may sign for which folder
metadata/N.ARCH.FOLDER.json    one for each folder: the manifests that stand in it
metadata/N.snapshot.json       the versions of all of these that belong together
metadata/timestamp.json        the snapshot in force; of the same version, written last
targets/ARCH/FOLDER/SHA256.NAME
pending/…                      what still waits for signatures, nothing that devices read
"""

from slipway.domain.names import ALL_FOLDER, Arch, Channel
from slipway.services import deploy_folders

METADATA = "metadata/"
TARGETS = "targets/"
PENDING = "pending/"
TIMESTAMP = f"{METADATA}timestamp.json"

_DAY = 86_400  # seconds
TIMESTAMP_LIFETIME = 3 * _DAY
SNAPSHOT_LIFETIME = 7 * _DAY
ONLINE_LIFETIME = 30 * _DAY  # roles that the online key signs
OFFLINE_LIFETIME = 365 * _DAY  # what a person has to sign

CLOCKS = _DAY  # what the clocks of those who sign may differ by

SIGNED_AT = "x-slipway-signed"  # in the timestamp: unix seconds when it was signed

FOLDERS = {folder.replace("/", "."): folder for folder in deploy_folders.FOLDERS}  # by role


def channel_roles(folder: str) -> list[str]:
    """The roles of `stable` (or `all`), one for each arch; raises InvalidName."""
    if folder != ALL_FOLDER:
        Channel.parse(folder)
    return [f"{arch}.{folder}" for arch in Arch]


def versioned(role: str, version: int) -> str:
    """The key of one version of a role's metadata; never replaced once it is there."""
    return f"{METADATA}{version}.{role}.json"


def pending(role: str) -> str:
    """The key of metadata that waits for signatures."""
    return f"{PENDING}{role}.json"


def blob(path: str, sha256: str) -> str:
    """Where the target `ARCH/FOLDER/NAME` with this content lies."""
    folder, _, name = path.rpartition("/")
    return f"{TARGETS}{folder}/{sha256}.{name}"
