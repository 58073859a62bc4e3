"""The sockets that a server listens on: one that it shares with the version before it, and one of
its own.

What is shared (SO_REUSEPORT) is shared for a hand-over: whoever comes last gets all new
connections, so that clients see one version and then the other, not both in turn. When it goes, the
one before it gets them again. Connections that wait to be accepted by one that goes are reset,
unless the device passes them on (net.ipv4.tcp_migrate_req, since Linux 5.14); where it does not,
there are hardly any, because they all go to the one that came last.
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
_RETURN_1: Final = struct.pack("HBBI", 0x06, 0, 0, 1)  # BPF_RET | BPF_K: the second of the group


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
            _prefer_the_last(listener)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        why = "another program listens there" if taken else error.strerror or error
        raise ListenError(f"cannot listen on {address}:{port}: {why}") from error
    listener.setblocking(False)
    return listener


def _prefer_the_last(listener: socket.socket) -> None:
    """Of two that share the port let the second get what is new; one alone gets everything, for
    the system chooses by itself when there is none of the number that the filter returns."""
    program = ctypes.create_string_buffer(_RETURN_1, len(_RETURN_1))
    with suppress(OSError):  # a system that cannot: both get some
        listener.setsockopt(
            socket.SOL_SOCKET,
            _ATTACH_REUSEPORT_CBPF,
            struct.pack("HP", 1, ctypes.addressof(program)),
        )
