"""Runs of the agent in forks of a small process of its own.

A fork costs milliseconds where a new interpreter costs a hundred; and the test's own process,
which may have grown threads, is none to fork from.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import NamedTuple

from slipway_agent.__main__ import main

from agent_testing.disks import CountingDisk, die, fail_with, spoiled
from agent_testing.repository import Repository


class Run(NamedTuple):
    """How a run ended."""

    code: int  # exit code, or minus the signal
    steps: int  # calls that changed the disk; -1 if the run was killed


class Forker:
    """The test's end of the small process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(
        self,
        arguments: Sequence[str],
        *,
        step: int = 0,
        error: int = 0,
        uid: int = 0,
        spoil: tuple[str, str] | None = None,
    ) -> Run:
        """Run the agent; at the disk call number `step` it is killed, or fails with `error`, or
        finds a file system spoiled: `("full", FOLDER)` or `("read-only", FOLDER)`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(
            json.dumps([list(arguments), step, error, uid, spoil]),
            file=self._process.stdin,
            flush=True,
        )
        return Run(*json.loads(self._process.stdout.readline()))


def _fork(arguments: list[str], step: int, error: int, uid: int, spoil: list[str] | None) -> Run:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            at_step = fail_with(error) if error else die
            disk = CountingDisk(step, spoiled(*spoil) if spoil else at_step)
            sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  ends with the process
            if uid:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
            code = main(arguments, disk)
            os.write(writer, b"%d" % disk.count)
        finally:
            os._exit(code)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    with open(reader, "rb") as counted:  # noqa: PTH123  a descriptor
        return Run(os.waitstatus_to_exitcode(status), int(counted.read() or b"-1"))


def _serve() -> None:
    # A first run loads all modules: a child that has become another user may not be able to, as
    # the interpreter can lie in root's home.
    with tempfile.TemporaryDirectory() as folder, redirect_stderr(io.StringIO()):
        root = Path(folder)
        Repository(root / "bucket").pin(root / "trust")
        folders = [f"--{name}={root / name}" for name in ("pods", "state", "trust")]
        names = ["--arch", "x86_64", "--channel", "latest", "--kubelet", "http://127.0.0.1:1"]
        main([f"--bucket=file://{root}/bucket", *names, *folders, "--once"])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_fork(*json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
