"""Port: the registry of trained models, their runs and what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from slipway.domain.names import Channel, ModelName, ModelVersion


@dataclass(frozen=True)
class RunRecord:
    """What a training run leaves for people to look at."""

    parameters: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)  # name → value per epoch
    files: Sequence[Path] = ()  # plots and reports
    dataset_name: str = ""
    dataset_digest: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RegisteredVersion:
    """One model version as the registry knows it."""

    version: ModelVersion
    run_id: str
    metrics: Mapping[str, float]
    tags: Mapping[str, str]


class ModelRegistry(Protocol):
    """Versions by their version string; Unavailable or Denied when the server is."""

    def record_run(self, name: ModelName, record: RunRecord) -> str:
        """Store a finished run in the experiment `name`; returns its run id."""

    def register(
        self, version: ModelVersion, run_id: str, source: str, tags: Mapping[str, str]
    ) -> None:
        """Add a version that `run_id` trained and whose files lie at the URL `source`;
        AlreadyExists."""

    def find(self, version: ModelVersion) -> RegisteredVersion | None:
        """One version, None when it is not registered."""

    def versions(self, name: ModelName) -> Sequence[RegisteredVersion]:
        """All versions of a name, newest first; empty when there is no such model."""

    def annotate(self, version: ModelVersion, tags: Mapping[str, str]) -> None:
        """Add or replace tags of a version; NotFound."""

    def set_channel(self, name: ModelName, channel: Channel, version: ModelVersion | None) -> None:
        """Let the channel's alias follow a release; None removes it. NotFound for a version
        that is not registered."""

    def in_channel(self, name: ModelName, channel: Channel) -> RegisteredVersion | None:
        """The version that stands in a channel, as last told with `set_channel`."""
