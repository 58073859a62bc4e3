"""What fires schedules and lets waiting runs begin: a loop that can be killed at any time."""

import time
from collections.abc import Callable

from slipway.domain.errors import SlipwayError
from slipway.ports.pipeline_backend import PipelineBackend

_LOOK = 0.5  # seconds between two looks at the queue


class Runner:
    """Looks at the queue of a backend; `say` is told what began and what is wrong."""

    def __init__(
        self,
        backend: PipelineBackend,
        limit: int,
        fire: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        """`fire`: queues the runs of schedules whose time has come."""
        self._backend = backend
        self._limit = limit
        self._fire = fire
        self._say = say
        self._problems: list[str] = []

    def look(self) -> None:
        """Fire what is due and let begin what may; problems are said when they are not those of the
        look before."""
        problems = []
        for step in (self._fire, self._admit):  # one that fails does not hold up the other
            try:
                step()
            except SlipwayError as error:
                problems.append(f"{error.message}; {error.hint}")
        if problems != self._problems:
            self._say(" | ".join(problems) or "works again")
        self._problems = problems

    def _admit(self) -> None:
        for state in self._backend.admit(self._limit):
            self._say(f"{state.id}: {state.status}")

    def run(self) -> None:
        """Look again and again until the process is ended."""
        while True:
            self.look()
            time.sleep(_LOOK)
