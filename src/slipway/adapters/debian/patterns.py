"""Lists of paths to leave out: shell patterns, the last that matches decides, `!` keeps."""

import re
from fnmatch import translate
from pathlib import Path


class Patterns:
    """What a file of patterns says about a path; `*` also matches `/`."""

    def __init__(self, path: Path) -> None:
        lines = (line.strip() for line in path.read_text().splitlines())
        self._rules = [
            (re.compile(translate(line.removeprefix("!"))), not line.startswith("!"))
            for line in lines
            if line and not line.startswith("#")
        ]

    def exclude(self, path: str) -> bool:
        """Whether the relative path is left out."""
        for pattern, excluded in reversed(self._rules):
            if pattern.match(path):
                return excluded
        return False
