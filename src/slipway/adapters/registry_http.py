"""HTTP to an OCI registry: time limits, authentication, errors.

The authentication flow is the distribution project's
(https://distribution.github.io/distribution/spec/auth/token/): a 401 names in `WWW-Authenticate`
either Basic, or Bearer with the realm that gives out tokens.
"""

import base64
import http.client
import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from slipway.adapters.docker_credentials import Credentials
from slipway.adapters.http_connections import Connections, TooLarge
from slipway.adapters.processes import LOG_IN, REGISTRY_FAILS
from slipway.adapters.registry_address import Address, is_loopback
from slipway.domain.errors import Denied, DiskFull, Failed, ServerError, SlipwayError, Unavailable

_CHALLENGE = re.compile(r'([a-z_]+)="([^"]*)"')
_LARGEST_BODY = 4 << 20  # bytes; the distribution spec lets registries refuse larger manifests


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RegistryHttp:
    """One registry's API. Raises Unavailable and Denied; any other status is the caller's."""

    def __init__(
        self,
        address: Address,
        timeout: float,
        credentials: Callable[[str], Credentials | None],
    ) -> None:
        self._address = address
        self._timeout = timeout
        self._credentials = credentials
        self._connections = Connections(timeout, _LARGEST_BODY)
        self._authorization: dict[tuple[str, bool], str] = {}

    def request(
        self,
        method: str,
        path: str,
        *,
        scope: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send one request to `path` (from `/v2/` on); `scope` says what rights are remembered
        for, the repository or the catalogue."""
        url = self._address.origin + path
        key = (scope, body is not None)
        answer = self._send(method, url, headers or {}, body, self._authorization.get(key))
        if answer.status == 401:
            self._authorization[key] = self._authorize(answer.headers.get("www-authenticate", ""))
            answer = self._send(method, url, headers or {}, body, self._authorization[key])
        if answer.status in (401, 403):
            self._authorization.pop(key, None)
            raise self._denied(f"refuses access to {scope}{_reason(answer.body)}")
        if answer.status == 429 or answer.status >= 500:
            raise self._failing(answer, storing=body is not None)
        return answer

    def _failing(self, answer: Answer, *, storing: bool) -> SlipwayError:
        host, reason = self._address.host, _reason(answer.body)
        if b"no space left" in answer.body.lower():
            return DiskFull(f"registry {host} has no space left{reason}", hint="Free some there")
        if answer.status == 429:
            return Unavailable(f"registry {host} answers 429{reason}", hint="Try again later")
        failing = " and stores nothing" if storing else ""
        kind = Unavailable if answer.status == 503 else ServerError
        return kind(
            f"registry {host} answers {answer.status}{failing}{reason}", hint=REGISTRY_FAILS
        )

    def unexpected(self, answer: Answer, what: str) -> Failed:
        """The error for a status that nothing explains."""
        reason = _reason(answer.body)
        return Failed(
            f"registry {self._address.host} answers {answer.status} to {what}{reason}",
            hint="See whether registry.address names an OCI registry, and what its log says",
        )

    def _authorize(self, challenge: str) -> str:
        """The Authorization header that a challenge asks for."""
        scheme, _, rest = challenge.partition(" ")
        credentials = self._credentials(self._address.host)
        if scheme.lower() == "basic":
            if credentials is None:
                raise self._denied("wants credentials, there are none for it")
            return _basic(credentials)
        parameters = dict(_CHALLENGE.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in parameters:
            raise self._denied("asks for a kind of authentication that Slipway does not speak")
        return f"Bearer {self._token(parameters, credentials)}"

    def _token(self, parameters: dict[str, str], credentials: Credentials | None) -> str:
        realm = parameters.pop("realm")
        where = urlsplit(realm)
        if where.scheme != "https" and not is_loopback(where.hostname):
            raise self._denied(f"names the token server {realm!r}, which is not https")
        if credentials and credentials.identity_token:
            form = {"grant_type": "refresh_token", "client_id": "slipway", **parameters}
            form["refresh_token"] = credentials.identity_token
            encoding = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = self._send("POST", realm, encoding, urlencode(form).encode(), None)
        else:
            url = f"{realm}{'&' if where.query else '?'}{urlencode(parameters)}"
            basic = _basic(credentials) if credentials else None
            answer = self._send("GET", url, {}, None, basic)
        if answer.status == 429 or answer.status >= 500:
            raise Unavailable(
                f"token server {where.netloc} answers {answer.status}", hint="Try again later"
            )
        if answer.status >= 400:
            raise self._denied(f"refuses the credentials (token server {where.netloc})")
        try:
            document = json.loads(answer.body)
            return str(document.get("token") or document["access_token"])
        except (ValueError, KeyError, AttributeError, TypeError):
            raise self._denied(f"has a token server, {where.netloc}, without a token") from None

    def _denied(self, what: str) -> Denied:
        return Denied(
            f"registry {self._address.host} {what}",
            hint=f"{LOG_IN.format(self._address.host)}; or check the account's rights",
        )

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        authorization: str | None,
    ) -> Answer:
        host = urlsplit(url).netloc
        sent = {**headers, "Authorization": authorization} if authorization else headers
        try:
            return Answer(*self._connections.send(method, url, sent, body))
        except TooLarge as error:
            raise Failed(
                f"{host} answers with more than 4 MiB",
                hint="See whether registry.address names an OCI registry",
            ) from error
        except TimeoutError as error:
            raise Unavailable(
                f"registry {host} did not answer in {self._timeout:g} s",
                hint="Try again, or raise registry.timeout",
            ) from error
        except ssl.SSLError as error:
            raise Unavailable(
                f"registry {host} has no TLS connection to offer, or none to trust",
                hint="Check its certificate and the name in registry.address",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(
                f"registry {host} does not answer",
                hint="Is it running, and is registry.address right? slipway up starts a local one",
            ) from error


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{credentials.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _reason(body: bytes) -> str:
    """The registry's own words, `{"errors": [{"code": …, "message": …}]}`, kept short."""
    try:
        first = json.loads(body)["errors"][0]
        words = f"{first.get('code', '')} {first.get('message', '')}".strip()
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""
    return f": {words[:200]}"
