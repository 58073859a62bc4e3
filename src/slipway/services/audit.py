"""The audit log: who changed what, when, and by which way.

One JSON object a line, only ever appended to:

    {"time": 1501089026.5, "who": "ann", "via": "console", "action": "channel.promote",
     "target": "equipmentparts beta", "details": {"version": "equipmentparts_1_1501089026"}}

Only its owner can read the file. Credentials in URLs are taken out before anything is written, and
long texts are cut, since what somebody typed at a login comes here too.
"""

import contextlib
import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from slipway.domain.system_errors import os_errors

_LONGEST = 500  # characters of one text
_BLOCK = 1 << 16  # bytes read at once from the end
_CREDENTIALS = re.compile(r"(?<=//)[^/\s@]+(?=@)")


class Via(StrEnum):
    """The way by which a change came."""

    CONSOLE = "console"
    CLI = "cli"
    GIT = "git"
    SCHEDULE = "schedule"


@dataclass(frozen=True)
class Actor:
    """Who changes something, and by which way."""

    who: str
    via: Via


@dataclass(frozen=True)
class Entry:
    """One line of the log; `time` is in unix seconds."""

    time: float
    who: str
    via: Via
    action: str  # "run.start", "channel.promote", "login.refused", …
    target: str  # what it was done to
    details: Mapping[str, str] = field(default_factory=dict)


class AuditLog:
    """The log in one file, written by many processes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, entry: Entry) -> None:
        """Write an entry and bring it to the disk; raises as `os_errors` does, and then leaves the
        log as it was."""
        line = json.dumps(_harmless(asdict(entry)), ensure_ascii=False).encode() + b"\n"
        with os_errors(str(self._path)):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            with os.fdopen(os.open(self._path, flags, 0o600), "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                end = file.seek(0, os.SEEK_END)
                if end and os.pread(file.fileno(), 1, end - 1) != b"\n":  # a crash cut it short
                    line = b"\n" + line
                try:
                    written = file.write(line)
                    if written != len(line):
                        file.write(line[written:])  # says what is wrong
                    os.fsync(file)
                except OSError:
                    os.ftruncate(file.fileno(), end)
                    raise

    def read(
        self, *, newest_first: bool = True, limit: int = 100, offset: int = 0, text: str = ""
    ) -> list[Entry]:
        """`limit` entries after the first `offset` of those that hold `text` somewhere, whatever
        the case. A line that a crash cut short is left out."""
        with os_errors(str(self._path)):
            try:
                file = self._path.open("rb")
            except FileNotFoundError:
                return []
            with file:
                lines = _backwards(file) if newest_first else iter(file)
                entries = (e for line in lines if (e := _entry(line)) and _holds(e, text))
                return list(islice(entries, offset, offset + limit))

    def count(self, text: str = "") -> int:
        """How many entries there are that hold `text`."""
        with os_errors(str(self._path)):
            try:
                file = self._path.open("rb")
            except FileNotFoundError:
                return 0
            with file:
                return sum(bool((e := _entry(line)) and _holds(e, text)) for line in file)


@dataclass(frozen=True)
class Trail:
    """Where the changes of one actor are written down."""

    log: AuditLog
    actor: Actor

    def note(self, action: str, target: str, **details: str) -> None:
        """Write down what was just done; details that are empty are left out."""
        told = {name: text for name, text in details.items() if text}
        self.log.append(Entry(time.time(), self.actor.who, self.actor.via, action, target, told))


def _harmless(value: object) -> object:
    """The same without credentials, and no text longer than `_LONGEST`."""
    if isinstance(value, dict):
        return {key: _harmless(part) for key, part in value.items()}
    if isinstance(value, str):
        told = _CREDENTIALS.sub("***", value.encode(errors="replace").decode())
        return told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…"
    return value


def _entry(line: bytes) -> Entry | None:
    with contextlib.suppress(ValueError, TypeError, KeyError):
        document = json.loads(line)
        return Entry(**{**document, "via": Via(document["via"])})
    return None


def _holds(entry: Entry, text: str) -> bool:
    parts = (entry.who, entry.via, entry.action, entry.target, *entry.details.values())
    return not text or any(text.casefold() in part.casefold() for part in parts)


def _backwards(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file from the last to the first, read in blocks."""
    position = file.seek(0, os.SEEK_END)
    rest = b""
    while position:
        start = max(0, position - _BLOCK)
        file.seek(start)
        first, *lines = (file.read(position - start) + rest).split(b"\n")
        yield from reversed(lines)
        rest, position = first, start
    yield rest
