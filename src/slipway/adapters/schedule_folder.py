"""Schedules of this machine: a file `NAME.json` each, changed under the folder's lock."""

import fcntl
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from slipway.adapters.files import replacing
from slipway.domain.errors import AlreadyExists, InvalidInput, NotFound
from slipway.domain.system_errors import os_errors
from slipway.ports.pipeline_backend import Argument
from slipway.ports.schedules import Schedule


class ScheduleFolder:
    """Port `Schedules` over files; the runner fires them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, schedule: Schedule, arguments: Mapping[str, Argument]) -> None:
        """See the port; what a run is given is looked up when it starts."""
        with self._locked():
            if self._file(schedule.name).exists():
                raise AlreadyExists(
                    f"there is a schedule {schedule.name!r} already", hint="Remove it first"
                )
            self._write(schedule)

    def schedules(self) -> Sequence[Schedule]:
        """See the port."""
        return [self._read(file.stem) for file in sorted(self._folder.glob("*.json"))]

    def remove(self, name: str) -> None:
        """See the port."""
        with self._locked():
            self._read(name)
            self._file(name).unlink()

    def pause(self, name: str, *, paused: bool) -> None:
        """See the port."""
        with self._locked():
            self._write(replace(self._read(name), paused=paused, since=time.time()))

    def take(self, schedule: Schedule, now: float) -> bool:
        """Count the times until `now` as done; False when somebody else did, or changed it."""
        with self._locked():
            if not self._file(schedule.name).exists() or self._read(schedule.name) != schedule:
                return False
            self._write(replace(schedule, since=now))
            return True

    def note(self, name: str, *, last_run: str = "", problem: str = "") -> None:
        """Keep what came of firing it, unless it was removed meanwhile."""
        with self._locked():
            if self._file(name).exists():
                before = self._read(name)
                run = last_run or before.last_run
                self._write(replace(before, last_run=run, problem=problem))

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _read(self, name: str) -> Schedule:
        file = self._file(name)
        try:
            with os_errors(str(file)):
                return Schedule(**json.loads(file.read_bytes()))
        except (ValueError, TypeError) as error:
            raise InvalidInput(f"{file} is no schedule: {error}", hint="Remove it") from error
        except NotFound:
            raise NotFound(
                f"there is no schedule {name!r}", hint="slipway schedule list shows them"
            ) from None

    def _write(self, schedule: Schedule) -> None:
        with replacing(self._file(schedule.name)) as file:
            file.write((json.dumps(asdict(schedule), indent=2) + "\n").encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with os_errors(str(self._folder)):
            self._folder.mkdir(parents=True, exist_ok=True)
            file = (self._folder / "lock").open("wb")
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
