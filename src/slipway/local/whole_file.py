"""Records of the local installation: a reader sees the old one or the new one, never a half."""

from pathlib import Path

from slipway.domain.system_errors import os_errors


def write_whole(path: Path, text: str) -> None:
    """Create or replace a text file by a rename; its folder is made when it is not there. Raises
    as `os_errors` does, and leaves the file as it was."""
    temporary = path.with_suffix(".new")
    with os_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(text)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
