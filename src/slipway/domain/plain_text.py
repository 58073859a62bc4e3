"""What programs write for terminals, as plain text."""

import re

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # ECMA-48: control sequences, such as colours
    r"|[\]PX^_].*?(?:\x07|\x1b\\)"  # strings for the terminal, such as a window's title
    r"|[ -/]*[0-~])",
    re.DOTALL,
)
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*)?\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """The text without colours and other commands to a terminal; what was written over something
    else in the same line is a line of its own."""
    lines = _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", lines)


def unfinished(text: str) -> int:
    """How many characters at the end of a part of a text are a command that goes on after it."""
    match = _BEGUN.search(text)
    return len(match[0]) if match else 0
