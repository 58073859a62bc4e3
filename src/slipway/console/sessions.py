"""One cookie for each browser: signed, short-lived, out of reach of scripts.

It holds a random id, which the tokens of forms are made of, and who logged in. Nothing is kept on
the server but the key that signs, `console/secret` below SLIPWAY_HOME: sessions outlive a restart.
"""

import hashlib
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from itsdangerous import BadData, URLSafeSerializer
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slipway.console.private import create_private, read_private


@dataclass(frozen=True)
class Session:
    """What a browser's cookie says."""

    id: str
    since: int  # unix seconds
    user: str = ""  # who logged in; empty for nobody
    mark: str = ""  # of what was known of that user then
    message: str = ""  # to be shown once

    @classmethod
    def new(cls, user: str = "", mark: str = "") -> "Session":
        """One with an id of its own, from now on."""
        return cls(secrets.token_urlsafe(16), int(time.time()), user, mark)


class Cookies:
    """Writes and reads the cookie."""

    def __init__(self, secret: bytes, name: str, hours: float) -> None:
        self.name = name
        self._seconds = hours * 3600
        sha256 = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        self._sessions = URLSafeSerializer(secret, salt="slipway.session", signer_kwargs=sha256)
        self._tokens = URLSafeSerializer(secret, salt="slipway.form", signer_kwargs=sha256)

    def read(self, connection: HTTPConnection) -> Session | None:
        """The session of a request; None when there is none, or it is over, or not ours."""
        try:
            session = Session(**self._sessions.loads(connection.cookies.get(self.name, "")))
        except (BadData, TypeError):
            return None
        return session if time.time() < session.since + self._seconds else None

    def header(self, session: Session, *, https: bool) -> str:
        """The Set-Cookie header."""
        value = self._sessions.dumps(asdict(session))
        secure = "; Secure" if https else ""
        return f"{self.name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"

    def token(self, session: Session) -> str:
        """What the forms of this browser hold."""
        return str(self._tokens.dumps(session.id))

    def holds(self, session: Session, token: str) -> bool:
        """Whether a form with this token came from a page of this browser."""
        return secrets.compare_digest(token.encode(), self.token(session).encode())


class SessionMiddleware:
    """Puts the browser's session into the request's state, and what handlers make of it into the
    answer: `request.state.session`."""

    def __init__(self, app: ASGIApp, cookies: Cookies) -> None:
        self._app = app
        self._cookies = cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        known = self._cookies.read(HTTPConnection(scope))
        state["session"] = known or Session.new()

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and state["session"] != known:
                https = scope["scheme"] == "https"
                header = self._cookies.header(state["session"], https=https)
                MutableHeaders(scope=message).append("set-cookie", header)
            await send(message)

        await self._app(scope, receive, with_cookie)


def read_secret(path: Path) -> bytes:
    """The key that cookies are signed with, made the first time; raises as `read_private` does."""
    if not path.exists():
        create_private(path, secrets.token_bytes(32))
    return read_private(path)
