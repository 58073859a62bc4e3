"""Pushes to git repositories, and what they start."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from slipway.domain.errors import InvalidInput

BRANCHES = "refs/heads/"
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # SHA-1 or SHA-256
_REF = re.compile(r"refs/[^\x00-\x20\x7f~^:?*\[\\]+")  # see git-check-ref-format(1)
_LONGEST_REF = 255


class Sender(StrEnum):
    """Who tells of a push."""

    HOOK = "hook"  # the post-receive hook of `slipway git-trigger install`
    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"  # and Forgejo


@dataclass(frozen=True)
class Trigger:
    """Which pushes start which pipeline, with which parameters."""

    pipeline: str
    branches: tuple[str, ...]
    paths: tuple[str, ...] = ()  # none: whatever changed
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WatchedRepository:
    """A repository whose pushes start pipelines."""

    name: str
    url: str  # a path, or a URL that git fetches from
    triggers: tuple[Trigger, ...]
    secrets: Mapping[Sender, Path] = field(default_factory=dict)  # files


@dataclass(frozen=True)
class Push:
    """One ref that a push moved; an object name of zeros says that there is none."""

    ref: str
    before: str
    after: str

    def __post_init__(self) -> None:
        """Raise InvalidInput for what is no ref or object name."""
        if not _REF.fullmatch(self.ref) or len(self.ref) > _LONGEST_REF or ".." in self.ref:
            raise InvalidInput(f"{self.ref[:_LONGEST_REF]!r} is not the full name of a ref")
        for name in (self.before, self.after):
            if not _OBJECT.fullmatch(name):
                raise InvalidInput(f"{name[:80]!r} is not a full object name")

    @property
    def branch(self) -> str:
        """The branch's name, empty for a tag or another ref."""
        return self.ref.removeprefix(BRANCHES) if self.ref.startswith(BRANCHES) else ""

    @property
    def deleted(self) -> bool:
        """Whether the ref is gone."""
        return is_nothing(self.after)


@dataclass(frozen=True)
class Delivery:
    """What a sender tells at once; `keys` know it again when it comes twice."""

    keys: tuple[str, ...]
    pusher: str
    pushes: tuple[Push, ...]


def is_nothing(name: str) -> bool:
    """Whether an object name is the one that stands for no object."""
    return not name.strip("0")
