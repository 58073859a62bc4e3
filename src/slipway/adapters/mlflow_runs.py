"""Reads what MLflow keeps of runs: many at once, and their files."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from slipway.domain.errors import NotFound
from slipway.domain.keys import is_key
from slipway.ports.model_registry import RunFacts

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

CURVE = "epoch/"  # metrics of this prefix are curves
_AT_ONCE = 200  # runs of one request


def facts_of(run: "Run") -> RunFacts:
    """What a run says, without its curves."""
    metrics = {k: v for k, v in run.data.metrics.items() if not k.startswith(CURVE)}
    return RunFacts(dict(run.data.params), metrics)


def read_runs(client: "MlflowClient", run_ids: Collection[str]) -> Mapping[str, RunFacts]:
    """Those of the runs that there are."""
    if not run_ids:
        return {}
    experiments = list(_experiments(client))
    found = {}
    ordered = sorted(run_ids)
    for start in range(0, len(ordered), _AT_ONCE):
        part = ordered[start : start + _AT_ONCE]
        query = f"attributes.run_id IN ({', '.join(map(repr, part))})"
        for run in client.search_runs(experiments, query, max_results=_AT_ONCE):
            found[str(run.info.run_id)] = facts_of(run)
    return found


def list_files(client: "MlflowClient", run_id: str) -> Sequence[str]:
    """The names of a run's files, without folders and what lies in them."""
    from mlflow.exceptions import MlflowException

    try:
        return sorted(entry.path for entry in client.list_artifacts(run_id) if not entry.is_dir)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return []


def read_file(client: "MlflowClient", run_id: str, name: str) -> bytes:
    """One file; NotFound."""
    if not is_key(name) or name not in list_files(client, run_id):
        raise NotFound(f"run {run_id} keeps no file {name[:80]!r}", hint="Look at the run's page")
    with TemporaryDirectory(prefix="slipway-") as folder:
        return Path(client.download_artifacts(run_id, name, folder)).read_bytes()


def _experiments(client: "MlflowClient") -> Iterator[str]:
    token = None
    while True:
        page = client.search_experiments(page_token=token)
        yield from (str(experiment.experiment_id) for experiment in page)
        token = page.token
        if not token:
            return
