"""Long-running processes of the local installation: started detached, found again, stopped.

A process is known by `run/NAME.json` (its pid and the kernel's start time of that pid, so that a
pid which was given to somebody else is never taken for ours) and writes to `run/NAME.log`.
"""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from slipway.domain.errors import Failed, MissingTool
from slipway.domain.system_errors import os_errors
from slipway.local.whole_file import write_whole

_LONGEST = 10 << 20  # bytes of a log
_POLL = 0.05  # seconds between two looks


@dataclass(frozen=True)
class Identity:
    """One process for as long as the machine is up."""

    pid: int
    started: int  # clock ticks since boot

    @property
    def alive(self) -> bool:
        """Whether it runs still; a zombie does not."""
        return _start_time(self.pid) == self.started

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """The process that has this pid now, None when there is none."""
        started = _start_time(pid)
        return None if started is None else cls(pid, started)


class LocalProcess:
    """A named process whose traces lie in the folder `run`."""

    def __init__(self, run: Path, name: str) -> None:
        self.name = name
        self.log = run / f"{name}.log"
        self._record = run / f"{name}.json"

    def find(self) -> Identity | None:
        """The running process, None when there is none."""
        try:
            identity = Identity(**json.loads(self._record.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return identity if identity.alive else None

    def start(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Identity:
        """Start it in a session of its own unless it runs; MissingTool when there is no such
        program, DiskFull when its traces cannot be kept."""
        if running := self.find():
            return running
        with os_errors(str(self.log)):
            self.log.parent.mkdir(parents=True, exist_ok=True)
            pid = self._spawn(command, environment or {})
        identity = Identity(pid, _start_time(pid) or 0)
        try:
            write_whole(self._record, json.dumps(asdict(identity)))
        except BaseException:  # ctrl-C too: nobody would find it again
            _signal_group(identity, signal.SIGKILL)
            raise
        return identity

    def _spawn(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        try:
            return os.posix_spawnp(
                command[0],
                list(command),
                {**os.environ, **environment},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, str(self.log), flags, 0o640),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
            )
        except FileNotFoundError as error:
            raise MissingTool(
                f"{command[0]} is not installed", hint="Run make setup, it installs what is missing"
            ) from error

    def wait_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `ready()`; Failed with the end of the log when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            identity = self.find()
            if identity is None or time.monotonic() > deadline:
                what = "ended" if identity is None else f"is not ready after {seconds:.0f} s"
                raise Failed(f"{self.name} {what}: {self.last_words()}", hint=f"Read {self.log}")
            time.sleep(_POLL)

    def stop(self, seconds: float = 10) -> bool:
        """End it and its children, gently and after `seconds` by force; whether there was one."""
        identity = self.find()
        if identity:
            _signal_group(identity, signal.SIGTERM)
            _gone(identity, seconds)
            _signal_group(identity, signal.SIGKILL)  # its children too, whatever it did with them
            _gone(identity, seconds)
        self._record.unlink(missing_ok=True)
        return identity is not None

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, on one line."""
        try:
            return " | ".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return "it wrote nothing"


def keep_short(log: Path, longest: int = _LONGEST) -> None:
    """Begin a log anew that has grown longer, and keep its end beside it as `NAME.log.1`, in the
    place of an older one. The file stays the same, since its process has it open for appending;
    what that writes in this very instant is lost."""
    if log.stat().st_size <= longest:
        return
    with log.open("rb") as file:
        file.seek(-longest, os.SEEK_END)
        end = file.read(longest)
        os.truncate(log, 0)
    log.with_suffix(".log.1").write_bytes(end)


def _start_time(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat (proc(5)); the name in field 2 may hold spaces."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else int(rest[18])


def _signal_group(identity: Identity, number: int) -> None:
    try:
        os.killpg(identity.pid, number)
    except ProcessLookupError:
        return


def _gone(identity: Identity, seconds: float) -> None:
    """Wait for the end of a process, and collect it when it is our own child."""
    deadline = time.monotonic() + seconds
    while identity.alive and time.monotonic() < deadline:
        time.sleep(_POLL)
    with contextlib.suppress(ChildProcessError):  # another command's child is init's to collect
        os.waitpid(identity.pid, os.WNOHANG)
