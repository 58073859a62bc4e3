"""Port: the registry of trained models, their runs and what became of them."""

from collections.abc import Collection, Mapping, Sequence
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


@dataclass(frozen=True)
class Registration:
    """A version's entry without what its run says."""

    version: ModelVersion
    run_id: str
    tags: Mapping[str, str]
    changed: int  # by the registry's clock, in milliseconds


@dataclass(frozen=True)
class RunFacts:
    """What a run was given and what it reached."""

    parameters: Mapping[str, str]
    metrics: Mapping[str, float]


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

    def changed_since(self, moment: int) -> Sequence[Registration]:
        """The versions of all names that were registered or annotated at `moment` or after it
        (see `Registration.changed`; 0 for all), the last change first."""

    def runs(self, run_ids: Collection[str]) -> Mapping[str, RunFacts]:
        """What many runs say, by their ids, in few requests; those that are gone are left out."""

    def files(self, run_id: str) -> Sequence[str]:
        """The names of the plots and reports that a run keeps, sorted; empty when there is no such
        run."""

    def read_file(self, run_id: str, name: str) -> bytes:
        """One of them; NotFound."""

    def page(self, version: ModelVersion) -> str:
        """The URL where people look at a version, empty when it has none."""

    def annotate(self, version: ModelVersion, tags: Mapping[str, str]) -> None:
        """Add or replace tags of a version; NotFound."""

    def set_channel(self, name: ModelName, channel: Channel, version: ModelVersion | None) -> None:
        """Let the channel's alias follow a release; None removes it. NotFound for a version
        that is not registered."""

    def in_channel(self, name: ModelName, channel: Channel) -> RegisteredVersion | None:
        """The version that stands in a channel, as last told with `set_channel`."""
