"""Which local devices this machine has now: their first process, address and registry.

One small file per device in a folder below /run, shared by all installations of this machine
because they share one bridge; a restart of the machine empties it.
"""

import fcntl
import ipaddress
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from slipway.domain.errors import Conflict
from slipway.local.device_boot import identifier
from slipway.local.process import Identity

STATE = Path("/run/slipway-devices")
BRIDGE = "slipway0"
NETWORK = ipaddress.IPv4Network("10.213.77.0/24")
GATEWAY = str(NETWORK.network_address + 1)  # this machine, as its devices see it


@dataclass(frozen=True)
class Lease:
    """What a device holds while it is up, and after a power cut until it is up or down again."""

    disk: str
    name: str
    address: str
    registry_port: int  # of the registry that is relayed to it
    pid: int = 0  # of its first process
    started: int = 0

    @property
    def init(self) -> Identity | None:
        """Its first process, None when that has ended."""
        identity = Identity(self.pid, self.started)
        return identity if self.pid and identity.alive else None


@contextmanager
def locked() -> Iterator[None]:
    """Hold the machine's bridge, relays and leases for oneself."""
    STATE.mkdir(mode=0o755, exist_ok=True)
    with (STATE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def everyone() -> list[Lease]:
    """The leases of all devices, up or cut off."""
    found = []
    for path in sorted(STATE.glob("device-*.json")):
        try:
            found.append(Lease(**json.loads(path.read_text())))
        except (FileNotFoundError, ValueError, TypeError):
            continue  # given back just now, or written by another release
    return found


def find(disk: Path) -> Lease | None:
    """One device's lease."""
    return next((lease for lease in everyone() if lease.disk == str(disk)), None)


def init_of(disk: Path) -> Identity | None:
    """A device's first process, None when it is not up."""
    lease = find(disk)
    return lease.init if lease else None


def write(lease: Lease) -> None:
    """Record a lease."""
    path = _path(Path(lease.disk))
    path.with_suffix(".new").write_text(json.dumps(asdict(lease)))
    path.with_suffix(".new").replace(path)


def give_back(disk: Path) -> None:
    """Forget a device."""
    _path(disk).unlink(missing_ok=True)


def choose_address(disk: Path) -> str:
    """The device's own address, the same each time unless another device has it; Conflict when
    all are taken."""
    taken = {lease.address for lease in everyone() if lease.disk != str(disk)}
    hosts = [str(host) for host in NETWORK.hosts() if str(host) != GATEWAY]
    first = int(identifier(disk), 16) % len(hosts)
    for address in hosts[first:] + hosts[:first]:
        if address not in taken:
            return address
    raise Conflict(f"all {len(hosts)} addresses of {NETWORK} are taken by devices")


def _path(disk: Path) -> Path:
    return STATE / f"device-{identifier(disk)}.json"
