"""`python3 -m slipway_hello`: answers `/version/` with the digest of its image, and two probes."""

import argparse
import ctypes
import json
import os
import signal
import socket
import struct
import sys
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_ATTACH_REUSEPORT_CBPF = 51  # include/uapi/asm-generic/socket.h
_RETURN_1 = struct.pack("HBBI", 0x06, 0, 0, 1)  # BPF_RET | BPF_K: the second of the group


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
    """Listens, and leaves without losing what has come."""

    request_queue_size = 128
    daemon_threads = False  # server_close waits for them

    def __init__(self, address: str, port: int, *, shared: bool) -> None:
        """`shared`: the next version's server may listen there while this one still answers."""
        self._shared = shared
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
            program = ctypes.create_string_buffer(_RETURN_1, len(_RETURN_1))
            given = struct.pack("HP", 1, ctypes.addressof(program))
            with suppress(OSError):  # a system that cannot: both get some
                self.socket.setsockopt(socket.SOL_SOCKET, _ATTACH_REUSEPORT_CBPF, given)

    def drain(self) -> None:
        """Answer what waits to be accepted, and what is under way. What comes in the instant of
        the close is the next version's, by the system's net.ipv4.tcp_migrate_req."""
        self.timeout = 0
        for _ in range(self.request_queue_size):
            self.handle_request()
        self.server_close()


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="slipway_hello", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--port", type=int, default=8090, choices=range(65536), metavar="PORT")
    parser.add_argument("--private", metavar="ADDRESS", help="listen there too, with nobody else")
    options = parser.parse_args()
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # for sigwait, in every thread
    addresses = [(options.private, False)] if options.private else []
    servers: list[Server] = []
    for address, shared in (*addresses, (options.listen, True)):
        try:
            servers.append(Server(address, options.port, shared=shared))
        except OSError as error:
            sys.stderr.write(f"error: cannot listen on {address}:{options.port}: {error}\n")
            return 1
    # Nothing is answered before all of them listen: a probe that is answered tells the truth.
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.sigwait(ends)
    for server in servers:
        server.shutdown()
        server.drain()
    return 0


if __name__ == "__main__":
    sys.exit(main())
