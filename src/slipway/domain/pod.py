"""The pod that a move of a channel becomes on devices, and how it takes its predecessor's place."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from slipway.domain.image import Digest
from slipway.domain.names import Arch, Channel

AGENT_SLOT = "slipway-agent"  # of the agent's own pod, and the name that it is released under
SLOT_KEY = "dev.slipway.slot"  # annotation: what a device has one pod of at a time
MOVE_KEY = "dev.slipway.move"  # annotation: counts what stood in the slot
UPDATE_KEY = "dev.slipway.update"  # annotation: one of Update


class Update(StrEnum):
    """How a pod takes the place of the one before it."""

    BESIDE = "beside"  # comes up beside it, and it goes when this one is ready
    RECREATE = "recreate"  # starts when it is gone: for pods that cannot be there twice


@dataclass(frozen=True)
class PodIdentity:
    """What tells one pod of a slot from the others, while both are there and afterwards."""

    name: str  # metadata.name
    private: str  # loopback address that this pod alone listens on

    @classmethod
    def of(cls, slot: str, image: Digest, arch: Arch, channel: Channel, move: int) -> Self:
        """The same for the same move, and another one for every other."""
        digest = hashlib.sha256(f"{image} {arch} {channel} {move}".encode()).digest()
        private = f"127.{64 + digest[0] % 64}.{digest[1]}.{1 + digest[2] % 254}"
        return cls(f"{slot}-{digest.hex()[:8]}", private)
