"""What lets waiting runs begin: a loop that can be killed and started again at any time."""

import time
from collections.abc import Callable

from slipway.domain.errors import SlipwayError
from slipway.ports.pipeline_backend import PipelineBackend

_LOOK = 0.5  # seconds between two looks at the queue


class Runner:
    """Looks at the queue of a backend; `say` is told what began and what is wrong."""

    def __init__(self, backend: PipelineBackend, limit: int, say: Callable[[str], None]) -> None:
        self._backend = backend
        self._limit = limit
        self._say = say
        self._problem = ""

    def look(self) -> None:
        """Let begin what may; a problem is said when it is not the one of the look before."""
        problem = ""
        try:
            for state in self._backend.admit(self._limit):
                self._say(f"{state.id}: {state.status}")
        except SlipwayError as error:
            problem = f"{error.message}; {error.hint}"
        if problem != self._problem:
            self._say(problem or "works again")
        self._problem = problem

    def run(self) -> None:
        """Look again and again until the process is ended."""
        while True:
            self.look()
            time.sleep(_LOOK)
