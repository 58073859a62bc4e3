"""The post-receive hook of bare repositories on this machine: put in, found again, taken out.

REPO/hooks/post-receive          a copy of the module `post_receive`
REPO/hooks/slipway-push.json     what it needs to know, with its secret; mode 0600
REPO/hooks/post-receive.before   the hook that was there, if any
"""

import json
import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from slipway.domain.errors import Conflict, Denied, InvalidInput, InvalidSetting, NotFound
from slipway.domain.system_errors import os_errors
from slipway.services.git_push import post_receive

_HOOK = "post-receive"
_BEFORE = "post-receive.before"
_NOTES = "slipway-push.json"


@dataclass(frozen=True)
class Installed:
    """A hook that is in place."""

    repository: Path
    chained: bool  # whether one of somebody else's runs before it


def install(repository: Path, name: str, url: str, secret: Path) -> Installed:
    """Put the hook in, or anew; `secret` is made when there is none. NotFound, Denied, and
    Conflict when a hook that was kept earlier is in the way."""
    folder = _hooks(repository)
    hook, before = folder / _HOOK, folder / _BEFORE
    with os_errors(str(folder)):
        folder.mkdir(exist_ok=True)
        if hook.exists() and not _ours(folder):
            if before.exists():
                raise Conflict(f"{before} is in the way", hint="Move it away")
            hook.rename(before)
        notes = {
            "name": name,
            "url": url,
            "secret": _read_or_make(secret),
        }
        owner = folder.stat()  # git runs as the owner of the repository, root may install
        _write(folder / _NOTES, json.dumps(notes, indent=2) + "\n", 0o600, owner)
        _write(hook, Path(post_receive.__file__).read_text(), 0o755, owner)
    return Installed(repository.resolve(), before.exists())


def remove(repository: Path) -> Installed:
    """Take the hook out, and put the one before back; NotFound when there is none of ours."""
    folder = _hooks(repository)
    with os_errors(str(folder)):
        if not _ours(folder):
            raise NotFound(
                f"{repository} has no hook of Slipway", hint="slipway git-trigger list shows all"
            )
        (folder / _HOOK).unlink(missing_ok=True)
        (folder / _NOTES).unlink()
        before = folder / _BEFORE
        if chained := before.exists():
            before.rename(folder / _HOOK)
    return Installed(repository.resolve(), chained)


def find(repository: Path) -> Installed | None:
    """The hook of a repository, None when there is none of ours, or no repository."""
    try:
        folder = _hooks(repository)
    except (NotFound, InvalidInput, Conflict):
        return None
    there = (folder / _BEFORE).exists()
    return Installed(repository.resolve(), there) if _ours(folder) else None


def read_secret(path: Path) -> bytes:
    """A secret, without the line's end; InvalidSetting, and Denied when others could read it."""
    with os_errors(str(path)):
        if path.stat().st_mode & 0o077:
            raise Denied(f"others may read {path}", hint=f"chmod 600 {path}")
        secret = path.read_bytes().strip()
    if not secret:
        raise InvalidSetting(f"{path} is empty", hint="Put the webhook's secret into it")
    return secret


def _read_or_make(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(path, flags, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    return read_secret(path).decode()


def _ours(folder: Path) -> bool:
    return (folder / _NOTES).exists()


def _hooks(repository: Path) -> Path:
    """The folder of a bare repository's hooks."""
    if not repository.is_dir():
        raise NotFound(f"there is no folder {repository}", hint="Name a bare git repository")
    git = shutil.which("git") or "git"
    done = subprocess.run(
        [git, "-C", str(repository), "rev-parse", "--is-bare-repository", "--git-path", "hooks"],
        capture_output=True,
        text=True,
        check=False,
    )
    bare, _, hooks = done.stdout.strip().partition("\n")
    if bare != "true":
        reason = done.stderr.strip() or "it has a working tree"
        raise InvalidInput(
            f"{repository} is no bare git repository: {reason}",
            hint="git init --bare makes one; a forge's own repositories have webhooks instead",
        )
    folder = (repository / hooks).resolve()
    if not folder.is_relative_to(repository.resolve()):
        raise Conflict(
            f"the hooks of {repository} are those of {folder}, which are not its own",
            hint="Unset git's core.hooksPath for this repository",
        )
    return folder


def _write(path: Path, text: str, mode: int, owner: os.stat_result) -> None:
    """Put a file in place whole, with its mode from the start."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
        if os.geteuid() == 0:
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
    part.replace(path)
