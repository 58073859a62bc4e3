"""HTTP connections that are kept open, over the standard library alone.

`requests` takes a quarter of a second to be imported, which every quick command would pay. What a
registry's API needs of it is here: connections used again, certificates that this machine trusts,
the environment's proxy, redirects that take no credentials to another host.
"""

import http.client
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from urllib.parse import SplitResult, urljoin, urlsplit

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_CHUNK = 1 << 16

_Idle = dict[tuple[str, str], list[http.client.HTTPConnection]]  # by scheme and host


class TooLarge(Exception):
    """An answer has more bytes than are read."""


class Connections:
    """Connections to any hosts, for many threads; `largest` bytes of a body are read.

    Raises OSError (TimeoutError, ssl.SSLError), http.client.HTTPException and TooLarge.
    """

    def __init__(self, timeout: float, largest: int) -> None:
        """`timeout`: seconds for connecting, for each part of an answer, for all of its body."""
        self._timeout = timeout
        self._largest = largest
        self._idle: _Idle = {}
        self._lock = Lock()
        weakref.finalize(self, _close, self._idle)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers by their names in lower case, and the body."""
        sent = {"User-Agent": "slipway", "Accept-Encoding": "identity", **headers}
        for _ in range(_MOST_REDIRECTS):
            status, answered, content = self._once(method, urlsplit(url), sent, body)
            target = urljoin(url, answered.get("location", ""))
            if status not in _REDIRECTS or body is not None or not _safe(url, target):
                break
            if urlsplit(target).netloc != urlsplit(url).netloc:
                sent.pop("Authorization", None)
            url = target
        return status, answered, content

    def _once(
        self, method: str, url: SplitResult, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, dict[str, str], bytes]:
        path = url.path + (f"?{url.query}" if url.query else "")
        with self._connection(url) as (connection, used):
            try:
                connection.request(method, path or "/", body, dict(headers))
                response = connection.getresponse()
            except (ConnectionError, http.client.BadStatusLine):
                if not used:
                    raise
                connection.close()  # the server had closed it; the next request connects anew
                connection.request(method, path or "/", body, dict(headers))
                response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return response.status, names, self._body(response)

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        deadline = time.monotonic() + self._timeout
        parts: list[bytes] = []
        size = 0
        while chunk := response.read1(_CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > self._largest:
                raise TooLarge
            if time.monotonic() > deadline:
                raise TimeoutError
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        response.read()  # nothing; only now can the connection be used again
        return b"".join(parts)

    @contextmanager
    def _connection(self, url: SplitResult) -> Iterator[tuple[http.client.HTTPConnection, bool]]:
        """A connection for nobody else meanwhile, and whether it was used before; it is closed
        when something goes wrong with it."""
        key = (url.scheme, url.netloc)
        with self._lock:
            idle = self._idle.setdefault(key, [])
            connection = idle.pop() if idle else None
        used = connection is not None
        connection = connection or self._connect(url)
        try:
            yield connection, used
        except BaseException:
            connection.close()
            raise
        with self._lock:
            idle.append(connection)

    def _connect(self, url: SplitResult) -> http.client.HTTPConnection:
        host = url.hostname or ""
        if url.scheme != "https":  # loopback only: no proxy has business there
            return http.client.HTTPConnection(host, url.port or 80, timeout=self._timeout)
        from urllib.request import getproxies, proxy_bypass

        proxy = "" if proxy_bypass(url.netloc) else getproxies().get("https", "")
        if not proxy:
            return http.client.HTTPSConnection(host, url.port or 443, timeout=self._timeout)
        through = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        connection = http.client.HTTPSConnection(
            through.hostname or "", through.port or 3128, timeout=self._timeout
        )
        connection.set_tunnel(host, url.port or 443, _proxy_headers(through))
        return connection


def _close(idle: _Idle) -> None:
    for connections in idle.values():
        for connection in connections:
            connection.close()


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    from base64 import b64encode
    from urllib.parse import unquote

    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {b64encode(pair).decode()}"}


def _safe(url: str, target: str) -> bool:
    """Whether a redirect leads to HTTP of the same kind, never from encrypted to plain."""
    return target != url and urlsplit(target).scheme == urlsplit(url).scheme
