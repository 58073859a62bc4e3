"""Where the code of a run comes from."""

import subprocess
from pathlib import Path


def git_commit(folder: Path) -> str:
    """The commit of the working tree that `folder` lies in, `-dirty` with changes that are not
    committed; empty outside a working tree or without git."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return ""
    return f"{commit}-dirty" if _git(folder, "status", "--porcelain") else commit


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
