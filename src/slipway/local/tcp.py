"""Ports of this machine: whether one is free, whether somebody answers on it."""

import errno
import socket
import time

from slipway.domain.errors import InvalidSetting, PortInUse

# A process that was killed keeps its port until the kernel has taken it apart.
_LET_GO = 3.0
_POLL = 0.1


def require_free(host: str, port: int, setting: str) -> None:
    """PortInUse, with the setting to change, when a port is not ours to listen on; InvalidSetting
    when it is no port."""
    if not 0 < port < 65536:
        raise InvalidSetting(f"{setting} names port {port}", hint="Ports go from 1 to 65535")
    deadline = time.monotonic() + _LET_GO
    while not is_free(host, port):
        if time.monotonic() > deadline:
            raise PortInUse(
                f"port {port} on {host} is in use by another process",
                hint=f"Find it with: ss -ltnp 'sport = :{port}'; or set another {setting}",
            )
        time.sleep(_POLL)


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something accepts connections on a port of this machine."""
    with socket.socket(_family(host)) as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def is_free(host: str, port: int) -> bool:
    """Whether this process could listen there now; PortInUse where nobody can."""
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise PortInUse(
                    f"cannot listen on port {port} of {host}: {error.strerror}",
                    hint="Choose an address of this machine and a port above 1023",
                ) from error
            return False
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
