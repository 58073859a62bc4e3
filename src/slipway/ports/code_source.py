"""Port: a git repository, as far as pushes to it concern Slipway."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol

from slipway.domain.git import Push


class CodeSource(Protocol):
    """The commits of one repository.

    Unavailable when it cannot be fetched from, MissingTool without git, DiskFull, Denied.
    """

    def fetch(self) -> None:
        """Get to know all commits that its branches have now."""

    def head(self, ref: str) -> str:
        """The commit that a ref pointed at when it was last fetched, empty when it was gone."""

    def has(self, commit: str) -> bool:
        """Whether a commit is known."""

    def changed(self, push: Push) -> Sequence[str]:
        """The files that a push added, changed or removed: of a new branch, those that differ from
        where it left the default branch; of a first push, all."""

    def checkout(self, commit: str) -> Path:
        """A folder with the files of a commit, for runs to import from."""

    def tidy(self, keep: Collection[Path]) -> None:
        """Remove old checkouts, none of `keep`."""
