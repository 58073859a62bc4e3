"""Which of a device's processes has the streams: one at a time, and the latest that asks.

During an update two versions run side by side. The one that has the streams holds a socket whose
name the network of the device knows (Linux: abstract, it goes with its process). The next one asks
there for its turn; the first one lets go of the broker, finishes what it has taken, says how things
stand, and closes the socket. Then it waits there in turn: should the next one end, it goes on.
"""

import os
import socket
import struct
import threading
from contextlib import suppress
from typing import Final

_ASK: Final = b"?"  # give it to me
_WAIT: Final = b"."  # tell me when you are gone
_LARGEST: Final = 4 * 2**20  # bytes that may be left
_PATIENCE: Final = 1.0  # seconds for one that asks to say so, and to hear
_STEP: Final = 0.1  # seconds
_AFTER_YOU: Final = 1.0  # seconds in which only the one that asked tries to get it


class Turn:
    """One process's turns at the streams of a name."""

    def __init__(self, name: str, leaving: threading.Event) -> None:
        """`leaving`: ends all waiting."""
        self._address = f"\0slipway-streams-{name}"
        self._leaving = leaving
        self._listener: socket.socket | None = None
        self._waiting: list[socket.socket] = []
        self.wanted = False  # by another one

    def ask(self) -> bytes | None:
        """Get the turn from whoever has it: what they left, or nothing where nobody was; None when
        leaving."""
        return self._get(_ASK)

    def wait(self) -> bytes | None:
        """Get the turn when whoever has it is gone; as `ask`."""
        self._leaving.wait(_AFTER_YOU)
        return self._get(_WAIT)

    def look(self, patience: float) -> bool:
        """Wait until the turn is asked for, so many seconds at most; whether it is."""
        self._accept(patience)
        return self.wanted

    def give(self, left: bytes) -> None:
        """Let others have it, who learn how things stand."""
        while self._accept(0.0):
            pass
        if self._listener:
            self._listener.close()
            self._listener = None
        for connection in self._waiting:
            with connection, suppress(OSError):  # it is gone
                connection.sendall(left)
        self._waiting.clear()
        self.wanted = False

    def _accept(self, patience: float) -> bool:
        """Whether somebody came."""
        if self._listener is None:
            return False
        self._listener.settimeout(patience)
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return False
        connection.settimeout(_PATIENCE)
        word = b""
        with suppress(OSError):
            word = connection.recv(1) if _is_own(connection) else b""
        if word not in (_ASK, _WAIT):
            connection.close()
            return True
        self._waiting.append(connection)
        self.wanted = self.wanted or word == _ASK
        return True

    def _get(self, word: bytes) -> bytes | None:
        left = b""
        while not self._leaving.is_set():
            listener = socket.socket(socket.AF_UNIX)
            try:
                listener.bind(self._address)
                listener.listen(8)
            except OSError:  # somebody has it
                listener.close()
                left = self._heard(word) or left
            else:
                self._listener = listener
                return left
        return None

    def _heard(self, word: bytes) -> bytes:
        """What is left by the one that has it now, when it goes."""
        left = bytearray()
        with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
            connection.connect(self._address)
            connection.sendall(word)
            connection.settimeout(_STEP)
            while not self._leaving.is_set() and len(left) < _LARGEST:
                with suppress(TimeoutError):
                    piece = connection.recv(65536)
                    if not piece:
                        return bytes(left)
                    left += piece
        self._leaving.wait(_STEP)
        return bytes(left)


def _is_own(connection: socket.socket) -> bool:
    """Whether a process of this user is at the other end."""
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return int(struct.unpack("3i", credentials)[1]) == os.geteuid()
