"""The processes of pipeline runs on this machine: each in a session of its own, so that ending a
run ends every task and every worker of it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from slipway.adapters import pushed_code
from slipway.adapters.run_folder import RunFolder
from slipway.ports.pipeline_backend import RunState

_GRACE = 5.0  # seconds between asking a run to end and making it end
_POLL = 0.05


class RunProcesses:
    """Those that this process has started, of pipelines in `package`."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, folder: RunFolder, state: RunState, lock: BinaryIO) -> None:
        """Start the run's process; the lock goes on to it."""
        code = Path(state.commit.folder) if state.commit and state.commit.folder else None
        environment = pushed_code.environment(code) if code else os.environ
        with folder.log.open("wb") as log:
            module = "slipway.adapters.local_pipeline_run"
            child = subprocess.Popen(
                [sys.executable, "-m", module, str(folder.path), self._package, state.pipeline],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[lock.fileno()],
                cwd=code,
                env={**environment, "PYTHONUNBUFFERED": "1"},
            )
        try:
            folder.write_pid(child.pid)
            self._children[state.id] = child
        except BaseException:  # ctrl-C too: nobody would know the process
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            raise

    def forget(self, run_id: str) -> None:
        """Let the system forget the process of a run that is over."""
        if child := self._children.pop(run_id, None):
            child.wait()


def end(folder: RunFolder) -> None:
    """End the run's whole process group: politely, then by force."""
    group = folder.read_pid()
    for number, seconds in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
        deadline = time.monotonic() + seconds
        while folder.alive and time.monotonic() < deadline:
            time.sleep(_POLL)
