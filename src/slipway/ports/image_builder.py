"""Port: what makes container images out of Containerfiles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from slipway.domain.image import Digest
from slipway.domain.names import Arch


@dataclass(frozen=True)
class BuildRequest:
    """One image to build. The same request gives the same image, bit for bit."""

    containerfile: Path
    context: Path
    arch: Arch
    args: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    created: int = 0  # unix seconds, written as the image's and its files' time


@dataclass(frozen=True)
class BuiltImage:
    """An image in the builder's own store."""

    id: str
    arch: Arch


@dataclass(frozen=True)
class Mount:
    """A folder of this machine, seen read-only in the container."""

    source: Path
    target: str


@dataclass(frozen=True)
class Outcome:
    """How a command in a container ended."""

    exit_code: int  # 128 + N when signal N ended it
    output: str  # what it wrote to standard output
    errors: str  # and to standard error


RUN_SECONDS = 300.0  # under emulation a self-test takes seconds


class ImageBuilder(Protocol):
    """Builds, tries and pushes images of any arch; foreign archs run under qemu-user.

    Raises MissingTool when the engine is not there, BuildFailed with the end of its output.
    """

    def build(self, request: BuildRequest) -> BuiltImage:
        """Build one image; what it is FROM comes by digest from the registry. Nothing is run,
        so any arch can be built anywhere. BuildFailed when the Containerfile is wrong."""

    def run(
        self, image: BuiltImage, command: Sequence[str], mounts: Sequence[Mount] = ()
    ) -> Outcome:
        """Run `command` to its end in a container of the image, with the image's user and
        environment and without network; BuildFailed when the container cannot be started or does
        not end within `RUN_SECONDS`."""

    def push(self, image: BuiltImage, repository: str) -> Digest:
        """Push to the registry, untagged; Unavailable, Denied."""

    def remove(self, image: BuiltImage) -> None:
        """Forget the image; layers that others share stay."""
