"""Reports to a web server that takes PUT: `https://…` or `http://…`."""

import base64
import http.client
import ssl
from urllib.parse import quote

import slipway_agent
from slipway_agent.errors import Denied, NotFound, Unavailable
from slipway_agent.sources.base import TIMEOUT
from slipway_agent.sources.retry_after import seconds

_LONGEST_ANSWER = 64 * 1024  # bytes, read and thrown away


class HttpSink:
    """One connection for each write: writes are rare. Redirects are not followed."""

    def __init__(
        self, *, secure: bool, host: str, port: int | None, path: str, user: str, password: str
    ) -> None:
        self._secure, self._host, self._port = secure, host, port
        self._path = quote(path, safe="/%")
        self._headers = {"User-Agent": f"slipway-agent/{slipway_agent.__version__}"}
        if user or password:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {pair}"

    @property
    def url(self) -> str:
        """The address without user and password."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        port = f":{self._port}" if self._port else ""
        return f"{'https' if self._secure else 'http'}://{host}{port}{self._path}"

    def write(self, path: str, data: bytes) -> None:
        """PUT a document."""
        where = f"{self.url}/{path}"
        kind = "application/gzip" if path.endswith(".gz") else "application/json"
        connection = self._connect()
        try:
            connection.request(
                "PUT", f"{self._path}/{quote(path)}", data, {**self._headers, "Content-Type": kind}
            )
            answer = connection.getresponse()
            answer.read(_LONGEST_ANSWER)
        except ssl.SSLCertVerificationError as error:
            raise Denied(
                f"{where}: the certificate is not accepted: {error.verify_message}",
                hint="Check the device's clock and its CA certificates (SSL_CERT_FILE)",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            raise Unavailable(f"{where} does not answer: {reason}") from error
        finally:
            connection.close()
        if answer.status in (401, 403):
            raise Denied(f"{where} is refused with {answer.status}", hint="Check the credentials")
        if answer.status in (404, 410):
            raise NotFound(f"{where} does not exist", hint="Check the URL for reports")
        if not 200 <= answer.status < 300:
            wait = seconds(answer.getheader("Retry-After", ""))
            raise Unavailable(f"{where} answers {answer.status}", retry_after=wait)

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=TIMEOUT, context=context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)
