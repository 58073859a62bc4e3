"""A bucket that is a folder of this machine; keys are paths below it.

A write goes to a dot-name in the folder, is brought to the disk and renamed over the key, so that
a reader sees the old object, the new one, or none, also after a power cut. Dot-names are never
objects. Unlike in a cloud bucket, `a` and `a/b` cannot both be objects: that is a Conflict.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from slipway.adapters.files import (
    PART_PREFIX,
    part_file,
    replacing,
    settle,
    settle_folder,
)
from slipway.domain.errors import AlreadyExists, InvalidSetting, NotFound
from slipway.domain.keys import check_key, is_key
from slipway.domain.system_errors import os_errors
from slipway.ports.bucket import ObjectInfo

_STALE = 3600.0  # seconds after which a part file is the rest of a writer that was killed


class LocalBucket:
    """Port `Bucket` over a folder, which must exist."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._swept = False

    @classmethod
    def open(cls, rest: str) -> Self:
        """The folder after `file://`; raises InvalidSetting unless it is absolute."""
        if not rest.startswith("/") or "\0" in rest:
            raise InvalidSetting(
                f"'file://{rest}' is not a bucket URL", hint="Use file:///folder, three slashes"
            )
        return cls(Path(rest))

    @property
    def url(self) -> str:
        """`file:///folder`."""
        return f"file://{self._root}"

    def objects(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See the port."""
        self._check_root()
        folder = prefix.rpartition("/")[0]
        if folder and not is_key(folder):
            return iter(())
        with os_errors(self._name(folder)):
            found = list(_walk(self._root / folder, f"{folder}/" if folder else ""))
        return iter(sorted(info for info in found if info.key.startswith(prefix)))

    def folders(self, prefix: str = "") -> Iterator[str]:
        """See the port."""
        self._check_root()
        if prefix and not is_key(prefix.removesuffix("/")):
            return iter(())
        with os_errors(self._name(prefix)):
            try:
                entries = list(os.scandir(self._root / prefix))
            except (FileNotFoundError, NotADirectoryError):
                return iter(())
            return iter([each.name for each in entries if is_key(each.name) and each.is_dir()])

    def read(self, key: str) -> bytes:
        """See the port."""
        with self._opened(key) as file, os_errors(self._name(key)):
            return file.read()

    def write(self, key: str, data: bytes) -> None:
        """See the port."""
        path = self._path(key)
        with os_errors(self._name(key)), part_file(self._root) as (file, part):
            file.write(data)
            settle(file)
            self._place(part, path)

    def create(self, key: str, data: bytes) -> None:
        """See the port; a hard link is what fails when there is an object already."""
        path = self._path(key)
        with os_errors(self._name(key)), part_file(self._root) as (file, part):
            file.write(data)
            settle(file)
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(part, path)
            except FileExistsError as error:
                raise AlreadyExists(
                    f"{self._name(key)} exists already", hint="Choose another name"
                ) from error
            settle_folder(path.parent)

    def delete(self, key: str) -> None:
        """See the port; folders stay."""
        path = self._path(key)
        with os_errors(self._name(key)), suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
            settle_folder(path.parent)

    def download(self, key: str, path: Path) -> None:
        """See the port."""
        with self._opened(key) as source, replacing(path) as file:
            shutil.copyfileobj(source, file)

    def upload(self, path: Path, key: str) -> None:
        """See the port."""
        target = self._path(key)
        with os_errors(str(path)):
            source = path.open("rb")
        with (
            source,
            os_errors(self._name(key)),
            part_file(self._root) as (file, part),
        ):
            shutil.copyfileobj(source, file)
            settle(file)
            self._place(part, target)

    def _name(self, key: str) -> str:
        return f"{self.url}/{key}" if key else self.url

    def _check_root(self) -> None:
        with os_errors(self.url):
            if not self._root.is_dir():
                raise NotFound(
                    f"bucket {self.url} does not exist", hint="Make the folder, or check the URL"
                )

    def _path(self, key: str) -> Path:
        """Where a key is about to be changed."""
        path = self._root / check_key(key)
        self._check_root()
        if not self._swept:
            self._sweep()
        return path

    def _opened(self, key: str) -> BinaryIO:
        path = self._root / check_key(key)
        self._check_root()
        with os_errors(self._name(key)):
            try:
                return path.open("rb")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
                raise NotFound(f"{self._name(key)} does not exist", hint="Check the URL") from error

    def _place(self, part: Path, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.replace(path)
        settle_folder(path.parent)

    def _sweep(self) -> None:
        """Remove what writers left that were killed."""
        self._swept = True
        oldest = time.time() - _STALE
        with suppress(OSError):  # another sweeper, or a folder that cannot be read: no matter
            for part in self._root.glob(f"{PART_PREFIX}*"):
                if part.stat().st_mtime < oldest:
                    part.unlink()


def _walk(folder: Path, prefix: str) -> Iterator[ObjectInfo]:
    """All regular files below `folder`; what vanishes meanwhile is not there."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if not is_key(entry.name):
            continue
        with suppress(FileNotFoundError):
            if entry.is_dir():
                yield from _walk(folder / entry.name, f"{prefix}{entry.name}/")
            elif entry.is_file():
                found = entry.stat()
                tag = f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"
                yield ObjectInfo(prefix + entry.name, found.st_size, tag)
