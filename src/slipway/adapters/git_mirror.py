"""A git repository that pushes come from: a bare mirror of it, and checkouts of single commits.

    MIRRORS/NAME.git             all branches of the repository
    MIRRORS/NAME.checkouts/HASH  the files of one commit

What lies in the repository configures nothing here: no hooks run, no filters, no submodules are
fetched, and no transport but file, git, ssh and http(s) is used.
"""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from slipway.domain.errors import MissingTool, NotFound, Unavailable
from slipway.domain.git import BRANCHES, Push, is_nothing
from slipway.domain.system_errors import os_errors

_SECONDS = 60.0  # for one command of git
_KEPT = 10  # newest checkouts
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")
_CREDENTIALS = re.compile(r"(?<=//)[^/\s@]+(?=@)")
# A checkout obeys no configuration of the user either: there, filters would have their commands.
_NO_CONFIGURATION = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


class GitMirror:
    """Port `CodeSource` over git."""

    def __init__(self, mirrors: Path, name: str, url: str) -> None:
        self._url = url
        self._mirror = mirrors.absolute() / f"{name}.git"
        self._checkouts = mirrors.absolute() / f"{name}.checkouts"
        self._lock = mirrors / f"{name}.lock"

    def fetch(self) -> None:
        """See the port."""
        with self._alone():
            if not (self._mirror / "HEAD").exists():
                self._git("init", "--quiet", "--bare", "--template=", str(self._mirror), where=None)
            refs = f"+{BRANCHES}*:{BRANCHES}*"
            options = ("--quiet", "--prune", "--no-tags", "--no-recurse-submodules")
            self._git("fetch", *options, "--", self._url, refs)

    def head(self, ref: str) -> str:
        """See the port."""
        return self._ask("rev-parse", "--quiet", "--verify", ref)

    def has(self, commit: str) -> bool:
        """See the port."""
        return self._ask("cat-file", "-t", commit) == "commit"

    def changed(self, push: Push) -> Sequence[str]:
        """See the port."""
        before = push.before
        if is_nothing(before) or not self.has(before):
            before = self._fork_point(push)
        if before:
            options = ("--name-only", "-z", "--no-renames", "--no-ext-diff")
            listed = self._git("diff", *options, before, push.after, "--")
        else:
            listed = self._git("ls-tree", "-r", "-z", "--name-only", "--full-tree", push.after)
        return [path for path in listed.split("\0") if path]

    def checkout(self, commit: str) -> Path:
        """See the port."""
        folder, part = self._checkouts / commit, self._checkouts / f".part-{commit}"
        with self._alone(), os_errors(str(self._checkouts)):
            if folder.exists():
                os.utime(folder)  # it is new again
                return folder
            shutil.rmtree(part, ignore_errors=True)
            self._checkouts.mkdir(exist_ok=True)
            options = ("--quiet", "--shared", "--no-checkout", "--template=")
            source, target = str(self._mirror), str(part)
            self._git("clone", *options, "--", source, target, where=None, **_NO_CONFIGURATION)
            self._git("checkout", "--quiet", "--detach", commit, where=part, **_NO_CONFIGURATION)
            part.rename(folder)
        return folder

    def tidy(self, keep: Collection[Path]) -> None:
        """See the port."""
        with self._alone():
            if not self._checkouts.is_dir():
                return
            folders = sorted(self._checkouts.iterdir(), key=lambda path: path.stat().st_mtime)
            for folder in folders[:-_KEPT]:
                if folder not in keep:
                    shutil.rmtree(folder, ignore_errors=True)

    def _fork_point(self, push: Push) -> str:
        """Where a branch left the default one; empty when it is that, or has nothing of it."""
        answer = self._git("ls-remote", "--symref", "--", self._url, "HEAD")
        default = re.search(r"^ref: (refs/heads/\S+)\tHEAD$", answer, re.MULTILINE)
        if not default or default[1] == push.ref or not self.head(default[1]):
            return ""
        return self._ask("merge-base", default[1], push.after)

    def _ask(self, *arguments: str) -> str:
        """A command whose failure is an answer: nothing."""
        try:
            return self._git(*arguments).strip()
        except NotFound:
            return ""

    def _git(self, *arguments: str, where: Path | None = Path(), **environment: str) -> str:
        """Run git in the mirror, or `where`; NotFound when it says no to what is asked locally,
        Unavailable when the repository cannot be fetched from."""
        folder = self._mirror if where == Path() else where
        place = ["-C", str(folder)] if folder else []
        try:
            done = subprocess.run(
                ["git", *_QUIET, *place, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="surrogateescape",
                timeout=_SECONDS,
                env={**_environment(os.environ), **environment},
                check=False,
            )
        except FileNotFoundError as error:
            raise MissingTool(
                "git is not installed; pushes are fetched with it",
                hint="Install the Debian package git",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise Unavailable(
                f"git {arguments[0]}: no end after {_SECONDS:.0f} s", hint="Push again"
            ) from error
        if done.returncode == 0:
            return done.stdout
        said = _CREDENTIALS.sub("***", " ".join(done.stderr.split()))
        if arguments[0] in ("fetch", "ls-remote"):
            url = _CREDENTIALS.sub("***", self._url)
            raise Unavailable(
                f"{url} cannot be fetched from: {said}",
                hint="See that git fetch works with this URL for the user of slipway up",
            )
        raise NotFound(f"git {arguments[0]}: {said}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with os_errors(str(self._lock)):
            self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock.open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Without what a hook's git would hand down, but with the user's way to ssh."""
    kept = {k: v for k, v in inherited.items() if not k.startswith("GIT_") or "SSH" in k}
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "file:git:ssh:http:https",
    }
