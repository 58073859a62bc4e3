"""The catalogue of model versions: an index that is kept in step with where the truth is.

Cards come from the model-output bucket, runs from the model registry, channels from the image
registry. A version that is complete never changes, so its card is read once; of the model registry
only what changed is asked for. A source that does not answer holds up none of the others: what it
said last stays, and `problems` says so.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from slipway.domain.card import ModelCard
from slipway.domain.catalogue import (
    NEWEST,
    SIZE,
    CatalogueEntry,
    Found,
    ModelSummary,
    Published,
    VersionQuery,
)
from slipway.domain.comparison import Comparison, DatasetDifference
from slipway.domain.errors import InvalidCard, InvalidInput, InvalidName, NotFound, SlipwayError
from slipway.domain.names import ModelName, ModelVersion
from slipway.ports.bucket import Bucket
from slipway.ports.image_registry import ImageRegistry
from slipway.ports.model_registry import ModelRegistry
from slipway.ports.version_index import VersionIndex
from slipway.services.model_output import CARD, MARKER, folder_of, read_dataset
from slipway.services.releases import ReleaseReader

_AT_ONCE = 8  # requests to the bucket
_BATCH = 200  # versions that are written to the index together
_Named = TypeVar("_Named", ModelName, ModelVersion)
_OVERLAP = 10_000  # milliseconds that are asked for again, for what was under way then


class VersionCatalogue:
    """Answers from the index; `refresh` brings the index up to date."""

    def __init__(
        self,
        index: VersionIndex,
        bucket: Bucket,
        open_models: Callable[[], ModelRegistry | None],
        images: ImageRegistry,
        mark_of_models: Callable[[], str] = str,
    ) -> None:
        """`open_models` gives None as long as there is no model registry; `mark_of_models` a text
        that is another one whenever something there may have changed, empty when only asking it
        can tell: opening MLflow takes seconds."""
        self._index = index
        self._bucket = bucket
        self._open_models = open_models
        self._mark_of_models = mark_of_models
        self._mark = ""  # at the last look
        self._models: ModelRegistry | None = None
        self._releases = ReleaseReader(images)
        self._refreshing = Lock()
        self.problems: Mapping[str, SlipwayError] = {}  # by source, as the last refresh met them
        self.refreshed: float | None = None  # unix seconds

    def refresh(
        self, *, everything: bool = False, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        """Read what is new; `everything`: notice also what was taken out of the model registry.
        Reading many cards ends early when `stopped` says so."""
        sources: dict[str, Callable[[], None]] = {
            "the model-output bucket": lambda: self._refresh_published(stopped),
            "the image registry": self._refresh_channels,
            "the model registry": lambda: self._refresh_registered(everything),  # takes longest
        }
        problems = {}
        with self._refreshing:
            for source, read in sources.items():
                try:
                    read()
                except SlipwayError as error:
                    problems[source] = error
            self.problems = problems
            self.refreshed = time.time()

    def names(self) -> Sequence[ModelName]:
        """The names of all models, sorted."""
        return self._index.names()

    def models(self) -> Sequence[ModelSummary]:
        """All models by name."""
        return self._index.models()

    def metrics(self, name: ModelName | None) -> Sequence[str]:
        """The metrics that versions of a model, or of any, have, by name."""
        return self._index.metrics(name)

    def find(self, query: VersionQuery, number: int, size: int) -> Found:
        """Page `number`, from 1, of `size` versions; InvalidInput when none of them has the metric
        that they are to be sorted by."""
        found = self._index.find(query, (number - 1) * size, size)
        if found.total and query.sort not in (NEWEST, SIZE):
            metrics = self._index.metrics(query.name)
            if query.sort not in metrics:
                raise InvalidInput(
                    f"no version has the metric {query.sort[:80]!r}",
                    hint=f"Sort by {', '.join([NEWEST, SIZE, *metrics])}",
                )
        return found

    def entry(self, version: ModelVersion) -> CatalogueEntry:
        """One version, which may have been made just now; NotFound."""
        found = self._index.entry(version)
        if found is None:
            self.refresh()
            found = self._index.entry(version)
        if found is None:
            raise NotFound(
                f"there is no model version {version}",
                hint=f"slipway versions {version.name} lists those that there are",
            )
        return found

    def compare(self, a: ModelVersion, b: ModelVersion) -> Comparison:
        """Two versions beside each other; NotFound, and InvalidDataset when the list of what one
        was trained on is damaged."""
        entries = self.entry(a), self.entry(b)
        files = (
            read_dataset(self._bucket, entry.version) if entry.published else None
            for entry in entries
        )
        return Comparison(*entries, DatasetDifference.of(*entries, *files))

    def _refresh_published(self, stopped: Callable[[], bool]) -> None:
        names = [name for folder in self._bucket.folders() if (name := _parsed(ModelName, folder))]
        for name in sorted({*names, *self._index.names()}, key=str):
            known = self._index.published(name)
            there = {
                version
                for folder in self._bucket.folders(f"{name}/")
                if (version := _parsed(ModelVersion, folder)) and version.name == name
            }
            if gone := known.keys() - there:
                self._index.drop_published(gone)
            open_ = [version for version in there if not known.get(version)]
            newest_first = sorted(open_, key=lambda v: v.timestamp, reverse=True)
            self._read_published(newest_first, stopped)

    def _read_published(
        self, versions: Sequence[ModelVersion], stopped: Callable[[], bool]
    ) -> None:
        """Read versions that are new, or that were not sound when they were read last."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for start in range(0, len(versions), _BATCH):
                if stopped():
                    return
                found = pool.map(self._published, versions[start : start + _BATCH])
                self._index.put_published([each for each in found if each])

    def _published(self, version: ModelVersion) -> Published | None:
        """What the bucket has of one version, None while its training is not over."""
        prefix = folder_of(version)
        there = {info.key.removeprefix(prefix): info.size for info in self._bucket.objects(prefix)}
        if MARKER not in there:
            return None
        sizes = {name: size for name, size in there.items() if name != MARKER}
        try:
            card = ModelCard.parse(self._bucket.read(prefix + CARD), CARD)
            if card.version != version:
                raise InvalidCard(f"{CARD} says version {card.version}")
        except NotFound:
            return Published(version, None, sizes=sizes, problem=f"it has no {CARD}")
        except InvalidCard as error:
            return Published(version, None, sizes=sizes, problem=error.message)
        bare = dataclasses.replace(card, golden=())
        return Published(version, bare, len(card.golden), sizes)

    def _refresh_registered(self, everything: bool) -> None:
        mark = self._mark_of_models()
        if mark and mark == (self._mark or self._index.mark()):
            return
        self._models = self._models or self._open_models()
        if self._models is None:
            return
        since = 0 if everything else self._index.last_change() - _OVERLAP
        found = self._models.changed_since(max(since, 0))
        unknown = {each.run_id for each in found} - self._index.known_runs()
        runs = self._models.runs(unknown)
        # Who comes after a partial look has to look at everything.
        self._index.put_registered(
            found, runs, everything=everything, mark=mark if everything else ""
        )
        self._mark = mark

    def _refresh_channels(self) -> None:
        for name in self._index.names():
            standing = {
                release.channel: release.version
                for release in self._releases.releases(name.repository)
                if release.version.name == name
            }
            self._index.set_channels(name, standing)


def _parsed(kind: type[_Named], text: str) -> _Named | None:
    """What others put into the bucket has no such name."""
    try:
        return kind.parse(text)
    except InvalidName:
        return None
