"""A bearing with a sensor on it: messages, as the streams on a device take them."""

import re
import time

from slipway.domain.errors import InvalidInput
from slipway_components.signals.lorenz import Lorenz, State
from slipway_features.messages import write_reading

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Bearing:
    """Makes one message after another."""

    def __init__(self, sensor: str, state: State, *, rate: float, batch: int, seed: int) -> None:
        """`rate` in Hz, `batch` samples of a message; InvalidInput for a sensor's name that is
        none."""
        if not _NAME.fullmatch(sensor):
            raise InvalidInput(
                f"{sensor!r} is not a sensor's name",
                hint="Use letters, digits, . _ and -, 64 at most",
            )
        self.topic = f"slipway/readings/{sensor}"
        self._lorenz = Lorenz(seed, state)
        self._rate = rate
        self._batch = batch
        self._made = 0
        self._begun = time.time()

    @property
    def state(self) -> State:
        """What it is now."""
        return self._lorenz.state

    def switch(self, state: State) -> None:
        """Break it, or mend it."""
        self._lorenz.state = state

    def message(self) -> bytes:
        """The next samples, with the time of the first of them by the sensor's clock."""
        values = self._lorenz.take(self._batch).round(6)
        at = self._begun + self._made / self._rate
        self._made += self._batch
        return write_reading(values, rate=self._rate, time=round(at, 6))
