"""Connections over the standard library keep to what people expect of an HTTP client."""

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from slipway.adapters.http_connections import Connections, TooLarge
from tests.fixtures.authority import make_certificate


class Handler(BaseHTTPRequestHandler):
    """Answers by path, and keeps what it was asked and by which connection."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str, str]]  # method, path, Authorization
    connections: set[int]
    elsewhere = ""

    def do_GET(self) -> None:
        self.asked.append((self.command, self.path, self.headers.get("Authorization", "")))
        self.connections.add(self.client_address[1])
        if self.path == "/moved":
            self._reply(307, b"gone", Location=self.elsewhere)
        elif self.path.startswith("/on"):
            self._reply(302, b"on and on", Location=f"{self.path}-and-on")
        elif self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        elif self.path == "/hangs-up":
            self._reply(200, b"bye")
            self.close_connection = True  # without telling, as servers do with idle connections
        else:
            self._reply(200, b"here")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def do_CONNECT(self) -> None:
        self.asked.append((self.command, self.path, self.headers.get("Proxy-Authorization", "")))
        self.send_error(403)

    def _reply(self, status: int, body: bytes, **headers: str) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def log_message(self, *_args: Any) -> None:
        pass


@contextmanager
def server(
    tls: ssl.SSLContext | None = None, **attributes: Any
) -> Iterator[tuple[str, type[Handler]]]:
    handler = type("Own", (Handler,), {"asked": [], "connections": set(), **attributes})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        httpd.daemon_threads = True
        if tls:
            httpd.socket = tls.wrap_socket(httpd.socket, server_side=True)
        thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{httpd.server_port}", handler
        finally:
            httpd.shutdown()
            thread.join()


def connections() -> Connections:
    return Connections(5.0, largest=1000)


def test_one_connection_carries_many_requests() -> None:
    own = connections()
    with server() as (url, handler):
        assert own.send("GET", f"{url}/a?b=c", {})[2] == b"here"
        assert own.send("HEAD", f"{url}/a", {})[2] == b""
        assert own.send("PUT", f"{url}/a", {}, b"body")[0] == 200
        assert [asked[:2] for asked in handler.asked] == [
            ("GET", "/a?b=c"), ("HEAD", "/a"), ("PUT", "/a"),
        ]  # fmt: skip
        assert len(handler.connections) == 1


def test_threads_do_not_share_a_connection() -> None:
    own = connections()
    with server() as (url, handler):
        answers: list[bytes] = []

        def ask() -> None:
            for _ in range(20):
                answers.append(own.send("GET", f"{url}/a", {})[2])

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert answers == [b"here"] * 80
        assert len(handler.connections) <= 4


def test_a_connection_that_the_server_has_closed_is_made_anew() -> None:
    own = connections()
    with server() as (url, handler):
        own.send("GET", f"{url}/hangs-up", {})
        assert own.send("GET", f"{url}/a", {})[2] == b"here"
        assert len(handler.connections) == 2


def test_redirects_take_no_credentials_to_another_host() -> None:
    with server() as (other, there), server(elsewhere=f"{other}/b") as (url, here):
        sent = {"Authorization": "Basic secret"}
        assert connections().send("GET", f"{url}/moved", sent)[2] == b"here"
        assert here.asked == [("GET", "/moved", "Basic secret")]
        assert there.asked == [("GET", "/b", "")]
    with server(elsewhere="/b") as (url, here):
        connections().send("GET", f"{url}/moved", sent)
        assert here.asked[1] == ("GET", "/b", "Basic secret")


@pytest.mark.parametrize("elsewhere", ["https://127.0.0.1:1/", "file:///etc/passwd", ""])
def test_redirects_that_are_not_followed(elsewhere: str) -> None:
    with server(elsewhere=elsewhere) as (url, _):
        assert connections().send("GET", f"{url}/moved", {})[0] == 307


def test_redirects_end() -> None:
    with server() as (url, handler):
        assert connections().send("GET", f"{url}/on", {})[0] == 302
        assert len(handler.asked) < 10


def test_what_is_sent_does_not_follow_a_redirect() -> None:
    with server(elsewhere="/b") as (url, handler):
        assert connections().send("PUT", f"{url}/moved", {}, b"body")[0] == 307
        assert len(handler.asked) == 1


def test_an_answer_that_is_cut_off_or_too_long_is_none() -> None:
    with server() as (url, _):
        with pytest.raises(http.client.IncompleteRead):
            connections().send("GET", f"{url}/short", {})
        with pytest.raises(TooLarge):
            Connections(5.0, largest=3).send("GET", f"{url}/a", {})


def test_certificates_are_those_that_this_machine_trusts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with server(tls=context) as (url, _):
        with pytest.raises(ssl.SSLCertVerificationError):
            connections().send("GET", f"{url}/a", {})
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert connections().send("GET", f"{url}/a", {})[2] == b"here"


def test_a_proxy_of_the_environment_is_asked_for_tls_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server() as (proxy, handler), server() as (url, direct):
        for name in ("https_proxy", "http_proxy"):
            monkeypatch.setenv(name, proxy.replace("//", "//me:s%40d@"))
        monkeypatch.setenv("no_proxy", "near.example")
        with pytest.raises(OSError, match="403"):
            connections().send("GET", "https://far.example/v2/", {"Authorization": "Basic secret"})
        assert handler.asked == [("CONNECT", "far.example:443", "Basic bWU6c0Bk")]
        connections().send("GET", f"{url}/a", {})
        assert len(direct.asked) == 1
        with pytest.raises(OSError, match=r"[Nn]ame"):
            connections().send("GET", "https://near.example/", {})
        assert len(handler.asked) == 1
