"""Runs programs that share this one's ctrl-C: it neither strikes them before they are ready for it
nor cuts them off while they clear up."""

import signal
import subprocess
from collections.abc import Sequence


def run_program(command: Sequence[str], *, keep_output: bool = False) -> tuple[int, str]:
    """Run a program to its end; its exit status and, where it is to be kept, its standard output.

    The program begins with SIGINT blocked and has to unblock it when it can take one. On ctrl-C,
    which a terminal sends to all its programs, KeyboardInterrupt is raised when it has ended.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        kept = subprocess.PIPE if keep_output else None
        with subprocess.Popen(command, stdout=kept, text=True) as process:
            try:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                output, _ = process.communicate()
            except KeyboardInterrupt:
                process.communicate()
                raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process.returncode, output or ""
