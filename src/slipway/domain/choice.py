"""One of a few words."""

from enum import StrEnum
from typing import TypeVar

from slipway.domain.errors import InvalidInput

Choice = TypeVar("Choice", bound=StrEnum)


def choose(
    kind: type[Choice], text: str, message: str, error: type[InvalidInput] = InvalidInput
) -> Choice:
    """The member of `kind` that `text` names; otherwise `error` with `message`, and with all that
    there are as its hint."""
    try:
        return kind(text)
    except ValueError:
        raise error(message, hint=f"Choose one of {', '.join(kind)}") from None
