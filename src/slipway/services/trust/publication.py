"""What a publication did, and what of it a person has to know."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from slipway.services.problem import Problem

_SOON = 30 * 86_400  # seconds


@dataclass(frozen=True)
class Waiting:
    """Metadata that not enough keys have signed yet."""

    role: str  # ARCH.FOLDER; root and targets for changes of keys
    signatures: int
    threshold: int

    def __str__(self) -> str:
        return f"{self.role} waits for {self.threshold} signatures, has {self.signatures}"


@dataclass(frozen=True)
class Publication:
    """What devices see now."""

    version: int  # of snapshot and timestamp
    written: bool  # something changed
    waiting: tuple[Waiting, ...]  # channels that people have to sign
    missing: tuple[str, ...]  # contents that are gone from the bucket
    expires: int  # unix seconds when the root keys have to have signed again
    signed: Mapping[str, str]  # sha256 of every target that is in force

    def news(self) -> list[str]:
        """A line for each thing."""
        return [f"signed version {self.version}", *map(str, self.waiting)]


def publication_problems(done: Publication, kept: Mapping[str, bytes], now: int) -> list[Problem]:
    """What needs a person; `kept` are the manifests in the bucket that nobody rendered."""
    problems = [
        Problem(
            key,
            "refused",
            "nobody rendered this manifest; it is not signed, and devices do not take it",
            "Delete it from the bucket; a pod of your own goes into the folder of monitor.pods",
        )
        for key, data in kept.items()
        if done.signed.get(key) != hashlib.sha256(data).hexdigest()
    ]
    problems += [
        Problem(key, "not-found", "a device needs this, and it is gone from the bucket", "")
        for key in done.missing
    ]
    if done.expires - now < _SOON:
        days = max(done.expires - now, 0) // 86_400
        message = f"what the root keys have signed expires in {days} days"
        problems.append(Problem("signing", "refused", message, "slipway keys renew signs it again"))
    return problems
