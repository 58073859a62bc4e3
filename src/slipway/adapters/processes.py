"""Runs other programs for the adapters and translates what went wrong."""

import os
import subprocess
from collections.abc import Mapping, Sequence

from slipway.domain.errors import (
    BuildFailed,
    Denied,
    DiskFull,
    MissingTool,
    SlipwayError,
    Unavailable,
)
from slipway.ports.image_builder import Outcome

_LAST_LINES = 15
_LONGEST_LINE = 600
_GRACE = 10.0  # seconds
# What a registry that fails inside may suffer from.
REGISTRY_FAILS = (
    "Read its log: a full disk is the usual cause. The local registry's storage is put right by"
    " slipway down and slipway up, when there is space again"
)
LOG_IN = "Log in with docker login {0}, or skopeo login --authfile ~/.docker/config.json {0}"
_SIGNS = (
    (
        DiskFull,
        ("no space left on device", "disk quota exceeded"),
        "Free some space and try again",
    ),
    (
        Denied,
        ("unauthorized", "authentication required", "no basic auth credentials", "denied:"),
        LOG_IN.format("REGISTRY"),
    ),
    (
        Unavailable,
        ("received unexpected http status: 5", "(internal server error)", "blob upload invalid"),
        REGISTRY_FAILS,
    ),
    (
        Unavailable,
        (
            "connection refused", "connection reset", "no route to host", "no such host",
            "could not resolve", "temporary failure", "timed out", "i/o timeout",
            "failed to fetch", "could not connect", "network is unreachable", "newconnectionerror",
            "503 service unavailable", "deadline exceeded",
        ),
        "See that the address above can be reached, then try again",
    ),
)  # fmt: skip


def run(
    command: Sequence[str],
    *,
    package: str,
    what: str,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program to its end and return its standard output.

    `package` is the Debian package that has the program, `what` is what it makes, for messages.
    Raises MissingTool, DiskFull, Denied, Unavailable, or BuildFailed with the end of its output.
    """
    done = finish(command, package=package, what=what, environment=environment)
    if done.exit_code == 0:
        return done.output
    raise failure(
        f"{what}: {package} ended with exit status {done.exit_code}", done.errors + done.output
    )


def failure(message: str, output: str) -> SlipwayError:
    """The error that `output`, what a tool wrote before it gave up, speaks of: with the line that
    says it, or with its last lines."""
    lines = output.strip().splitlines()
    for kind, signs, hint in _SIGNS:
        for line in reversed(lines):
            if any(sign in line.lower() for sign in signs):
                return kind(f"{message}\n{line.strip()[:_LONGEST_LINE]}", hint=hint)
    return BuildFailed("\n".join([message, *lines[-_LAST_LINES:]]))


def finish(
    command: Sequence[str],
    *,
    package: str,
    what: str,
    environment: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> Outcome:
    """Run a program to its end, however it ends; MissingTool when it is not there, BuildFailed
    when it takes longer than `seconds`."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
        )
    except FileNotFoundError as error:
        raise MissingTool(
            f"{command[0]} is not installed; it is needed for the {what}",
            hint=f"Install the Debian package {package}",
        ) from error
    with process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except BaseException as error:
            process.terminate()  # politely, so that an engine can end its container
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise BuildFailed(f"{what}: no end after {seconds:.0f} s") from error
            raise
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    return Outcome(code, output.decode(errors="replace"), errors.decode(errors="replace"))
