"""How the console knows who somebody is: it need not ask, they log in, or a proxy has asked."""

from typing import Protocol

from starlette.requests import HTTPConnection

from slipway import wiring
from slipway.console.access import Role, User
from slipway.console.hosts import is_loopback
from slipway.console.sessions import Session
from slipway.console.users import Users
from slipway.domain.errors import Denied, InvalidSetting
from slipway.settings import Settings

_MODES = ("auto", "always", "never")


class Door(Protocol):
    """Tells who uses the console."""

    @property
    def login(self) -> bool:
        """Whether there is a page to log in on."""
        ...

    def user(self, connection: HTTPConnection, session: Session) -> User | None:
        """The user of a request, None when nobody has said who they are; raises Denied for one
        who may not come in."""
        ...


class OpenDoor:
    """Without authentication: whoever reaches the port is the system's user and may do all."""

    login = False

    def __init__(self) -> None:
        self._user = User(wiring.system_user(), Role.RELEASE)

    def user(self, connection: HTTPConnection, session: Session) -> User | None:
        """Always the system's user."""
        return self._user


class LoginDoor:
    """People log in; a session lasts as long as their account stays as it was then."""

    login = True

    def __init__(self, users: Users) -> None:
        self._users = users

    def user(self, connection: HTTPConnection, session: Session) -> User | None:
        """Who logged in with this browser."""
        account = self._users.find(session.user) if session.user else None
        return account.user if account and account.mark == session.mark else None


class ProxyDoor:
    """A reverse proxy has logged people in, with OpenID Connect for example, and names them in a
    header."""

    login = False

    def __init__(self, users: Users, header: str, role: Role | None) -> None:
        self._users = users
        self._header = header
        self._role = role

    def user(self, connection: HTTPConnection, session: Session) -> User | None:
        """Who the proxy says it is."""
        if not connection.state.through_proxy:
            raise Denied(
                "the console is reached by its proxy alone",
                hint="Use the proxy's address; console.proxy_from names where it may come from",
            )
        names = connection.headers.getlist(self._header)
        if len(names) != 1 or not names[0].strip():
            raise Denied(
                f"the proxy's header {self._header} names nobody, or more than one",
                hint="The proxy has to set it, in the place of any that a browser sends",
            )
        name = names[0].strip()
        if account := self._users.find(name):
            return account.user
        if self._role is None:
            raise Denied(
                f"{name[:80]} is none of the console's users",
                hint="Who keeps the console can add you: slipway console-user add --no-password",
            )
        return User(name[:100], self._role)


def open_door(settings: Settings) -> Door:
    """The one that the settings ask for; InvalidSetting when they make no sense."""
    console = settings.console
    users = console_users(settings)
    if console.authentication not in _MODES:
        raise InvalidSetting(
            f"console.authentication is {console.authentication!r}",
            hint=f"Choose one of {', '.join(_MODES)}",
        )
    if console.proxy_header:
        if not console.proxy_from or console.authentication == "never":
            raise InvalidSetting(
                f"console.proxy_header is {console.proxy_header}, which anybody could send",
                hint="Name the proxy's addresses in console.proxy_from, "
                "and leave console.authentication at auto",
            )
        role = Role.parse(console.proxy_role) if console.proxy_role else None
        return ProxyDoor(users, console.proxy_header, role)
    if console.authentication == "never" and not is_loopback(console.host) and not console.hosts:
        raise InvalidSetting(
            f"console.authentication is never, and it listens on {console.host}",
            hint="Name in console.hosts how people reach it, or let them log in",
        )
    if console.authentication == "never" or (
        console.authentication == "auto" and is_loopback(console.host)
    ):
        return OpenDoor()
    if not any(account.password for account in users.all().values()):
        raise InvalidSetting(
            f"nobody can log in to the console, and it listens on {console.host}",
            hint="Add somebody: slipway console-user add NAME --role release",
        )
    return LoginDoor(users)


def console_users(settings: Settings) -> Users:
    """The accounts of an installation."""
    return Users(settings.home / "console" / "users.json")
