"""The sockets that a server listens on: one that it shares with the version before it, and one of
its own.

What is shared (SO_REUSEPORT) is shared for a hand-over: whoever comes last gets all new
connections, so that clients see one version and then the other, not both in turn. Who goes lets the
other get them first, for what comes in the instant of a close is reset: a connection that waits to
be accepted (unless the device passes it on: net.ipv4.tcp_migrate_req, since Linux 5.14), and one
whose last packet is just coming in (whatever the device does).
"""

import ctypes
import errno
import socket
import struct
from contextlib import suppress
from typing import Final

from slipway_serving.errors import ListenError

QUEUE: Final = 128  # connections that wait to be accepted
_ATTACH_REUSEPORT_CBPF: Final = 51  # include/uapi/asm-generic/socket.h
_RETURN: Final = 0x06  # BPF_RET | BPF_K: the number of one of the group


def listen_alone(address: str, port: int) -> socket.socket:
    """Listen where nobody else does; ListenError."""
    return _listen(address, port, shared=False)


def listen_with_others(address: str, port: int) -> socket.socket:
    """Listen where a process of the same user may listen as well; ListenError."""
    return _listen(address, port, shared=True)


def _listen(address: str, port: int, *, shared: bool) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((address, port))
        listener.listen(QUEUE)
        if shared:
            _prefer(listener, 1)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        why = "another program listens there" if taken else error.strerror or error
        raise ListenError(f"cannot listen on {address}:{port}: {why}") from error
    listener.setblocking(False)
    return listener


def is_shared(listener: socket.socket) -> bool:
    """Whether another may listen there too."""
    return bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT))


def give_way(listener: socket.socket) -> None:
    """Let the other that shares the port get all new connections, if there is one: only for who
    came last."""
    _prefer(listener, 0)


def _prefer(listener: socket.socket, number: int) -> None:
    """Of two that share the port let the one of this number, 0 or 1 in the order in which they
    came, get what is new; one alone gets everything, for the system chooses by itself when there
    is none of the number that the filter returns."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, number))
    with suppress(OSError):  # a system that cannot: both get some
        listener.setsockopt(
            socket.SOL_SOCKET,
            _ATTACH_REUSEPORT_CBPF,
            struct.pack("HP", 1, ctypes.addressof(program)),
        )
