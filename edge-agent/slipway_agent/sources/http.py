"""A deploy bucket behind a web server: `https://…` or `http://…`.

The connection is kept open and what is polled is asked for with If-None-Match and
If-Modified-Since: an idle poll is one small request and one 304, without a handshake. http.client
rather than urllib: it is what the standard library has that keeps connections.
"""

import base64
import http.client
import ssl
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

import slipway_agent
from slipway_agent.errors import AgentError, Denied, NotFound, Refused, Unavailable
from slipway_agent.sources.base import TIMEOUT
from slipway_agent.sources.retry_after import seconds

_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class _Answer(NamedTuple):
    status: int
    body: bytes
    etag: str
    modified: str
    location: str
    retry_after: str


class HttpSource:
    """Asks with the validators of the last answer; follows redirects, without the password."""

    def __init__(
        self, *, secure: bool, host: str, port: int | None, path: str, user: str, password: str
    ) -> None:
        shown = f"[{host}]" if ":" in host else host
        self._origin = f"{'https' if secure else 'http'}://{shown}{f':{port}' if port else ''}"
        self._path = quote(path, safe="/%")
        self._headers = {"User-Agent": f"slipway-agent/{slipway_agent.__version__}"}
        if user or password:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {pair}"
        self._connection: http.client.HTTPConnection | None = None
        self._seen: dict[str, dict[str, str]] = {}  # path → the conditions of the next request

    @property
    def url(self) -> str:
        """The address without user and password."""
        return f"{self._origin}{self._path}"

    def read(self, path: str, limit: int) -> bytes:
        """The body at a path."""
        return self._ok(path, {}, limit).body

    def changed(self, path: str, limit: int) -> bytes | None:
        """The body at a path, or None if the server says that it is that of the last call."""
        conditions = self._seen.get(path, {})
        answer = self._ok(path, conditions, limit)
        if answer.status == 304:
            return None
        validators = {"If-None-Match": answer.etag, "If-Modified-Since": answer.modified}
        self._seen[path] = {name: value for name, value in validators.items() if value}
        return answer.body

    def _ok(self, path: str, conditions: dict[str, str], limit: int) -> _Answer:
        where = f"{self.url}/{path}"
        answer = self._get(f"{self._origin}{self._path}/{quote(path)}", conditions, limit)
        if answer.status != 304 or not conditions:
            _check_status(answer, where)
        return answer

    def close(self) -> None:
        """Close the kept connection."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _get(self, url: str, conditions: dict[str, str], limit: int) -> _Answer:
        """Follow redirects to an answer with at most `limit` bytes."""
        headers = {**self._headers, **conditions}
        target = url
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                answer = self._ask(target, headers, limit)
            except ssl.SSLCertVerificationError as error:
                raise Denied(
                    f"{_shown(target)}: the certificate is not accepted: {error.verify_message}",
                    hint="Check the device's clock and its CA certificates (SSL_CERT_FILE)",
                ) from error
            except (OSError, http.client.HTTPException) as error:
                self.close()
                reason = str(error) or type(error).__name__
                raise Unavailable(f"{_shown(target)} does not answer: {reason}") from error
            except AgentError:
                self.close()
                raise
            if answer.status not in _REDIRECTS or not answer.location:
                return answer
            target = _redirected(target, answer.location)
            if not self._is_origin(target):
                headers.pop("Authorization", None)
        raise Refused(f"{url} redirects more than {_MOST_REDIRECTS} times")

    def _ask(self, url: str, headers: dict[str, str], limit: int) -> _Answer:
        if not self._is_origin(url):
            connection = _connect(url)
            try:
                return _exchange(connection, url, headers, limit)
            finally:
                connection.close()
        if self._connection:
            try:
                return _exchange(self._connection, url, headers, limit)
            except _STALE:  # the server closed the idle connection; a GET may be asked again
                self.close()
        self._connection = _connect(url)
        return _exchange(self._connection, url, headers, limit)

    def _is_origin(self, url: str) -> bool:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" == self._origin


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    assert parts.hostname  # noqa: S101  open_source and _redirected saw to it
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=TIMEOUT, context=context
        )
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)


def _exchange(
    connection: http.client.HTTPConnection, url: str, headers: dict[str, str], limit: int
) -> _Answer:
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    connection.request("GET", (parts.path or "/") + query, headers=headers)
    with connection.getresponse() as response:
        body = response.read(limit + 1)
        if response.status == 200 and len(body) > limit:
            raise Refused(f"{_shown(url)} has more than {limit} bytes")
        if response.status == 200 and response.length:
            raise Unavailable(f"{_shown(url)} was cut short by {response.length} bytes")
        if not response.isclosed():  # the rest of a body would precede the next answer
            connection.close()
    return _Answer(
        response.status,
        body,
        response.getheader("ETag", ""),
        response.getheader("Last-Modified", ""),
        response.getheader("Location", ""),
        response.getheader("Retry-After", ""),
    )


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    try:
        parts = urlsplit(target)
        acceptable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        acceptable = False
    if not acceptable:
        raise Refused(f"{_shown(url)} redirects to something that is not http or https")
    if urlsplit(url).scheme == "https" and parts.scheme == "http":
        raise Refused(f"{_shown(url)} redirects from https to http")
    return target


def _check_status(answer: _Answer, where: str) -> None:
    status = answer.status
    if status == 200:
        return
    if status in (401, 403):
        raise Denied(f"{where} is refused with {status}", hint="Check the credentials in the URL")
    if status in (404, 410):
        raise NotFound(f"{where} does not exist", hint="Check the bucket's URL")
    raise Unavailable(f"{where} answers {status}", retry_after=seconds(answer.retry_after))


def _shown(url: str) -> str:
    """A URL for a message: where a redirect leads to may be signed in its query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
