"""What images are made with and of: a digest over it, and the folder that a builder takes."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slipway.domain.errors import MissingTool
from slipway.domain.image import Digest
from slipway.domain.names import Arch
from slipway.domain.system_errors import system_error
from slipway.ports.image_builder import ImageBuilder
from slipway.ports.image_parts import ImageParts
from slipway.ports.image_registry import ImageRegistry

_LEFT_OUT = {"__pycache__", ".mypy_cache", ".ruff_cache"}


@dataclass(frozen=True)
class ImageSources:
    """Where the images' recipes and our own code lie."""

    containers: Path  # the folder of Containerfiles
    packages: tuple[Path, ...]  # folders of Python packages, named as the packages are

    def package(self, name: str) -> Path:
        """The folder of one Python package; MissingTool when it is not installed."""
        for folder in self.packages:
            if folder.name == name:
                return folder
        raise MissingTool(
            f"the Python package {name} is not installed; an image is made of it",
            hint="Run from a checkout, or install it beside slipway",
        )


@dataclass(frozen=True)
class Workshop:
    """All that images are made with."""

    builder: ImageBuilder
    registry: ImageRegistry
    parts: ImageParts
    sources: ImageSources
    archs: Sequence[Arch]
    cache: Path  # keeps base file systems, which take long to fetch

    def reference(self, repository: str, digest: Digest) -> str:
        """What a Containerfile is FROM."""
        return f"{self.registry.address}/{repository}@{digest}"

    def add_app(self, packages: Iterable[Path], folder: Path) -> None:
        """Copy Python packages into `folder`, with their bytecode."""
        for package in packages:
            copy_plain(package, folder)
        self.parts.compile(folder)
        plain_folders(folder)


@contextmanager
def scratch(folder: Path | None = None) -> Iterator[Path]:
    """A folder for the time being, in the system's place for such or in `folder`; raises as
    `os_errors` does."""
    try:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            yield Path(name)
    except OSError as error:
        raise system_error(error, str(error.filename or folder or tempfile.gettempdir())) from error


def inputs_digest(paths: Iterable[Path], *more: str) -> str:
    """64 hexadecimal digits over the names and contents of files and folders, and over `more`."""
    digest = hashlib.sha256()
    for path in paths:
        for file in _files(path):
            name = file.relative_to(path.parent).as_posix()
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{content} {name}\n".encode())
    for text in more:
        digest.update(f"{text}\n".encode())
    return digest.hexdigest()


def copy_plain(source: Path, folder: Path) -> None:
    """Copy a file or folder into `folder`, with the same modes whatever the checkout's umask."""
    for file in _files(source):
        target = folder / file.relative_to(source.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        target.chmod(0o644)


def plain_folders(folder: Path) -> None:
    """Make all folders below `folder` readable by every user in the image."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not _LEFT_OUT & set(file.relative_to(path).parts):
            yield file
