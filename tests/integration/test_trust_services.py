"""Runs the checks of keys that no file holds, each in a process of its own.

A PKCS#11 library is loaded into the process that signs. One that had run hundreds of other tests,
and loaded TensorFlow for them, was taken down by it; a command that signs has nothing else loaded.
"""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = Path(__file__).with_name("key_service_checks.py")

pytestmark = [pytest.mark.system, pytest.mark.slow]


@pytest.mark.parametrize(
    "name",
    [
        "test_a_token_signs_root_a_channel_and_online",
        "test_what_can_be_wrong_with_a_token",
        "test_a_pin_that_was_refused_is_not_sent_again",
        "test_a_key_service_signs_online_and_a_channel",
        "test_what_can_be_wrong_with_a_key_service",
    ],
)
def test_keys_that_no_file_holds(name: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{CHECKS}::{name}"]
    done = subprocess.run(
        command, cwd=CHECKS.parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
