"""The agent's pod on a local device: placed when the device is made, exchanged with the channel."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from slipway.domain.errors import NotFound
from slipway.domain.names import Arch, Channel
from slipway.domain.pod import AGENT_SLOT
from slipway.local.device_boot import PODS_OWNER
from slipway.local.device_disk import replace_file
from slipway.local.device_pods import pods, wait_until_gone
from slipway.ports.bucket import Bucket
from slipway.settings import Settings

_LEAVE = 60.0  # seconds for an agent to end
_SIGNING = 15.0  # seconds for the tag monitor to sign what it has written
_LOOK = 0.2  # seconds


@dataclass(frozen=True)
class AgentPod:
    """The manifest of a channel's agent."""

    name: str  # of the pod
    manifest: bytes

    @classmethod
    def fetch(cls, root: Path, deploy: Bucket, arch: Arch, channel: Channel) -> Self:
        """The one that is signed in `channel`, verified from the file `root`; NotFound, Refused.

        What was published just now is signed a moment after it has come into the channel's folder.
        """
        from slipway.local.device_manifest import signed_manifest  # takes long to import

        key = f"{arch}/{channel}/{AGENT_SLOT}-pod.yaml"
        deadline = time.monotonic() + _SIGNING
        while True:
            try:
                return cls.of(signed_manifest(root, deploy, key))
            except NotFound as error:
                if not next(iter(deploy.objects(key)), None):
                    hint = f"Publish it first: slipway publish-agent {channel}"
                elif time.monotonic() > deadline:
                    hint = "The tag monitor signs it: is it running? See slipway keys status"
                else:
                    time.sleep(_LOOK)
                    continue
                raise NotFound(error.message, hint=hint) from error

    @classmethod
    def of(cls, manifest: bytes) -> Self:
        """The pod of a manifest that is one."""
        import yaml  # takes long to import

        return cls(yaml.safe_load(manifest)["metadata"]["name"], manifest)

    def place(self, disk: Path) -> None:
        """Let the kubelet find it, all of it at once, and no other agent."""
        target = disk / "pods" / f"{AGENT_SLOT}.{self.name}.yaml"
        remove(disk, but=target)
        replace_file(target, self.manifest, owner=PODS_OWNER)


def placed(disk: Path) -> list[Path]:
    """The manifests of agents on the disk: two while one takes the other's place."""
    return sorted((disk / "pods").glob(f"{AGENT_SLOT}.*.yaml"))


def newest(disk: Path) -> AgentPod | None:
    """The agent that was placed last, None when there is none."""
    found = sorted(placed(disk), key=lambda path: path.stat().st_mtime_ns)
    return AgentPod.of(found[-1].read_bytes()) if found else None


def remove(disk: Path, but: Path | None = None) -> None:
    """Take the agents away."""
    for path in placed(disk):
        if path != but:
            path.unlink(missing_ok=True)


def take_away(settings: Settings, disk: Path) -> bool:
    """Remove the agents of a device that is up and wait until they have ended; whether they did.

    While one runs it may put its own manifest back: it keeps its channel's pods, itself included.
    """
    deadline = time.monotonic() + _LEAVE
    while True:
        old = {pod.uid for pod in pods(settings, disk.name) if pod.slot == AGENT_SLOT}
        remove(disk)
        wait_until_gone(settings, disk.name, old, seconds=_LEAVE)
        if not placed(disk):
            return True
        if time.monotonic() > deadline:
            return False
