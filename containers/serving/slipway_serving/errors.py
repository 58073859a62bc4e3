"""What can go wrong: with the model or an address at the start, or with one request."""

from typing import Final

DETAILS: Final = 300  # characters of a message that a client may get


class ModelError(Exception):
    """The model folder cannot be served; the message says what is wrong with it."""


class ListenError(Exception):
    """An address cannot be listened on; the message says which and why."""


class RequestError(Exception):
    """A request that gets no answer but `{"error": {"code", "message"}}` and a status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message if len(message) <= DETAILS else message[:DETAILS] + "…"
