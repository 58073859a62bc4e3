"""Port: the index of model versions, which answers questions about thousands of them at once."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from slipway.domain.catalogue import CatalogueEntry, Found, ModelSummary, Published, VersionQuery
from slipway.domain.names import Channel, ModelName, ModelVersion
from slipway.ports.model_registry import Registration, RunFacts


class VersionIndex(Protocol):
    """What was published, what was registered and what stands in the channels, put together by
    version. A version of which nothing is left is gone. Threads and processes may share it; every
    method raises Failed when it is damaged, Unavailable when it stays locked, and DiskFull."""

    def published(self, name: ModelName) -> Mapping[ModelVersion, bool]:
        """The versions of a name that were in the bucket, and whether their card is sound."""

    def put_published(self, found: Sequence[Published]) -> None:
        """Add or replace what the bucket has of versions."""

    def drop_published(self, versions: Collection[ModelVersion]) -> None:
        """Take out what the bucket has no more."""

    def put_registered(
        self,
        found: Sequence[Registration],
        runs: Mapping[str, RunFacts],
        *,
        everything: bool,
        mark: str,
    ) -> None:
        """Add or replace what the registry has; of runs that are not given, what was known stays.
        `everything`: there is nothing else in the registry; `mark`: of its state, see `mark`."""

    def mark(self) -> str:
        """The `mark` that came with what the registry had last; empty before."""

    def last_change(self) -> int:
        """The newest `Registration.changed`; 0 when there is none."""

    def known_runs(self) -> frozenset[str]:
        """The ids of the runs whose facts are here."""

    def set_channels(self, name: ModelName, standing: Mapping[Channel, ModelVersion]) -> None:
        """Say what stands in a model's channels now."""

    def names(self) -> Sequence[ModelName]:
        """The models that there are versions of, sorted."""

    def models(self) -> Sequence[ModelSummary]:
        """All models by name."""

    def metrics(self, name: ModelName | None) -> Sequence[str]:
        """The metrics that versions of a name, or of any, have, by name."""

    def find(self, query: VersionQuery, offset: int, limit: int) -> Found:
        """One page of versions."""

    def entry(self, version: ModelVersion) -> CatalogueEntry | None:
        """One version."""
