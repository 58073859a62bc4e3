"""A web server for a folder, with entity tags, and with faults that a test switches on."""

import email.utils
import hashlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Site:
    """What the handler serves, what it was asked, and how it misbehaves."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[tuple[str, int]] = []  # path and status
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.only = ""  # the faults below concern the paths that hold this
        self.status = 0  # answer with it
        self.retry_after = ""  # the header
        self.reset = False  # end the connection without an answer
        self.silent = False  # take the request and say nothing
        self.endless = False  # send without an end
        self.redirect = ""  # send everything there, the path appended
        self.cut = 0  # bytes missing at the end of each body
        self.drip = 0.0  # seconds between two bytes
        self.close = False  # close the connection after an answer, without saying so
        self.etags = True
        self.url = ""

    def paths(self) -> list[tuple[str, int]]:
        """What was asked since the last call."""
        asked, self.asked = self.asked, []
        return [(path.rsplit("/", 2)[-2] + "/" + path.rsplit("/", 1)[-1], s) for path, s in asked]


@contextmanager
def serve(site: Site, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve on a free port; the URL."""

    end = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            site.connections += 1
            super().setup()

        def do_GET(self) -> None:
            site.headers.append({key.lower(): value for key, value in self.headers.items()})
            self.faulty = site.only in self.path
            if self.faulty and (site.reset or site.silent or site.endless):
                self._misbehave()
                return
            path = site.root / self.path.lstrip("/")
            body = path.read_bytes() if path.is_file() else None
            modified = email.utils.formatdate(path.stat().st_mtime if body else 0, usegmt=True)
            tag = '"' + hashlib.sha256(body or b"").hexdigest()[:16] + '"'
            status = site.status if self.faulty else 0
            if status or site.redirect or body is None:
                self._say(status or (302 if site.redirect else 404), tag, modified, b"no\n")
            elif self._has(tag, modified):
                self._say(304, tag, modified, b"")
            else:
                self._say(200, tag, modified, body)
            if site.close:
                self.close_connection = True

        def _has(self, tag: str, modified: str) -> bool:
            given = (self.headers["If-None-Match"], self.headers["If-Modified-Since"])
            return given[0] == tag if site.etags else given[1] == modified

        def _say(self, status: int, tag: str, modified: str, body: bytes) -> None:
            site.asked.append((self.path, status))
            self.send_response(status)
            if site.etags:
                self.send_header("ETag", tag)
            else:
                self.send_header("Last-Modified", modified)
            if site.redirect:
                self.send_header("Location", site.redirect + self.path)
            if site.retry_after:
                self.send_header("Retry-After", site.retry_after)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if status != 304:
                self._send(body[: len(body) - site.cut])
            if site.cut:
                self.close_connection = True

        def _send(self, body: bytes) -> None:
            if not site.drip or not self.faulty:
                self.wfile.write(body)
                return
            try:
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(site.drip)
            except OSError:  # the client has had enough
                self.close_connection = True

        def _misbehave(self) -> None:
            self.close_connection = True
            if site.reset:  # with nothing to linger for, closing sends a reset
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
            elif site.silent:
                end.wait(60)
            else:
                self.send_response(200)
                self.end_headers()
                with suppress(OSError):  # the client has had enough
                    while not end.is_set():
                        self.wfile.write(b" " * 65536)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that goes away is what some tests are about

    server = Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        scheme = "https" if context else "http"
        site.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        yield site.url
    finally:
        end.set()
        server.shutdown()
        thread.join()
        server.server_close()
