"""A part of the local installation: a process that `slipway up` starts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One part and how it is."""

    name: str
    running: bool
    pid: int  # 0 when it does not run
    where: str
    log: str
