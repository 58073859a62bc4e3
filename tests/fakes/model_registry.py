"""A model registry in memory, for tests of what uses one; the contract tests prove it."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from slipway.domain.errors import AlreadyExists, NotFound
from slipway.domain.names import Channel, ModelName, ModelVersion
from slipway.ports.model_registry import RegisteredVersion, Registration, RunFacts, RunRecord


class FakeModelRegistry:
    """Port `ModelRegistry` over dictionaries. `records` holds the runs by their ids."""

    def __init__(self) -> None:
        self.records: dict[str, RunRecord] = {}
        self._versions: dict[str, tuple[ModelVersion, str, dict[str, str]]] = {}
        self._channels: dict[tuple[str, Channel], ModelVersion] = {}
        self._changed: dict[str, int] = {}  # by version, in the order of the changes

    def record_run(self, name: ModelName, record: RunRecord) -> str:
        run_id = f"{name}-{len(self.records) + 1}"
        self.records[run_id] = record
        return run_id

    def register(
        self, version: ModelVersion, run_id: str, source: str, tags: Mapping[str, str]
    ) -> None:
        if run_id not in self.records:
            raise NotFound(f"there is no run {run_id}")
        if str(version) in self._versions:
            raise AlreadyExists(f"{version} is registered already")
        own = {"dev.slipway.version": str(version), "dev.slipway.source": source}
        self._versions[str(version)] = (version, run_id, {**tags, **own})
        self._touch(version)

    def find(self, version: ModelVersion) -> RegisteredVersion | None:
        if str(version) not in self._versions:
            return None
        _, run_id, tags = self._versions[str(version)]
        return RegisteredVersion(version, run_id, dict(self.records[run_id].metrics), dict(tags))

    def versions(self, name: ModelName) -> Sequence[RegisteredVersion]:
        found = [self._need(v) for v, _, _ in self._versions.values() if v.name == name]
        return sorted(found, key=lambda entry: entry.version.timestamp, reverse=True)

    def annotate(self, version: ModelVersion, tags: Mapping[str, str]) -> None:
        self._need(version)
        self._versions[str(version)][2].update(tags)
        self._touch(version)

    def changed_since(self, moment: int) -> Sequence[Registration]:
        found = []
        for text, changed in reversed(self._changed.items()):
            version, run_id, tags = self._versions[text]
            if changed >= moment:
                found.append(Registration(version, run_id, dict(tags), changed))
        return found

    def runs(self, run_ids: Collection[str]) -> Mapping[str, RunFacts]:
        return {
            run_id: RunFacts({k: str(v) for k, v in record.parameters.items()}, record.metrics)
            for run_id, record in self.records.items()
            if run_id in run_ids
        }

    def files(self, run_id: str) -> Sequence[str]:
        return sorted(path.name for path in self._files(run_id))

    def read_file(self, run_id: str, name: str) -> bytes:
        for path in self._files(run_id):
            if path.name == name:
                return path.read_bytes()
        raise NotFound(f"run {run_id} keeps no file {name!r}")

    def page(self, version: ModelVersion) -> str:
        return ""

    def set_channel(self, name: ModelName, channel: Channel, version: ModelVersion | None) -> None:
        if version is None:
            self._channels.pop((str(name), channel), None)
        else:
            self._need(version)
            self._channels[str(name), channel] = version

    def in_channel(self, name: ModelName, channel: Channel) -> RegisteredVersion | None:
        version = self._channels.get((str(name), channel))
        return self._need(version) if version else None

    def _files(self, run_id: str) -> Sequence[Path]:
        return self.records[run_id].files if run_id in self.records else ()

    def _touch(self, version: ModelVersion) -> None:
        self._changed.pop(str(version), None)
        self._changed[str(version)] = max(self._changed.values(), default=0) + 1

    def _need(self, version: ModelVersion) -> RegisteredVersion:
        found = self.find(version)
        if found is None:
            raise NotFound(f"{version} is not in the model registry")
        return found
