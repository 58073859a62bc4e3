"""Who may do what: three roles, each of which includes the one before."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from inspect import iscoroutinefunction
from typing import TypeVar

from starlette.requests import HTTPConnection, Request

from slipway.domain.choice import choose
from slipway.domain.errors import Denied

_Answer = TypeVar("_Answer")


class Role(StrEnum):
    """What a user may do."""

    LOOK = "look"  # see everything
    RUN = "run"  # and start, cancel and schedule runs
    RELEASE = "release"  # and move channels

    def includes(self, other: "Role") -> bool:
        """Whether who has this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)

    @classmethod
    def parse(cls, text: str) -> "Role":
        """A role by its name; raises InvalidInput."""
        return choose(cls, text, f"{text[:80]!r} is not a role")


@dataclass(frozen=True)
class User:
    """Who uses the console."""

    name: str
    role: Role


def user_of(connection: HTTPConnection) -> User:
    """The user of a request; the middleware lets none without one through to a page."""
    user: User = connection.state.user
    return user


def needs(role: Role) -> Callable[[Callable[[Request], _Answer]], Callable[[Request], _Answer]]:
    """A handler that is for users with a `role` alone; others get Denied.

    Looking needs no decorator: every page but the login is for users.
    """

    def check(request: Request) -> None:
        user = user_of(request)
        if not user.role.includes(role):
            raise Denied(
                f"{user.name} has the role {user.role}, and this needs {role}",
                hint=f"Who keeps the console can change it: slipway console-user role {user.name}",
            )

    def decorate(handler: Callable[[Request], _Answer]) -> Callable[[Request], _Answer]:
        if iscoroutinefunction(handler):

            @functools.wraps(handler)
            async def checked_later(request: Request) -> object:
                check(request)
                return await handler(request)

            return checked_later  # type: ignore[return-value]

        @functools.wraps(handler)
        def checked(request: Request) -> _Answer:
            check(request)
            return handler(request)

        return checked

    return decorate
