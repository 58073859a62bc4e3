"""What is known of model versions: what was published, what was registered, where it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slipway.domain.card import ModelCard
from slipway.domain.names import Channel, ModelName, ModelVersion

NEWEST, SIZE = "newest", "size"  # what a query sorts by, beside the names of metrics
_MODEL_FILE = "model.tflite"


@dataclass(frozen=True)
class Published:
    """A version as it lies in the model-output bucket."""

    version: ModelVersion
    card: ModelCard | None  # without its golden samples
    golden: int = 0  # how many of them there are
    sizes: Mapping[str, int] = field(default_factory=dict)  # path in its folder → bytes
    problem: str = ""  # why there is no card


@dataclass(frozen=True)
class CatalogueEntry:
    """A version with all that the catalogue has of it."""

    version: ModelVersion
    published: Published | None  # None: registered, but its files are not in the bucket
    run_id: str = ""  # empty: not in the model registry
    parameters: Mapping[str, str] = field(default_factory=dict)
    run_metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[Channel, ...] = ()

    @property
    def card(self) -> ModelCard | None:
        """The card, when it was published and is sound."""
        return self.published.card if self.published else None

    @property
    def problem(self) -> str:
        """What is wrong with it; empty when nothing is."""
        if self.published is None:
            return "it is registered, but its files are not in the model-output bucket"
        return self.published.problem

    @property
    def metrics(self) -> Mapping[str, float]:
        """Those of the card, of the run where there is no card."""
        return self.card.metrics if self.card else self.run_metrics

    @property
    def lineage(self) -> Mapping[str, str]:
        """Where it comes from; the registry has the same as tags."""
        return self.card.lineage if self.card else self.tags

    @property
    def size(self) -> int | None:
        """Bytes of the file that devices run."""
        return self.published.sizes.get(_MODEL_FILE) if self.published else None


@dataclass(frozen=True)
class VersionQuery:
    """Which versions, in which order."""

    name: ModelName | None = None  # None: of all models
    channel: Channel | None = None  # only what stands there
    search: str = ""  # words that all occur in version, labels, commit, data, run, parameters
    sort: str = NEWEST  # or SIZE or a metric; those that have none come last
    descending: bool = True


@dataclass(frozen=True)
class ModelSummary:
    """One model: its versions in short."""

    name: ModelName
    count: int
    broken: int  # how many of them have a problem
    newest: CatalogueEntry
    channels: Mapping[Channel, ModelVersion]


@dataclass(frozen=True)
class Found:
    """One page of what a query finds."""

    entries: Sequence[CatalogueEntry]
    total: int  # on all pages
