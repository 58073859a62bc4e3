"""Two model versions beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from slipway.domain.catalogue import CatalogueEntry
from slipway.domain.compatibility import Interface, differences
from slipway.domain.metrics import Better, better, is_detail
from slipway.domain.snapshot import LabelChange, Snapshot, changes

_SAME = 1e-9  # metrics that differ by less are the same


@dataclass(frozen=True)
class MetricPair:
    """One metric of both; None where a version does not have it."""

    name: str
    before: float | None
    after: float | None

    @property
    def difference(self) -> float | None:
        """By how much it rose."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before

    @property
    def same(self) -> bool:
        """Whether both have it and it is the same."""
        return self.difference is not None and abs(self.difference) < _SAME

    @property
    def better(self) -> bool | None:
        """Whether the second version is better by it; None when neither is, or nobody can say."""
        wanted = better(self.name)
        if self.difference is None or self.same or wanted is Better.NEITHER:
            return None
        return (self.difference > 0) is (wanted is Better.HIGHER)


@dataclass(frozen=True)
class DatasetDifference:
    """What the two were trained on. `labels` is None where the list of files was not kept with one
    of them; then the digests say whether it was the same."""

    before: str  # digest, empty when it is not known
    after: str
    labels: Mapping[str, LabelChange] | None
    unlisted: tuple[str, ...] = ()  # the versions whose files are not known

    @property
    def same(self) -> bool | None:
        """Whether it was the same set of files; None when nobody can say."""
        return self.before == self.after if self.before and self.after else None

    @classmethod
    def of(
        cls,
        a: CatalogueEntry,
        b: CatalogueEntry,
        files_a: Snapshot | None,
        files_b: Snapshot | None,
    ) -> Self:
        """From the files that both were trained on, as far as they are known."""
        digests = [
            entry.lineage.get("dataset_digest", "") or (files.digest if files else "")
            for entry, files in ((a, files_a), (b, files_b))
        ]
        if files_a is not None and files_b is not None:
            return cls(digests[0], digests[1], changes(files_a, files_b))
        unlisted = [str(e.version) for e, files in ((a, files_a), (b, files_b)) if files is None]
        return cls(digests[0], digests[1], None, tuple(unlisted))


@dataclass(frozen=True)
class Comparison:
    """What differs from version `a` to version `b`."""

    a: CatalogueEntry
    b: CatalogueEntry
    dataset: DatasetDifference

    @property
    def metrics(self) -> Sequence[MetricPair]:
        """All metrics of both: of the whole model first, then of each label."""
        names = self.a.metrics.keys() | self.b.metrics.keys()
        return [
            MetricPair(name, self.a.metrics.get(name), self.b.metrics.get(name))
            for name in sorted(names, key=lambda name: (is_detail(name), name))
        ]

    @property
    def size(self) -> MetricPair:
        """Bytes of the file that devices run."""
        return MetricPair("bytes", self.a.size, self.b.size)

    @property
    def labels_added(self) -> tuple[str, ...]:
        """Labels that only `b` knows."""
        return tuple(label for label in _labels(self.b) if label not in _labels(self.a))

    @property
    def labels_removed(self) -> tuple[str, ...]:
        """Labels that only `a` knows."""
        return tuple(label for label in _labels(self.a) if label not in _labels(self.b))

    @property
    def breaks(self) -> tuple[str, ...] | None:
        """What callers of `a` would stumble over in `b`; None when a card is missing."""
        if self.a.card is None or self.b.card is None:
            return None
        return differences(self.a.card, Interface.of(self.b.card))

    @property
    def parameters(self) -> Mapping[str, tuple[str | None, str | None]]:
        """The parameters of their runs that differ, None where a run has none of that name."""
        return _differing(self.a.parameters, self.b.parameters)

    @property
    def parameters_known(self) -> bool:
        """Whether both have runs whose parameters are known."""
        return bool(self.a.parameters and self.b.parameters)

    @property
    def lineage(self) -> Mapping[str, tuple[str | None, str | None]]:
        """Where they come from, as far as it differs, without the dataset."""
        wanted = ("git_commit", "configuration_digest", "seeds", "split", "workload")
        return _differing(
            *({k: e.lineage[k] for k in wanted if k in e.lineage} for e in (self.a, self.b))
        )


def _labels(entry: CatalogueEntry) -> tuple[str, ...]:
    return entry.card.labels if entry.card else ()


def _differing(
    before: Mapping[str, str], after: Mapping[str, str]
) -> Mapping[str, tuple[str | None, str | None]]:
    return {
        name: (before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
