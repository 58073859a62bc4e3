"""Which triggers a push sets off."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from slipway.domain.git import Trigger


def matches_branch(trigger: Trigger, branch: str) -> bool:
    """Whether a branch is one of the trigger's: shell patterns in which `*` does not match `/`."""
    path = PurePosixPath("/", branch)
    return any(path.match(f"/{pattern}") for pattern in trigger.branches)


def matches_paths(trigger: Trigger, changed: Sequence[str]) -> bool:
    """Whether one of these files is the trigger's: patterns as in .gitignore, of which a later one
    goes before an earlier one and `!` takes back. Without patterns, every push is."""
    if not trigger.paths:
        return True
    from pathspec import GitIgnoreSpec

    return any(map(GitIgnoreSpec.from_lines(trigger.paths).match_file, changed))
