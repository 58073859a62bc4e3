"""Keeps the streams as the device owner's two files say: begins, changes and ends them."""

import threading
import time
from pathlib import Path
from typing import Any, Final

from slipway_serving.predictions import UNKNOWN
from slipway_serving.streams.counts import Counts, say
from slipway_serving.streams.fields import SettingsError
from slipway_serving.streams.model import Model
from slipway_serving.streams.prediction import Prediction
from slipway_serving.streams.rules import Rule, read_rules
from slipway_serving.streams.settings import read_settings
from slipway_serving.streams.streams import Streams

_LOOK: Final = 1.0  # seconds
_STATUS: Final = 30.0  # seconds
_RULES: Final = "rules.toml"

Stamp = tuple[int, int, int] | None
_NEVER: Final[Stamp] = (0, 0, 0)


class Watching:
    """The streams as they are now, if there are any."""

    def __init__(self, model: Model, file: Path, device: str) -> None:
        """`file`: streams.toml; `device`: what this device is called where that does not say."""
        self._model = model
        self._file = file
        self._device = device
        self._counts = Counts()
        self._streams: Streams | None = None
        self._problem = ""
        self._rules: tuple[Rule, ...] = ()
        self._rules_problem = ""
        self._stamps: tuple[Stamp, Stamp] = (_NEVER, _NEVER)
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin, if there is a file; look at it ever again."""
        self._thread.start()

    def take(self, sensor: str, body: bytes) -> list[Prediction] | None:
        """As `Streams.take`; None while there are no streams."""
        streams = self._streams
        return streams.take(sensor, body) if streams else None

    def document(self) -> dict[str, Any]:
        """How things stand, for people and machines."""
        streams = self._streams
        return {
            "model": self._model.name,
            "version": self._model.version,
            "running": streams is not None,
            "problem": self._problem,
            "rules_problem": self._rules_problem,
            **(streams.document() if streams else {}),
            "counts": self._counts.document(),
        }

    def leave(self) -> None:
        """Give way to the next version; does not wait for it."""
        self._leaving.set()
        if self._streams:
            self._streams.leave()

    def close(self) -> None:
        """Give way and end."""
        self.leave()
        self._thread.join()
        if self._streams:
            self._streams.close()

    def _run(self) -> None:
        told, well = time.monotonic(), True
        while not self._leaving.is_set():
            self._look()
            streams = self._streams
            due = time.monotonic() - told >= _STATUS or not well
            well = streams is None or streams.well
            if streams and well and due:
                told = time.monotonic()
                streams.tell_status(self.document())
            self._leaving.wait(_LOOK)

    def _look(self) -> None:
        """Do what changed files ask for."""
        rules = self._file.with_name(_RULES)
        stamps = (_stamp(self._file), _stamp(rules))
        settings_changed = stamps[0] != self._stamps[0]
        rules_changed = stamps[1] != self._stamps[1]
        self._stamps = stamps
        made = self._settled() if settings_changed else None
        streams = made or self._streams
        if streams and (made or rules_changed):
            self._use(streams, rules)
        if made:
            self._streams = made
            made.start()

    def _settled(self) -> Streams | None:
        """New streams by the changed settings, those before them ended; None when there are no
        settings any more, or when they cannot be used and it stays as it was."""
        try:
            settings = read_settings(self._file, self._device)
            made = Streams(self._model, settings, self._counts)
        except FileNotFoundError:
            self._problem = f"there is no {self._file}"
            say(f"none, {self._problem}")
            self._end()
            return None
        except SettingsError as error:
            say(f"{error}; {'all stays as it was' if self._streams else 'so there are none'}")
            self._problem = str(error)
            return None
        self._end()
        self._problem = ""
        return made

    def _end(self) -> None:
        streams, self._streams = self._streams, None
        if streams:
            streams.close()

    def _use(self, streams: Streams, path: Path) -> None:
        """Act by the rules in the file; where they cannot be used, by those before them."""
        try:
            self._rules = read_rules(path, broker=streams.has_broker)
            self._rules_problem = _in_vain(self._rules, self._model)
            say(f"{len(self._rules)} rules{self._rules_problem and '; '}{self._rules_problem}")
        except SettingsError as error:
            self._rules_problem = str(error)
            say(f"{error}; the {len(self._rules)} rules before it stay")
        streams.use(self._rules)


def _in_vain(rules: tuple[Rule, ...], model: Model) -> str:
    """What to say of the first rule that waits for a class which the model never tells; the others
    hold all the same, as a version may know fewer classes than the one before."""
    known = model.labels if model.threshold is not None else (*model.labels, UNKNOWN)
    for rule in rules:
        if rule.label not in known:
            told = ", ".join(dict.fromkeys(known))
            return f"rule {rule.name!r} waits for {rule.label!r}; {model.version} tells {told}"
    return ""


def _stamp(path: Path) -> Stamp:
    """What changes with the file; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
