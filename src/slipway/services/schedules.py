"""Schedules of runs: made, and fired when their time has come.

A time that was missed, because the machine or the runner was off, is made good once, however many
were missed. A schedule is marked before its run is started: one that is interrupted in between
misses that time and never runs twice for it.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from slipway.domain.errors import InvalidInput, InvalidName, MissingTool, SlipwayError
from slipway.ports.pipeline_backend import Argument, PipelineBackend
from slipway.ports.schedules import Schedule, Schedules
from slipway.services.audit import Actor, AuditLog, Trail, Via
from slipway.services.start_run import arguments_of, start

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}")
_FIELD = re.compile(r"[0-9A-Za-z*/,-]+")


class FiredHere(Schedules, Protocol):
    """Schedules that nobody else fires."""

    def take(self, schedule: Schedule, now: float) -> bool:
        """Count the times until `now` as done; False when somebody else did, or changed it."""

    def note(self, name: str, *, last_run: str = "", problem: str = "") -> None:
        """Keep what came of firing it."""


def add(
    schedules: Schedules,
    backend: PipelineBackend,
    defaults: Mapping[str, Argument],
    *,
    name: str,
    pipeline: str,
    cron: str,
    given: Sequence[str] | Mapping[str, str],
    trail: Trail,
) -> Schedule:
    """Keep a new schedule. InvalidName, InvalidInput for a cron expression or for parameters that
    do not fit, NotFound for the pipeline, AlreadyExists; MissingTool without croniter."""
    if not _NAME.fullmatch(name):
        raise InvalidName(
            f"{name!r} is not a schedule name", hint="A letter, then letters, digits, hyphens"
        )
    now = time.time()
    next_time(cron, now)
    arguments = arguments_of(backend, defaults, pipeline, given, later=True)
    texts = given if isinstance(given, Mapping) else dict(text.split("=", 1) for text in given)
    schedule = Schedule(name, pipeline, cron, dict(texts), trail.actor.who, since=now)
    schedules.add(schedule, arguments)
    trail.note("schedule.add", name, pipeline=pipeline, cron=cron)
    return schedule


def remove(schedules: Schedules, name: str, *, trail: Trail) -> None:
    """Forget one; NotFound."""
    schedules.remove(name)
    trail.note("schedule.remove", name)


def pause(schedules: Schedules, name: str, *, paused: bool, trail: Trail) -> None:
    """Stop it for a while, or let it go on; NotFound."""
    schedules.pause(name, paused=paused)
    trail.note("schedule.pause" if paused else "schedule.resume", name)


def next_time(cron: str, after: float) -> float:
    """The first time after `after`, unix seconds; InvalidInput for what is no cron expression or
    has no such time, MissingTool."""
    try:
        from croniter import CroniterError, croniter
    except ModuleNotFoundError as error:
        raise MissingTool(
            "the Python package croniter is not installed", hint="pip install 'slipway[schedule]'"
        ) from error
    fields = cron.split()
    if len(fields) == 5 and all(_FIELD.fullmatch(field) for field in fields):
        try:
            return croniter(cron, datetime.fromtimestamp(after, UTC)).get_next(float)
        except (CroniterError, ValueError):
            pass
    raise InvalidInput(
        f"{cron!r} is not a time",
        hint="Write minute, hour, day, month, weekday in UTC, as in '0 3 * * *' for 3:00",
    )


def fire_due(
    schedules: FiredHere,
    backend: PipelineBackend,
    *,
    defaults: Callable[[], Mapping[str, Argument]],
    log: AuditLog,
    now: float,
    say: Callable[[str], None],
) -> None:
    """Queue a run of each schedule that is due; what cannot be started is kept with it and said."""
    for schedule in schedules.schedules():
        if schedule.paused or next_time(schedule.cron, schedule.since) > now:
            continue
        if not schedules.take(schedule, now):
            continue
        trail = Trail(log, Actor(schedule.actor, Via.SCHEDULE))
        try:
            state = start(
                backend, defaults(), schedule.pipeline, schedule.given, trail=trail, queue=True
            )
        except SlipwayError as error:
            say(f"schedule {schedule.name}: {error.message}; {error.hint}")
            schedules.note(schedule.name, problem=error.message)
        else:
            say(f"schedule {schedule.name}: {state.id}")
            schedules.note(schedule.name, last_run=state.id)
