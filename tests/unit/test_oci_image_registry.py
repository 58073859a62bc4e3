"""How the OCI registry adapter takes what servers do: logins, refusals, delays, damage."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from slipway.adapters.docker_credentials import Credentials
from slipway.adapters.oci_image_registry import OciImageRegistry
from slipway.adapters.registry_address import Address
from slipway.domain.errors import Denied, Failed, InvalidSetting, ServerError, Unavailable
from slipway.domain.image import Digest
from slipway.domain.names import Arch
from tests.fixtures.free_ports import free_port
from tests.fixtures.oci import push_image
from tests.fixtures.registry import running_registry

_INDEX = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {"digest": "sha256:" + "1" * 64, "platform": {"os": "linux", "architecture": "amd64"}},
            {"digest": "sha256:" + "2" * 64, "platform": {"os": "linux", "architecture": "s390x"}},
            {
                "digest": "sha256:" + "3" * 64,
                "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"},
            },
        ],
    }
).encode()
_DIGEST = f"sha256:{hashlib.sha256(_INDEX).hexdigest()}"

Reply = tuple[int, dict[str, str], bytes]


class Request(BaseHTTPRequestHandler):
    """Hands each request to the test's own function."""

    answer: Callable[["Request"], Reply]

    def _reply(self) -> None:
        status, headers, body = type(self).answer(self)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def do_GET(self) -> None:
        self._reply()

    def do_HEAD(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def log_message(self, *_args: Any) -> None:
        pass


@contextmanager
def server(answer: Callable[[Request], Reply]) -> Iterator[str]:
    handler = type("Handler", (Request,), {"answer": staticmethod(answer)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{httpd.server_port}"
        finally:
            httpd.shutdown()
            thread.join()


def manifest(headers: dict[str, str] | None = None, body: bytes = _INDEX) -> Reply:
    media_type = "application/vnd.oci.image.index.v1+json"
    return 200, {"Content-Type": media_type, **(headers or {})}, body


@contextmanager
def token_registry(username: str, password: str) -> Iterator[tuple[str, list[str]]]:
    """A registry with a token server; yields its address and what the token server was asked."""
    asked: list[str] = []
    basic = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()

    def answer(request: Request) -> Reply:
        given = request.headers.get("Authorization", "")
        if request.path.startswith("/token"):
            asked.append(request.path)
            length = int(request.headers.get("Content-Length") or 0)
            form = request.rfile.read(length).decode()
            if given == basic or "refresh_token=identity%2B1" in form:
                return 200, {}, json.dumps({"token": "t0"}).encode()
            return 401, {}, b'{"errors": [{"code": "UNAUTHORIZED"}]}'
        if given != "Bearer t0":
            host = request.headers["Host"]
            challenge = f'Bearer realm="http://{host}/token",service="s",scope="repository:m:pull"'
            return 401, {"WWW-Authenticate": challenge}, b""
        return manifest({"Docker-Content-Digest": _DIGEST})

    with server(answer) as address:
        yield address, asked


def test_token_is_fetched_once_for_many_requests() -> None:
    with token_registry("me", "geheim") as (address, asked):
        registry = OciImageRegistry(address, credentials=lambda _: Credentials("me", "geheim"))
        assert registry.resolve("m", "latest") == Digest(_DIGEST)
        index = registry.index("m", Digest(_DIGEST))
    assert asked == ["/token?service=s&scope=repository%3Am%3Apull"]
    assert set(index.images) == {Arch.X86_64, Arch.AARCH64}  # s390x is not ours, arm64/v8 is


def test_identity_token_is_exchanged() -> None:
    with token_registry("me", "geheim") as (address, asked):
        registry = OciImageRegistry(
            address, credentials=lambda _: Credentials(identity_token="identity+1")
        )
        assert registry.resolve("m", "latest") == Digest(_DIGEST)
    assert asked == ["/token"]


@pytest.mark.parametrize("credentials", [None, Credentials("me", "falsches-wort")])
def test_token_server_refuses(credentials: Credentials | None) -> None:
    with token_registry("me", "geheim") as (address, _):
        registry = OciImageRegistry(address, credentials=lambda _: credentials)
        with pytest.raises(Denied, match="refuses the credentials") as caught:
            registry.resolve("m", "latest")
    assert "falsches-wort" not in repr(caught.value)
    assert "skopeo login" in caught.value.hint


def test_credentials_never_go_to_a_token_server_without_tls() -> None:
    challenge = {"WWW-Authenticate": 'Bearer realm="http://192.0.2.1/token",service="s"'}
    with server(lambda _: (401, challenge, b"")) as address:
        registry = OciImageRegistry(address, credentials=lambda _: Credentials("me", "x"))
        with pytest.raises(Denied, match="not https"):
            registry.resolve("m", "latest")


@pytest.mark.system
def test_basic_authentication(tmp_path: Path) -> None:
    """A real registry with htpasswd: no credentials, wrong ones, right ones, also to write."""
    htpasswd = tmp_path / "htpasswd"
    # bcrypt of wrong-horse
    hashed = "$2b$04$4RuV/HGZKX.Fk5HNd7furONk0UtwBUF2p8kXD.HqI4Ej2h5pQo5cS"
    htpasswd.write_text(f"me:{hashed}\n")
    with running_registry(tmp_path, htpasswd) as address:
        with pytest.raises(Denied, match="there are none for it"):
            OciImageRegistry(address).repositories()
        wrong = OciImageRegistry(address, credentials=lambda _: Credentials("me", "no-horse"))
        with pytest.raises(Denied) as caught:
            wrong.tags("m")
        assert "no-horse" not in str(caught.value)
        image = push_image(address, "m", Arch.ARMV7L, auth=("me", "wrong-horse"))
        right = OciImageRegistry(address, credentials=lambda _: Credentials("me", "wrong-horse"))
        right.tag("m", right.push_index("m", {Arch.ARMV7L: image}, {}), "latest")
        assert right.tags("m") == ["latest"]


def test_registry_that_is_down() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        OciImageRegistry(f"127.0.0.1:{free_port()}").repositories()


def test_registry_that_is_slow() -> None:
    release = threading.Event()

    def answer(_: Request) -> Reply:
        release.wait(10)
        return manifest()

    with server(answer) as address:
        with pytest.raises(Unavailable, match=r"did not answer in 0\.2 s"):
            OciImageRegistry(address, timeout=0.2).resolve("m", "latest")
        release.set()


def test_registry_that_trickles() -> None:
    """Each byte in time, the whole not."""

    def answer(request: Request) -> Reply:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        try:
            for _ in range(100):
                request.wfile.write(b" ")
                request.wfile.flush()
                threading.Event().wait(0.05)
        except OSError:
            pass
        return 200, {}, b""

    with server(answer) as address, pytest.raises(Unavailable, match="did not answer in"):
        OciImageRegistry(address, timeout=0.3).repositories()


@pytest.mark.parametrize(
    ("status", "kind"), [(429, Unavailable), (500, ServerError), (503, Unavailable)]
)
def test_registry_in_trouble(status: int, kind: type[Unavailable]) -> None:
    body = b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}'
    with (
        server(lambda _: (status, {}, body)) as address,
        pytest.raises(Unavailable, match=f"{status}: TOOMANYREQUESTS slow down") as caught,
    ):
        OciImageRegistry(address).repositories()
    assert type(caught.value) is kind


def test_answers_that_are_no_registry() -> None:
    with server(lambda _: (200, {}, b"<html>")) as address:
        with pytest.raises(Failed, match="no list of repositories"):
            OciImageRegistry(address).repositories()
        with pytest.raises(Failed, match="other bytes"):
            OciImageRegistry(address).index("m", Digest(_DIGEST))


def test_digest_is_computed_from_the_body() -> None:
    """A header that lies is found out, and a header that is missing is not needed."""
    with server(lambda _: manifest()) as address:
        assert OciImageRegistry(address).resolve("m", "latest") == Digest(_DIGEST)
    with (
        server(lambda _: manifest({"Docker-Content-Digest": _DIGEST}, b"{}")) as address,
        pytest.raises(Failed, match="says"),
    ):
        OciImageRegistry(address).index("m", Digest(_DIGEST))


def test_too_large_an_answer() -> None:
    with (
        server(lambda _: (200, {}, b" " * (5 << 20))) as address,
        pytest.raises(Failed, match="more than 4 MiB"),
    ):
        OciImageRegistry(address).repositories()


def test_listings_are_followed_to_the_end() -> None:
    def answer(request: Request) -> Reply:
        if "last=b" in request.path:
            return 200, {}, b'{"repositories": ["c", "team/d"]}'
        link = {"Link": '</v2/_catalog?last=b&n=2>; rel="next"'}
        return 200, link, b'{"repositories": ["a", "b"]}'

    with server(answer) as address:
        assert OciImageRegistry(address).repositories() == ["a", "b", "c", "team/d"]
        assert OciImageRegistry(f"{address}/team").repositories() == ["d"]


def test_listings_do_not_lead_elsewhere() -> None:
    elsewhere = {"Link": '<http://192.0.2.1/v2/_catalog>; rel="next"'}
    with (
        server(lambda _: (200, elsewhere, b'{"repositories": []}')) as address,
        pytest.raises(Failed, match=r"links to 192\.0\.2\.1"),
    ):
        OciImageRegistry(address).repositories()


def test_listing_in_a_circle_ends() -> None:
    circle = {"Link": '</v2/_catalog?n=1000>; rel="next"'}
    with (
        server(lambda _: (200, circle, b'{"repositories": []}')) as address,
        pytest.raises(Failed, match="without end"),
    ):
        OciImageRegistry(address).repositories()


def test_no_catalogue_names_the_setting() -> None:
    with server(lambda _: (404, {}, b"")) as address, pytest.raises(Denied) as caught:
        OciImageRegistry(address).repositories()
    assert "monitor.repositories" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "origin", "prefix"),
    [
        ("127.0.0.1:5000", "http://127.0.0.1:5000", ""),
        ("localhost:5000/a", "http://localhost:5000", "a"),
        ("[::1]:5000", "http://[::1]:5000", ""),
        ("127.0.0.1.example.org", "https://127.0.0.1.example.org", ""),
        ("europe-docker.pkg.dev/p/r", "https://europe-docker.pkg.dev", "p/r"),
        ("docker.io/me", "https://registry-1.docker.io", "me"),
    ],
)
def test_plain_http_only_to_this_machine(text: str, origin: str, prefix: str) -> None:
    address = Address.parse(text)
    assert (address.origin, address.prefix) == (origin, prefix)


@pytest.mark.parametrize("text", ["", "http://x", "a b", "x/../y", "me:geheim@x.org", "x:/y"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(InvalidSetting, match=r"registry\.address") as caught:
        OciImageRegistry(text)
    assert "geheim" not in str(caught.value)
