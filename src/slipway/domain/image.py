"""Digests, image references and the index that holds one image per arch."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from slipway.domain.errors import InvalidReference
from slipway.domain.names import Arch

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PINNED = re.compile(r"(?P<repository>[^@\s]+)@(?P<digest>sha256:[0-9a-f]{64})")

MODEL_KEY = "dev.slipway.model"  # label and annotation: the model name
VERSION_KEY = "dev.slipway.version"  # label and annotation: the model version


@dataclass(frozen=True, order=True)
class Digest:
    """`sha256:` and 64 hexadecimal digits."""

    value: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check `text`; raises InvalidReference."""
        if not _DIGEST.fullmatch(text):
            raise InvalidReference(
                f"{text!r} is not a digest", hint="A digest is sha256: and 64 hexadecimal digits"
            )
        return cls(text)

    @property
    def short(self) -> str:
        """Twelve digits, for tables."""
        return self.value.removeprefix("sha256:")[:12]

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class ImageReference:
    """`HOST/REPOSITORY@sha256:…`: always pinned, a tag is only ever resolved."""

    repository: str
    digest: Digest

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pinned reference; raises InvalidReference."""
        match = _PINNED.fullmatch(text)
        if not match:
            raise InvalidReference(
                f"{text!r} is not an image reference pinned by digest",
                hint="Write HOST/REPOSITORY@sha256:…",
            )
        return cls(match["repository"], Digest(match["digest"]))

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}"


@dataclass(frozen=True)
class ImageIndex:
    """One version in the registry: its own digest and one image digest per arch."""

    digest: Digest
    images: Mapping[Arch, Digest]
    annotations: Mapping[str, str] = field(default_factory=dict)
