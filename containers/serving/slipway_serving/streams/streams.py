"""The streams of one serving container: from readings to predictions and actions."""

import json
import os
import threading
import time
import traceback
from typing import Any, Final

from slipway_features.messages import Rejected
from slipway_serving.streams.actions import Actions
from slipway_serving.streams.counts import Counts, say
from slipway_serving.streams.firing import Firing
from slipway_serving.streams.inbox import Inbox, Message
from slipway_serving.streams.intake import Intake
from slipway_serving.streams.model import Model
from slipway_serving.streams.outbox import Outbox
from slipway_serving.streams.prediction import Prediction
from slipway_serving.streams.rules import Rule
from slipway_serving.streams.settings import Settings
from slipway_serving.streams.station import Station

_TAKE: Final = 0.2  # seconds between two looks whether it is the end
_FLUSH: Final = 3.0  # seconds in which the broker has to take what is left at the end


class Streams:
    """Runs from `start` to `leave`, with one file's settings."""

    def __init__(self, model: Model, settings: Settings, counts: Counts) -> None:
        """SettingsError when a file that the settings name cannot be used."""
        self._settings = settings
        self._counts = counts
        self._station = Station(model, settings, counts)
        self._firing = Firing()
        self._desk = threading.RLock()  # whoever takes a reading has it
        self._inbox = Inbox(settings.incoming_bytes)
        self._left = False
        self._outbox: Outbox | None = None
        self._intake: Intake | None = None
        if settings.broker:
            client = f"slipway-{model.name}-{settings.device}-{os.urandom(4).hex()}"
            self._outbox = Outbox(settings.broker, client, settings.outgoing, counts)
            self._intake = Intake(
                settings.broker,
                settings,
                model.name,
                self._inbox,
                counts,
                begin=self._begin,
                state=self._state,
            )
        self._actions = Actions((), self._publish, counts)
        self._worker = threading.Thread(target=self._work, daemon=True)

    @property
    def has_broker(self) -> bool:
        """Whether there is one to publish to."""
        return self._outbox is not None

    @property
    def well(self) -> bool:
        """Whether what is published gets to the broker."""
        return self._outbox is None or not self._outbox.problem

    def use(self, rules: tuple[Rule, ...]) -> None:
        """From now on act by these rules."""
        with self._desk:
            self._actions.leave()
            self._firing.use(rules)
            self._actions = Actions(rules, self._publish, self._counts)

    def start(self) -> None:
        """Connect, and take readings."""
        self._worker.start()
        if self._outbox and self._intake:
            self._outbox.start()
            self._intake.start()

    def take(self, sensor: str, body: bytes) -> list[Prediction]:
        """One message of a sensor: the predictions that it completes, which are also published;
        Rejected, and counted."""
        made = []
        with self._desk:
            try:
                for prediction in self._station.take(sensor, body):
                    made.append(prediction)
                    self._tell(prediction)
            except Rejected as error:
                self._counts.trouble("rejected", error.reason, f"{sensor}: {error.message}")
                raise
        return made

    def tell_status(self, document: dict[str, Any]) -> None:
        """Publish how things stand."""
        if self._outbox:
            self._outbox.tell(self._settings.topics.status, json.dumps(document).encode())

    def document(self) -> dict[str, Any]:
        """How things stand."""
        with self._desk:
            sensors = self._station.sensors
        return {
            "device": self._settings.device,
            "sensors": len(sensors),
            "readings": _state(self._intake),
            "predictions": _state(self._outbox),
            "waiting": self._outbox.waiting if self._outbox else 0,
        }

    def leave(self) -> None:
        """Give way to the next version; does not wait for it."""
        if self._intake:
            self._intake.leave()

    def close(self) -> None:
        """Give way, and end when what was taken is done and sent, or cannot be in some seconds."""
        self.leave()
        end = time.monotonic() + _FLUSH
        if self._intake:
            self._intake.join(_FLUSH)
        self._left = True
        if self._outbox:
            self._outbox.leave(max(0.5, end - time.monotonic()))
        self._actions.leave()

    def _begin(self, left: bytes) -> None:
        """Another version had the streams, or nobody."""
        with self._desk:
            self._station.interrupt_all()
            if left:
                try:
                    self._firing.restore(left)
                except ValueError as error:
                    say(f"what the version before has left is not understood: {error}")

    def _state(self) -> list[dict[str, Any]]:
        with self._desk:
            return self._firing.document()

    def _work(self) -> None:
        while not self._left:
            if message := self._inbox.take(_TAKE):
                self._take_waiting(message)

    def _take_waiting(self, message: Message) -> None:
        try:
            with self._desk:
                if not message.follows:
                    self._station.interrupt(message.sensor)
                self.take(message.sensor, message.body)
        except Rejected:
            return
        except Exception:  # noqa: BLE001  a fault of ours must not end the streams
            self._counts.trouble("failed", "readings", traceback.format_exc(limit=-1))

    def _tell(self, prediction: Prediction) -> None:
        if self._outbox:
            topic = self._settings.topics.prediction(prediction.sensor)
            self._outbox.predict(topic, json.dumps(prediction.document()).encode())
        for rule in self._firing.take(prediction):
            self._actions.do(rule, prediction)

    def _publish(self, topic: str, payload: bytes) -> None:
        if self._outbox:
            self._counts.add("actions", "published")
            self._outbox.act(topic, payload)
        else:
            self._counts.trouble("dropped", "actions", "there is no [broker] to publish to")


def _state(part: Intake | Outbox | None) -> str:
    return "by HTTP alone" if part is None else part.problem or "ok"
