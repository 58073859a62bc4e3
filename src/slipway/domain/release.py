"""A release: a model version that stands in a channel, with one image per arch."""

from collections.abc import Mapping
from dataclasses import dataclass

from slipway.domain.image import Digest
from slipway.domain.names import Arch, Channel, ModelVersion


@dataclass(frozen=True)
class Release:
    """What a channel's tag of one repository points at."""

    repository: str  # without the registry's address and prefix
    channel: Channel
    version: ModelVersion
    index: Digest
    images: Mapping[Arch, Digest]


@dataclass(frozen=True)
class Foreign:
    """Something else under a channel's tag: a single image, or an index without a version."""

    digest: Digest


@dataclass(frozen=True)
class Move:
    """A channel's tag as it was seen to have moved."""

    version: ModelVersion | None  # None with `index` None: the tag is gone
    index: Digest | None
    at: int  # unix seconds when it was seen
    rollback: bool = False  # moved there by a rollback, which undoes moves instead of adding one
