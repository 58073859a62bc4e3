"""Finds in a failed task's output what Slipway's own errors said, for people to read."""

import re

from slipway.domain import errors
from slipway.domain.errors import DiskFull, RunFailed
from slipway.domain.plain_text import plain
from slipway.ports.pipeline_backend import RunError

_RAISED = re.compile(r"slipway\.domain\.errors\.(?P<kind>\w+)(?:: (?P<message>.*))?")
_OTHER = re.compile(
    r"(?P<kind>[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit))(?:: (?P<message>.*))?"
)
_TRACEBACK = "Traceback (most recent call last):"
_HINT = "hint: "
_FULL = "No space left on device"  # strerror of ENOSPC, as TensorFlow passes it on too


def reason(task: str, output: str) -> RunError:
    """Why `task` failed: the last error in the traceback at the end of its output."""
    lines = plain(output).splitlines()
    indent = next(
        (line.removesuffix(_TRACEBACK) for line in reversed(lines) if line.endswith(_TRACEBACK)), ""
    )  # kfp.local moves a task's output in, that of a task in a loop by more
    lines = [line.removeprefix(indent).rstrip() for line in lines]
    for pattern in (_RAISED, _OTHER):
        for number in range(len(lines) - 1, -1, -1):
            if match := pattern.fullmatch(lines[number]):
                message, hint = _rest(lines[number + 1 :])
                first = match["message"] or match["kind"]
                code = _code(match["kind"])
                if pattern is _OTHER and match["message"]:
                    first = f"{match['kind']}: {first}"
                if pattern is _OTHER and _FULL in first:
                    code, hint = DiskFull.code, "Free some space and try again"
                return RunError(code, f"task {task}: {' '.join([first, *message])}", hint)
    last = next((line for line in reversed(lines) if line.strip("- ")), "it wrote nothing")
    return RunError(RunFailed.code, f"task {task} ended badly; its last words: {last.strip()}")


def _rest(lines: list[str]) -> tuple[list[str], str]:
    """The lines of a message that belong to it, and the hint after it."""
    message: list[str] = []
    for line in lines:
        if line.startswith(_HINT):
            return message, line.removeprefix(_HINT)
        if not line:
            break
        message.append(line)
    return message, ""


def _code(kind: str) -> str:
    code: str = getattr(errors, kind, RunFailed).code
    return code
