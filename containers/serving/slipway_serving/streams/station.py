"""All sensors of a device: takes their messages, answers with predictions."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from slipway_features.messages import Reading, Rejected, read_reading
from slipway_serving.streams.counts import Counts
from slipway_serving.streams.model import Model
from slipway_serving.streams.prediction import Origin, Prediction
from slipway_serving.streams.sensor import Elector, Sensor, Tumbler
from slipway_serving.streams.settings import Settings, is_name

_QUIET: Final = 600.0  # seconds after which another sensor may have a sensor's place
_REMEMBERED: Final = 64  # times of a sensor's messages, to know one that comes again
_HOLE: Final = 0.25  # windows that may be missing between two messages


@dataclass
class _Seat:
    """What is known of one sensor."""

    sensor: Sensor
    seen: float = 0.0  # monotonic seconds
    times: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    last: Reading | None = None


class Station:
    """Not for two threads at once."""

    def __init__(self, model: Model, settings: Settings, counts: Counts) -> None:
        self._model = model
        self._settings = settings
        self._counts = counts
        self._origin = Origin(settings.device, model.name, model.version)
        self._seats: dict[str, _Seat] = {}

    @property
    def sensors(self) -> list[str]:
        """Those that are known."""
        return sorted(self._seats)

    def take(self, name: str, body: bytes) -> Iterator[Prediction]:
        """The predictions that a sensor's message completes; Rejected."""
        if len(body) > self._settings.message_bytes:
            most = self._settings.message_bytes
            raise Rejected("too-large", f"{len(body)} bytes; at most {most} are taken")
        model = self._model
        reading = read_reading(body, model.axes, model.rate, pcm=model.pcm)
        seat = self._seat(name)
        seat.seen = time.monotonic()
        self._follow(seat, reading)
        self._counts.add("taken", "readings")
        self._counts.add("taken", "samples", len(reading.values))
        for verdict in seat.sensor.take(reading.values):
            if verdict is None:
                self._counts.add("taken", "quiet")
                continue
            self._counts.add("taken", "predictions")
            yield Prediction(
                origin=self._origin,
                sensor=name,
                label=verdict.label,
                value=verdict.value,
                timestamp=time.time(),
                threshold=model.threshold,
            )

    def interrupt(self, name: str) -> None:
        """The sensor's next samples do not follow those before them."""
        if seat := self._seats.get(name):
            self._counts.add("taken", "gaps")
            seat.sensor.clear()

    def interrupt_all(self) -> None:
        """Somebody else has had the streams."""
        for seat in self._seats.values():
            seat.sensor.clear()
            seat.last = None

    def _follow(self, seat: _Seat, reading: Reading) -> None:
        """Begin anew where samples are missing, as far as the sensor tells the time; Rejected when
        the message came before."""
        if reading.time in seat.times:
            raise Rejected("repeated", f"a message of t = {reading.time} came before")
        before, seat.last = seat.last, reading
        if reading.time is None:
            return
        seat.times.append(reading.time)
        hole = max(2.0, _HOLE * self._model.window)
        if before and reading.missing(before, self._model.rate) > hole:
            self._counts.add("taken", "gaps")
            seat.sensor.clear()

    def _seat(self, name: str) -> _Seat:
        if name in self._seats:
            return self._seats[name]
        if not is_name(name):
            raise Rejected("bad-sensor", "a sensor's name is letters, digits, . _ and -")
        if len(self._seats) >= self._settings.sensors:
            self._make_room()
        self._seats[name] = _Seat(self._sensor())
        return self._seats[name]

    def _make_room(self) -> None:
        oldest = min(self._seats, key=lambda name: self._seats[name].seen)
        if time.monotonic() - self._seats[oldest].seen < _QUIET:
            raise Rejected("too-many-sensors", f"{self._settings.sensors} are known already")
        del self._seats[oldest]

    def _sensor(self) -> Sensor:
        model, settings = self._model, self._settings
        step = settings.step or model.step
        if model.threshold is None:
            return Elector(model, step, settings.votes)
        return Tumbler(model, model.threshold, step, settings.tumbling)
