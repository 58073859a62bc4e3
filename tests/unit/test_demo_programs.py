"""The demo's ctrl-C: one message, no traceback, and nobody is cut off."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# What `slipway` does, slower: it can take a ctrl-C some time after its start, and then clears up.
PROGRAM = """
import pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
(folder / "begun").touch()
try:
    while not (folder / "go").exists():
        time.sleep(0.01)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(1)
    (folder / "cleared").touch()
    sys.exit(130)
"""
CALLER = """
import sys
from slipway.demo.programs import run_program
try:
    run_program([sys.executable, "-c", *sys.argv[1:]], keep_output=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_waits_for_a_program_that_has_just_begun_to_end_by_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CALLER, PROGRAM, str(tmp_path)]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as caller:
        deadline = time.monotonic() + 60
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(caller.pid, signal.SIGINT)
        (tmp_path / "go").touch()
        _, errors = caller.communicate(timeout=60)
    assert (caller.returncode, errors) == (130, "")
    assert (tmp_path / "cleared").exists()


def test_what_a_program_says_is_returned_with_its_status() -> None:
    from slipway.demo.programs import run_program

    command = [sys.executable, "-c", "import sys; print('said'); sys.exit(3)"]
    assert run_program(command, keep_output=True) == (3, "said\n")
    assert run_program([sys.executable, "-c", "pass"]) == (0, "")
