"""Model names, model versions, archs and channels: the one place that parses them."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from slipway.domain.choice import choose
from slipway.domain.errors import InvalidName

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_VERSION = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9-]*)_(?P<major>0|[1-9][0-9]*)_(?P<time>[1-9][0-9]*)"
)
_LONGEST_TAG = 128  # OCI distribution spec: a tag has at most 128 characters


@dataclass(frozen=True, order=True)
class ModelName:
    """A model's name: a letter, then letters, digits and hyphens."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check `text`; raises InvalidName."""
        if len(text) > 63 or text.endswith("-") or not _NAME.fullmatch(text):
            raise InvalidName(
                f"{text!r} is not a model name",
                hint="Use a letter, then letters, digits, hyphens inside; at most 63 characters",
            )
        return cls(text)

    @property
    def repository(self) -> str:
        """The name of its image repository: lower case, as registries demand."""
        return self.value.lower()

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class ModelVersion:
    """`NAME_MAJOR_TIMESTAMP`; versions of one name order by timestamp."""

    name: ModelName
    major: int
    timestamp: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `equipmentparts_1_1501089026`; raises InvalidName."""
        match = _VERSION.fullmatch(text)
        if not match or len(text) > _LONGEST_TAG:
            raise InvalidName(
                f"{text!r} is not a model version",
                hint="A version is NAME_MAJOR_TIMESTAMP, for example equipmentparts_1_1501089026",
            )
        return cls(ModelName.parse(match["name"]), int(match["major"]), int(match["time"]))

    def __str__(self) -> str:
        return f"{self.name}_{self.major}_{self.timestamp}"


class Arch(StrEnum):
    """A device's processor architecture, by the name that `uname -m` gives there."""

    X86_64 = "x86_64"
    ARMV7L = "armv7l"
    AARCH64 = "aarch64"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check `text`; raises InvalidName."""
        return choose(cls, text, f"{text!r} is not an arch", InvalidName)

    @property
    def platform(self) -> "Platform":
        """What the OCI image spec calls it."""
        return _PLATFORMS[self]


@dataclass(frozen=True)
class Platform:
    """A platform as the OCI image index writes it."""

    architecture: str
    variant: str = ""
    os: str = "linux"

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


_PLATFORMS = {
    Arch.X86_64: Platform("amd64"),
    Arch.ARMV7L: Platform("arm", "v7"),
    Arch.AARCH64: Platform("arm64"),
}


class Channel(StrEnum):
    """A release track: a mutable tag on the image index, followed by devices."""

    LATEST = "latest"
    ALPHA = "alpha"
    BETA = "beta"
    STABLE = "stable"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check `text`; raises InvalidName."""
        return choose(cls, text, f"{text!r} is not a channel", InvalidName)


ALL_FOLDER = "all"  # base pods that every channel gets: a folder, never a tag
