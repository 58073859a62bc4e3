"""A web server of a few pages that hands its port to another version of itself.

How and why: decisions/0031-hand-over.md of the project.
"""

import ctypes
import json
import os
import socket
import struct
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ATTACH_REUSEPORT_CBPF = 51  # include/uapi/asm-generic/socket.h
_RETURN = 0x06  # BPF_RET | BPF_K: the number of one of the group
_SETTLE = 0.05  # seconds in which a connection that is being made is there


class Handler(BaseHTTPRequestHandler):
    """The pages; each connection has one request."""

    timeout = 5  # seconds for a request to arrive
    sys_version = ""
    server_version = "slipway-hello"

    def do_GET(self) -> None:
        """Answer a page, with or without the slash at the end."""
        pages = {
            "/version": {"version": os.environ.get("SLIPWAY_IMAGE_DIGEST", "")},
            "/healthz": {"status": "ok"},
            "/readyz": {"status": "ok"},
        }
        page = pages.get(self.path.partition("?")[0].rstrip("/"))
        body = json.dumps(page or {"error": "try /version/"}).encode() + b"\n"
        self.send_response(HTTPStatus.OK if page else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent; probes would fill the log."""


class Server(ThreadingHTTPServer):
    """Listens, and leaves without losing what comes."""

    request_queue_size = 128
    daemon_threads = False  # server_close waits for them

    def __init__(self, address: str, port: int, *, shared: bool) -> None:
        """`shared`: the next version's server may listen there while this one still answers."""
        self._shared = shared
        self._client: Any = None  # that came last
        super().__init__((address, port), Handler)

    def server_bind(self) -> None:
        """Bind, without the look-up of a host name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(self._shared))
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def server_activate(self) -> None:
        """Listen; of two versions that share the port the later one gets what is new."""
        super().server_activate()
        if self._shared:
            self._prefer(1)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread."""
        self._client = client_address
        super().process_request(request, client_address)

    def drain(self) -> None:
        """Let another version get what is new, if it is this one that does; answer what waits to
        be accepted and what is under way."""
        if self._shared and self._gets_what_is_new():
            self._prefer(0)
        self._answer(_SETTLE if self._shared else 0)
        self.server_close()

    def _gets_what_is_new(self) -> bool:
        """It tries a connection and looks where that comes out."""
        with suppress(OSError), socket.create_connection(self.socket.getsockname(), _SETTLE) as own:
            return self._answer(_SETTLE, own.getsockname())
        return False

    def _answer(self, seconds: float, client: Any = None) -> bool:
        """Answer what comes for so long, and what waits then; True as soon as that client is among
        it."""
        end = time.monotonic() + seconds
        for _ in range(self.request_queue_size):
            self.timeout = max(end - time.monotonic(), 0)
            self.handle_request()
            if client and client == self._client:
                return True
        return False

    def _prefer(self, number: int) -> None:
        """Of those that share the port let that one get what is new; one alone gets everything."""
        program = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, number))
        given = struct.pack("HP", 1, ctypes.addressof(program))
        with suppress(OSError):  # a system that cannot: both get some
            self.socket.setsockopt(socket.SOL_SOCKET, _ATTACH_REUSEPORT_CBPF, given)
