"""Who may log in: `console/users.json` below SLIPWAY_HOME, mode 0600.

    {"ann": {"role": "release", "password": "$argon2id$…"}}

A user without a password comes by a reverse proxy that has logged them in.
"""

import fcntl
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.console.access import Role, User
from slipway.console.private import read_private, write_private
from slipway.domain.errors import AlreadyExists, InvalidInput, InvalidSetting, NotFound
from slipway.domain.system_errors import os_errors

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 1000  # characters of a password
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
# One takes 64 MB and a core for some 50 ms: a flood of logins must not take all there is.
_HASHING = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Account:
    """One user as the file has them."""

    name: str
    role: Role
    password: str = ""  # its argon2 hash; empty: none opens

    @property
    def user(self) -> User:
        """Who that is."""
        return User(self.name, self.role)

    @property
    def mark(self) -> str:
        """Changes when the role or the password does, and sessions that hold the old one end."""
        told = f"{self.name}\0{self.role}\0{self.password}".encode()
        return hashlib.sha256(told).hexdigest()[:32]


class Users:
    """The accounts in the file; every look sees what other processes have written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int], Mapping[str, Account]] | None = None

    def all(self) -> Mapping[str, Account]:
        """All accounts by name; raises InvalidSetting for a file that is not what it should be,
        Denied for one that others can read."""
        try:
            about = self._path.stat()
        except FileNotFoundError:
            return {}
        seen = (about.st_mtime_ns, about.st_ino, about.st_size)
        if self._read is None or self._read[0] != seen:
            self._read = seen, self._parse(read_private(self._path))
        return self._read[1]

    def find(self, name: str) -> Account | None:
        """The account of that name."""
        return self.all().get(name)

    def require(self, name: str) -> None:
        """NotFound unless there is such a user."""
        _known(self.all(), name)

    def add(self, name: str, role: Role, password: str = "") -> None:
        """Make an account; AlreadyExists, InvalidInput for a name or a password that cannot be."""
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                f"{name[:80]!r} is not a user's name",
                hint="A letter or digit, then letters, digits, and . _ @ + -; 100 at most",
            )
        hashed = _hash(password) if password else ""
        with self._change() as accounts:
            if name in accounts:
                raise AlreadyExists(
                    f"there is a user {name}", hint=f"slipway console-user password {name}"
                )
            accounts[name] = Account(name, role, hashed)

    def set_role(self, name: str, role: Role) -> None:
        """Give a user another role, which ends their sessions; NotFound."""
        with self._change() as accounts:
            accounts[name] = replace(_known(accounts, name), role=role)

    def set_password(self, name: str, password: str) -> None:
        """Give a user another password, which ends their sessions; NotFound, InvalidInput."""
        hashed = _hash(password)
        with self._change() as accounts:
            accounts[name] = replace(_known(accounts, name), password=hashed)

    def remove(self, name: str) -> None:
        """Take a user out, which ends their sessions; NotFound."""
        with self._change() as accounts:
            del accounts[_known(accounts, name).name]

    def log_in(self, name: str, password: str) -> Account | None:
        """The account when the password is right; takes as long for a name that is not there."""
        from argon2.exceptions import InvalidHashError, VerificationError

        account = self.find(name)
        hashed = account.password if account and account.password else _nobody()
        if len(password) > LONGEST:
            return None
        with _HASHING:
            try:
                _hasher().verify(hashed, password)
            except (VerificationError, InvalidHashError):
                return None
        return account if account and account.password else None

    def _parse(self, data: bytes) -> Mapping[str, Account]:
        try:
            return {
                name: Account(name, Role(entry["role"]), str(entry["password"]))
                for name, entry in json.loads(data).items()
            }
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise InvalidSetting(
                f"{self._path} is not a list of users: {error!r}",
                hint="Mend it, or move it away and add the users again: slipway console-user add",
            ) from error

    @contextmanager
    def _change(self) -> Iterator[dict[str, Account]]:
        """The accounts to be changed, by one process at a time."""
        with os_errors(str(self._path)):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            lock = os.open(self._path.with_suffix(".lock"), flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            accounts = dict(self.all())
            yield accounts
            document = {
                name: {"role": str(account.role), "password": account.password}
                for name, account in sorted(accounts.items())
            }
            write_private(self._path, json.dumps(document, indent=2).encode() + b"\n")
        finally:
            os.close(lock)


def _known(accounts: Mapping[str, Account], name: str) -> Account:
    if name not in accounts:
        raise NotFound(f"there is no user {name[:80]!r}", hint="slipway console-user list")
    return accounts[name]


def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()  # argon2id with the parameters of RFC 9106 for little memory


def _hash(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput(
            f"the password has {len(password)} characters",
            hint=f"Take {SHORTEST} to {LONGEST}; a few words that nobody would guess do well",
        )
    return _hasher().hash(password)


def _nobody() -> str:
    """A hash that no password opens, as costly to try as any other."""
    return _hasher().hash(os.urandom(16).hex())
