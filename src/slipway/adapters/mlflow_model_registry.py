"""MLflow as the model registry: sqlite by default, any tracking server by URI.

How our words map to MLflow's:

    model name          registered model and experiment of the same name
    model version       a model version, whose number MLflow counts itself; our version string is
                        its tag `dev.slipway.version`, and it is found by it
    alpha, beta, stable aliases
    latest              tag `dev.slipway.channel.latest` of the registered model: MLflow keeps the
                        alias of that name to itself
    curves              metrics `epoch/NAME`, one step an epoch
    dataset digest      a tag; the digest of an MLflow dataset input holds 36 characters only

MLflow is imported when it is first used: that takes seconds.
"""

import json
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

from slipway.adapters import mlflow_runs
from slipway.adapters.mlflow_connection import connect
from slipway.adapters.mlflow_errors import safe_uri, translated
from slipway.domain.errors import AlreadyExists, InvalidName, InvalidSetting, NotFound
from slipway.domain.image import VERSION_KEY
from slipway.domain.names import Channel, ModelName, ModelVersion
from slipway.ports.model_registry import RegisteredVersion, Registration, RunFacts, RunRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as MlflowVersion

SOURCE_KEY = "dev.slipway.source"
DATASET_KEY = "dev.slipway.dataset"
_LATEST_KEY = "dev.slipway.channel.latest"
_DIGEST_LENGTH = 36
_PAGE, _FEW = 1000, 50  # entries of one answer
_NOT_A_METRIC = re.compile(r"[^/\w.\- :]")  # mlflow.utils.validation


class MlflowModelRegistry:
    """Port `ModelRegistry` over an MLflow tracking and registry server."""

    def __init__(self, client: "MlflowClient", uri: str, artifacts: str | None) -> None:
        self._client = client
        self._uri = uri
        self._artifacts = artifacts

    @classmethod
    def open(cls, uri: str) -> Self:
        """Connect to a tracking URI; a sqlite file is made when there is none, with the folder
        `artifacts` beside it. Raises InvalidSetting, MissingTool, Unavailable, Denied."""
        client, artifacts = connect(uri)
        return cls(client, uri, artifacts)

    def record_run(self, name: ModelName, record: RunRecord) -> str:
        """See the port."""
        from mlflow.entities import Dataset, DatasetInput, Metric, Param, RunTag

        now = int(time.time() * 1000)
        metrics = [Metric(_metric(k), float(v), now, 0) for k, v in record.metrics.items()]
        for curve, values in record.curves.items():
            metrics += [
                Metric(_metric(mlflow_runs.CURVE + curve), float(value), now, step)
                for step, value in enumerate(values, 1)
            ]
        tags = dict(record.tags)
        if record.dataset_digest:
            tags[DATASET_KEY] = record.dataset_digest
        with self._running(name) as run_id:
            self._client.log_batch(
                run_id,
                params=[Param(_metric(k), str(v)) for k, v in record.parameters.items()],
                tags=[RunTag(key, value) for key, value in tags.items()],
            )
            for start in range(0, len(metrics), _PAGE):  # as many as one request may hold
                self._client.log_batch(run_id, metrics=metrics[start : start + _PAGE])
            if record.dataset_digest:
                digest = record.dataset_digest.removeprefix("sha256:")[:_DIGEST_LENGTH]
                dataset = Dataset(record.dataset_name, digest, "local", json.dumps({}))
                self._client.log_inputs(run_id, [DatasetInput(dataset, [])])
            for file in record.files:
                self._client.log_artifact(run_id, str(file))
            return run_id

    def register(
        self, version: ModelVersion, run_id: str, source: str, tags: Mapping[str, str]
    ) -> None:
        """See the port."""
        from mlflow.exceptions import MlflowException

        name = str(version.name)
        with translated(self._uri):
            try:
                self._client.create_registered_model(name)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            if self._search(version):
                raise AlreadyExists(f"{version} is registered already")
            # A server refuses local folders as a source, so it is given the run's own artifacts.
            self._client.create_model_version(
                name,
                f"runs:/{run_id}/" if source.startswith("file:") else source,
                run_id,
                tags={**tags, VERSION_KEY: str(version), SOURCE_KEY: source},
                description=str(version),
            )

    def find(self, version: ModelVersion) -> RegisteredVersion | None:
        """See the port."""
        with translated(self._uri):
            found = self._search(version)
            return self._registered(found) if found else None

    def versions(self, name: ModelName) -> Sequence[RegisteredVersion]:
        """See the port."""
        with translated(self._uri):
            found = [
                self._registered(version)
                for version in self._all(f"name = '{name}'")
                if VERSION_KEY in version.tags
            ]
        return sorted(found, key=lambda entry: entry.version.timestamp, reverse=True)

    def changed_since(self, moment: int) -> Sequence[Registration]:
        """See the port."""
        found = []
        with translated(self._uri):
            at_once = _FEW if moment else _PAGE
            for entry in self._all("", ["last_updated_timestamp DESC"], at_once):
                changed = entry.last_updated_timestamp or 0
                if changed < moment:
                    break
                with suppress(KeyError, InvalidName):  # somebody else's
                    found.append(
                        Registration(
                            ModelVersion.parse(entry.tags[VERSION_KEY]),
                            str(entry.run_id),
                            dict(entry.tags),
                            changed,
                        )
                    )
        return found

    def runs(self, run_ids: Collection[str]) -> Mapping[str, RunFacts]:
        """See the port."""
        with translated(self._uri):
            return mlflow_runs.read_runs(self._client, run_ids)

    def files(self, run_id: str) -> Sequence[str]:
        """See the port."""
        with translated(self._uri):
            return mlflow_runs.list_files(self._client, run_id)

    def read_file(self, run_id: str, name: str) -> bytes:
        """See the port."""
        with translated(self._uri):
            return mlflow_runs.read_file(self._client, run_id, name)

    def page(self, version: ModelVersion) -> str:
        """See the port: a page of the server, none where MLflow is a database."""
        if not self._uri.startswith("http"):
            return ""
        with translated(self._uri):
            found = self._search(version)
        address = safe_uri(self._uri).rstrip("/")
        return f"{address}/#/models/{found.name}/versions/{found.version}" if found else ""

    def annotate(self, version: ModelVersion, tags: Mapping[str, str]) -> None:
        """See the port."""
        with translated(self._uri):
            found = self._need(version)
            for key, value in tags.items():
                self._client.set_model_version_tag(found.name, found.version, key, value)
            # MLflow does not count a tag as a change of the version; this makes it one
            self._client.update_model_version(found.name, found.version, found.description)

    def set_channel(self, name: ModelName, channel: Channel, version: ModelVersion | None) -> None:
        """See the port."""
        with translated(self._uri):
            found = self._need(version) if version else None
            if channel is Channel.LATEST and found:
                self._client.set_registered_model_tag(str(name), _LATEST_KEY, str(version))
            elif found:
                self._client.set_registered_model_alias(str(name), str(channel), found.version)
            elif not (model := self._model(name)):
                return
            elif channel is Channel.LATEST:
                if _LATEST_KEY in model[1]:
                    self._client.delete_registered_model_tag(str(name), _LATEST_KEY)
            elif str(channel) in model[0]:
                self._client.delete_registered_model_alias(str(name), str(channel))

    def in_channel(self, name: ModelName, channel: Channel) -> RegisteredVersion | None:
        """See the port."""
        with translated(self._uri):
            model = self._model(name)
            if not model:
                return None
            aliases, tags = model
            if channel is Channel.LATEST:
                stated = tags.get(_LATEST_KEY)
                found = self._search(ModelVersion.parse(stated)) if stated else None
            elif number := aliases.get(str(channel)):
                found = self._client.get_model_version(str(name), number)
            else:
                found = None
            return self._registered(found) if found else None

    @contextmanager
    def _running(self, name: ModelName) -> Iterator[str]:
        """A run in the experiment `name`; it ends as FINISHED, or as FAILED on an error."""
        with translated(self._uri):
            run_id = self._client.create_run(self._experiment(str(name))).info.run_id
            try:
                yield run_id
            except BaseException:
                self._client.set_terminated(run_id, "FAILED")
                raise
            self._client.set_terminated(run_id, "FINISHED")

    def _experiment(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(name)
        if found is None:
            location = f"{self._artifacts}/{name}" if self._artifacts else None
            try:
                return str(self._client.create_experiment(name, artifact_location=location))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            found = self._client.get_experiment_by_name(name)  # another run was faster
        if found is None or found.lifecycle_stage != "active":
            raise InvalidSetting(
                f"the MLflow experiment {name!r} is deleted", hint="Restore it, or purge it"
            )
        return str(found.experiment_id)

    def _model(self, name: ModelName) -> tuple[Mapping[str, str], Mapping[str, str]] | None:
        """The aliases and the tags of a registered model."""
        found = self._client.search_registered_models(f"name = '{name}'", max_results=1)
        return (found[0].aliases, found[0].tags) if found else None

    def _need(self, version: ModelVersion) -> "MlflowVersion":
        found = self._search(version)
        if not found:
            raise NotFound(
                f"{version} is not in the model registry",
                hint="slipway runs lists what was trained",
            )
        return found

    def _search(self, version: ModelVersion) -> "MlflowVersion | None":
        query = f"name = '{version.name}' and tag.`{VERSION_KEY}` = '{version}'"
        return next(self._all(query), None)

    def _all(
        self, query: str, order: list[str] | None = None, at_once: int = _PAGE
    ) -> "Iterator[MlflowVersion]":
        token = None
        while True:
            page = self._client.search_model_versions(query, at_once, order, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _registered(self, found: "MlflowVersion") -> RegisteredVersion:
        run = mlflow_runs.facts_of(self._client.get_run(str(found.run_id)))
        return RegisteredVersion(
            ModelVersion.parse(found.tags[VERSION_KEY]),
            str(found.run_id),
            run.metrics,
            dict(found.tags),
        )


def _metric(name: str) -> str:
    """A name that MLflow takes for a metric or parameter."""
    return _NOT_A_METRIC.sub("_", name)
