"""A question that is being answered in the background, for a limited time."""

import time
from collections.abc import Callable
from threading import Thread
from typing import Generic, TypeVar

from slipway.domain.errors import SlipwayError, Unavailable
from slipway.domain.system_errors import system_error

Answer = TypeVar("Answer")


class Asked(Generic[Answer]):
    """One question, asked when this is made. What hangs ends with the program."""

    def __init__(self, what: str, ask: Callable[[], Answer]) -> None:
        self.what = what
        self._ask = ask
        self._answers: list[Answer] = []
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, daemon=True, name=f"asks for {what}")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answers.append(self._ask())
        except OSError as error:
            self._error = system_error(error, str(error.filename or self.what))
        except BaseException as error:  # noqa: BLE001  raised again where it is waited for
            self._error = error

    def answer(self, deadline: float) -> Answer:
        """What it came to; raises what the asking raised, and Unavailable when nothing has come by
        `deadline` (of the monotonic clock)."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._error is not None:
            raise self._error
        if not self._answers:
            raise Unavailable(
                f"{self.what} did not answer in time", hint="See whether it is overloaded or away"
            )
        return self._answers[0]

    def answer_or(
        self, tell: Callable[[str, SlipwayError], None], deadline: float
    ) -> Answer | None:
        """The same; a SlipwayError is told of instead of raised, and the answer is None."""
        try:
            return self.answer(deadline)
        except SlipwayError as error:
            tell(self.what, error)
            return None
