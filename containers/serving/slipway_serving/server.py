"""Accepts connections, gives each a thread, and ends well.

At the end nothing is lost: another version that shares the port gets what is new, and what the
system has established already is accepted; requests under way are answered, and a client that
keeps its connection is told with its next answer that it ends. Who asks nothing more is waited for
a short while only.
"""

import select
import selectors
import signal
import socket
import threading
import time
from contextlib import suppress
from socketserver import BaseServer, ThreadingMixIn
from typing import Any, Final

from slipway_serving.handler import Handler, refuse
from slipway_serving.listening import QUEUE, give_way, is_shared
from slipway_serving.routes import App

DRAIN: Final = 7.0  # seconds that requests under way are given, of the 10 that a pod has
IDLE: Final = 1.0  # of these, that a kept connection's next request is waited for
_CONNECTIONS: Final = 64  # at once
_LARGE_BODIES: Final = 2  # at once, so that what is uploaded fits a small device's memory
_SETTLE: Final = 0.05  # seconds in which a connection that is being made is there
_STEP: Final = 0.01  # seconds between two looks at what is still under way


class Server(ThreadingMixIn, BaseServer):
    """Serves an app wherever it is told to listen."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, app: App, *, max_body: int) -> None:
        super().__init__(("", 0), Handler)
        self.app = app
        self.max_body = max_body  # bytes
        self.draining = False
        self.large = threading.BoundedSemaphore(_LARGE_BODIES)
        self._lock = threading.Lock()
        self._busy: dict[socket.socket, bool] = {}  # every open connection
        self._listeners: dict[socket.socket, int] = {}  # and how many connections may be open
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._selector.register(self._wake_reader, selectors.EVENT_READ)

    def listen(self, listener: socket.socket, spare: int = 0) -> None:
        """Serve there as well; `spare`: connections that are taken there when it is full elsewhere,
        so that probes are answered however many clients there are."""
        self._listeners[listener] = _CONNECTIONS + spare
        self._selector.register(listener, selectors.EVENT_READ)

    def stop_on(self, *signals: signal.Signals) -> None:
        """Let them end `serve`. The system writes to the socket that `serve` looks at: a handler
        in Python would not run before something else had woken it."""
        self._wake_writer.setblocking(False)
        signal.set_wakeup_fd(self._wake_writer.fileno())
        for number in signals:
            signal.signal(number, lambda *_: None)

    def serve(self) -> None:
        """Answer until a signal comes; then finish what is under way."""
        while True:
            ready = [key.fileobj for key, _ in self._selector.select()]
            for listener in self._listeners:
                if listener in ready:
                    self._accept(listener)
            if self._wake_reader in ready:
                break
        self.draining = True
        self.app.leave()
        for listener in self._listeners:
            self._leave(listener)
        end = time.monotonic() + DRAIN
        self._wait(end - DRAIN + IDLE)
        self._close_idle()
        self._wait(end)

    def busy(self, connection: socket.socket) -> None:
        """A request began to arrive."""
        with self._lock:
            self._busy[connection] = True

    def idle(self, connection: socket.socket) -> None:
        """The request was answered, or there was none."""
        with self._lock:
            if connection in self._busy:
                self._busy[connection] = False

    def shutdown_request(self, request: Any) -> None:
        """The connection ends."""
        with suppress(OSError):  # the client is gone
            request.shutdown(socket.SHUT_WR)
        request.close()
        with self._lock:
            self._busy.pop(request, None)

    def _leave(self, listener: socket.socket) -> None:
        """Close it when nothing comes there any more."""
        shared = is_shared(listener)
        if shared and self._gets_what_is_new(listener):
            give_way(listener)
        self._accept_for(listener, _SETTLE if shared else 0)
        listener.close()

    def _gets_what_is_new(self, listener: socket.socket) -> bool:
        """It tries a connection and looks where that comes out."""
        with suppress(OSError), socket.create_connection(listener.getsockname(), _SETTLE) as own:
            return self._accept_for(listener, _SETTLE, own.getsockname())
        return False

    def _accept_for(self, listener: socket.socket, seconds: float, client: Any = None) -> bool:
        """Take what comes for so long, and what waits then; True as soon as that client is among
        it."""
        end = time.monotonic() + seconds
        for _ in range(QUEUE):
            select.select([listener], [], [], max(end - time.monotonic(), 0))
            address = self._accept(listener)
            if address and address == client:
                return True
        return False

    def _accept(self, listener: socket.socket) -> Any:
        """Take one connection that waits: the client's address; None when there is none."""
        try:
            connection, address = listener.accept()
        except (BlockingIOError, ConnectionError):
            return None
        except OSError:  # no more descriptors: those in use will be given back
            time.sleep(_STEP)
            return None
        with self._lock:
            full = len(self._busy) >= self._listeners[listener]
            if not full:
                self._busy[connection] = False
        if full:
            refuse(connection)
            connection.close()
            return address
        connection.setblocking(True)
        try:
            self.process_request(connection, address)
        except RuntimeError:  # no more threads
            self.shutdown_request(connection)
        return address

    def _wait(self, end: float) -> None:
        """Until all connections have ended, or until that moment."""
        while self._busy and time.monotonic() < end:
            time.sleep(_STEP)

    def _close_idle(self) -> None:
        """Let the threads that wait for a request see the end of it; one that has just come is
        read before the end is."""
        with self._lock:
            for connection, busy in self._busy.items():
                if not busy:
                    with suppress(OSError):  # it has just ended
                        connection.shutdown(socket.SHUT_RD)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is no news; faults of ours are logged where they happen."""
