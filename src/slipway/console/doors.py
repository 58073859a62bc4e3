"""How the console knows who somebody is."""

from typing import Protocol

from starlette.requests import HTTPConnection

from slipway import wiring
from slipway.console.access import Role, User
from slipway.console.sessions import Session
from slipway.settings import Settings


class Door(Protocol):
    """Tells who uses the console."""

    login: bool  # whether there is a page to log in on

    def user(self, connection: HTTPConnection, session: Session) -> User | None:
        """The user of a request, None when nobody has said who they are; raises Denied for one
        who may not come in."""
        ...


class OpenDoor:
    """Without authentication: whoever reaches the loopback port of this machine is the system's
    user and may do all."""

    login = False

    def __init__(self) -> None:
        self._user = User(wiring.system_user(), Role.RELEASE)

    def user(self, connection: HTTPConnection, session: Session) -> User | None:
        """Always the system's user."""
        return self._user


def open_door(_settings: Settings) -> Door:
    """The one that the settings ask for."""
    return OpenDoor()
