"""One connection's HTTP/1.1: reads requests within limits, writes JSON, never a traceback."""

import json
import socket
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final

from slipway_serving import __version__
from slipway_serving.errors import RequestError
from slipway_serving.messages import Request, Response, error_response

if TYPE_CHECKING:
    from slipway_serving.server import Server

_QUIET: Final = {"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"}  # always asked
_DISCARD: Final = 64 * 2**20  # bytes of a refused body that are read, so that the client reads why
_SMALL: Final = 2**20  # bytes of a body; larger ones wait for their turn
_LINGER: Final = 1.0  # seconds that its next piece is waited for


class Handler(BaseHTTPRequestHandler):
    """Made by the server for each connection, in the connection's own thread."""

    protocol_version = "HTTP/1.1"
    timeout = 10.0  # seconds of silence, within a request or between two
    disable_nagle_algorithm = True
    wbufsize = -1  # header and body in one packet
    server: "Server"
    path = "-"
    _started = 0.0
    _unread = 0  # bytes of a refused body that may still come

    def handle_one_request(self) -> None:
        """Read and answer one request."""
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):  # the client is gone
            self.close_connection = True
        finally:
            self.server.idle(self.connection)

    def parse_request(self) -> bool:
        """From here on the connection is busy, until the answer is written."""
        self.server.busy(self.connection)
        self._started = time.perf_counter()
        self.path = "-"
        return super().parse_request()

    def _answer(self) -> None:
        try:
            length = self._body_length()
            with self._turn(length):
                body = self._body(length)
                path = self.path.partition("?")[0]
                request = Request(self.command, path, self.headers.get("Content-Type", ""), body)
                response = self.server.app.respond(request)
        except RequestError as error:
            response = error_response(error)
        except (ConnectionError, TimeoutError):
            raise
        except Exception:  # noqa: BLE001  a fault of ours: the log has it, the client does not
            sys.stderr.write(traceback.format_exc())
            self.close_connection = True
            response = error_response(
                RequestError(500, "internal", "the server failed; its log says why")
            )
        self._write(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815

    def _body_length(self) -> int:
        """The bytes of the body that will be read; only POST has one here."""
        if self.command != "POST":
            if self.headers.get("Transfer-Encoding"):
                self._refuse_body()
            elif self.headers.get("Content-Length", "0").strip() != "0":
                self._refuse_body(self._length())
            return 0
        length = self._length()
        if length > self.server.max_body:
            self._refuse_body(length)
            raise RequestError(
                413, "too-large", f"{length} bytes; at most {self.server.max_body} are taken"
            )
        return length

    @contextmanager
    def _turn(self, length: int) -> Iterator[None]:
        """Wait until there is memory for a body of `length` bytes."""
        if length <= _SMALL:
            yield
        elif self.server.large.acquire(timeout=self.timeout):
            try:
                yield
            finally:
                self.server.large.release()
        else:
            self._refuse_body(length)
            raise RequestError(503, "busy", "other large requests are under way; try again")

    def _body(self, length: int) -> bytes:
        try:
            data = self.rfile.read(length)
        except TimeoutError as error:
            self.close_connection = True
            raise RequestError(408, "timeout", "the body did not come in time") from error
        if len(data) < length:
            self.close_connection = True
            raise RequestError(400, "truncated", f"{len(data)} of {length} bytes came")
        return data

    def _length(self) -> int:
        lengths = self.headers.get_all("Content-Length", [])
        if self.headers.get("Transfer-Encoding") or not lengths:
            self._refuse_body()
            raise RequestError(411, "length-required", "send a Content-Length")
        text = lengths[0].strip()
        if len(set(lengths)) > 1 or not (text.isascii() and text.isdigit()) or len(text) > 18:
            self._refuse_body()
            raise RequestError(400, "bad-request", f"Content-Length {text!r} is not a number")
        return int(text)

    def _refuse_body(self, length: int = _DISCARD) -> None:
        """Answer without reading the body, and end the connection."""
        self.close_connection = True
        self._unread = min(length, _DISCARD)

    def _linger(self) -> None:
        """Read on after the answer: a client that is still sending would lose it otherwise."""
        left, self._unread = self._unread, 0
        self.server.idle(self.connection)
        self.connection.settimeout(_LINGER)
        self.connection.shutdown(socket.SHUT_WR)
        while left > 0:
            piece = self.rfile.read1(65536)
            if not piece:
                break
            left -= len(piece)

    def handle_expect_100(self) -> bool:
        """Ask for the body only when it will be taken."""
        text = self.headers.get("Content-Length", "").strip()
        if text.isascii() and text.isdigit() and int(text[:18]) > self.server.max_body:
            self._answer()
            return False
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def _write(self, response: Response) -> None:
        data = (json.dumps(response.document, allow_nan=False) + "\n").encode()
        self.close_connection = self.close_connection or self.server.draining
        self.send_response(response.status)
        self._send_headers(len(data), response.headers)
        if self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()
        if self._unread:
            self._linger()

    def _send_headers(self, length: int, headers: Mapping[str, str]) -> None:
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses: a malformed request line or header, an unknown method."""
        self._refuse_body()
        self.request_version = self.protocol_version  # the base class assumes 0.9: no status line
        status = HTTPStatus(code)
        reason = status.name.lower().replace("_", "-")
        self._write(error_response(RequestError(code, reason, message or status.phrase)))

    def version_string(self) -> str:
        """The Server header, without the versions of Python and its parts."""
        return f"slipway-serving/{__version__}"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """`POST /predict/ 200 3.2ms`, except for readings, which are many, and health checks that
        are well."""
        path = self.path.partition("?")[0]
        status = int(code)
        if status in (HTTPStatus.CONTINUE, HTTPStatus.ACCEPTED) or (
            status == HTTPStatus.OK and path in _QUIET
        ):
            return
        milliseconds = (time.perf_counter() - self._started) * 1000
        self.log_message("%s %s %d %.1fms", self.command or "-", path, status, milliseconds)

    def log_message(self, format: str, *args: Any) -> None:
        """One short line, whatever characters the client sent."""
        line = format % args
        sys.stderr.write("".join(c if c.isprintable() else "?" for c in line)[:200] + "\n")
        sys.stderr.flush()

    def log_error(self, format: str, *args: Any) -> None:
        """The base class tells of connections that were silent for too long; that is no news."""

    def finish(self) -> None:
        """Close the files of the connection; nobody may be there any more."""
        try:
            super().finish()
        except OSError:
            self.connection.close()


def refuse(connection: socket.socket) -> None:
    """Tell a client that there are too many."""
    body = b'{"error": {"code": "busy", "message": "too many connections"}}\n'
    head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    connection.setblocking(False)
    try:
        connection.send(head.encode() + body)
    except OSError:
        return
