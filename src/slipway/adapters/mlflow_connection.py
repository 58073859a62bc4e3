"""Connections to MLflow: which URIs there are, sqlite files made once, no chatter."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from slipway.adapters.mlflow_errors import safe_uri, translated
from slipway.domain.errors import Denied, InvalidSetting, MissingTool

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SCHEMES = ("sqlite", "http", "https", "postgresql", "mysql", "mssql")
_MAGIC = b"SQLite format 3\0"
_PATIENCE = 10.0  # seconds


def connect(uri: str) -> "tuple[MlflowClient, str | None]":
    """The client for a tracking URI, and where it has to put artifacts (None: the server knows).

    A sqlite file is made when there is none, with the folder `artifacts` beside it. Raises
    InvalidSetting, MissingTool, Unavailable, Denied.
    """
    with translated(uri):
        file = _sqlite_file(uri) if _scheme(uri) == "sqlite" else None
    _quieten()
    try:
        from mlflow import MlflowClient
    except ImportError as error:
        raise MissingTool(
            "the Python package mlflow is not installed", hint="pip install 'slipway[mlflow]'"
        ) from error
    with translated(uri), _alone(file):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    return client, (file.parent / "artifacts").as_uri() if file else None


def check_tracking_uri(uri: str) -> None:
    """Find out cheaply, without MLflow, whether it makes sense to go on with this tracking URI.

    Raises InvalidSetting, Denied, MissingTool when a database's driver is not installed, and
    Unavailable when a server does not answer."""
    scheme = _scheme(uri)
    with translated(uri):
        if scheme == "sqlite":
            _sqlite_file(uri)
        elif scheme.startswith("http"):
            import requests

            requests.get(f"{uri.rstrip('/')}/health", timeout=_PATIENCE)
        else:
            from sqlalchemy.engine import make_url

            make_url(uri).get_dialect().import_dbapi()


def database_mark(uri: str) -> str:
    """A text that is another one whenever a sqlite file was written to; empty for what only
    answers questions, and where there is no file."""
    if _scheme(uri) != "sqlite":
        return ""
    file = Path(uri.partition(":///")[2])
    found = [path.stat() for path in (file, Path(f"{file}-wal")) if path.exists()]
    return " ".join(f"{each.st_mtime_ns}-{each.st_size}" for each in found)


def _scheme(uri: str) -> str:
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme not in _SCHEMES:
        raise InvalidSetting(
            f"{safe_uri(uri)!r} is not an MLflow tracking URI",
            hint="Use sqlite:////folder/mlflow.db, http(s)://host:port or a database URL",
        )
    return scheme


def _sqlite_file(uri: str) -> Path:
    file = Path(uri.partition(":///")[2])
    if not file.is_absolute():
        raise InvalidSetting(
            f"{uri!r} does not name a file by its whole path",
            hint="Write sqlite:////folder/mlflow.db, four slashes",
        )
    if file.is_dir():
        raise InvalidSetting(f"{uri} is a folder", hint="Name a file in it")
    if file.exists():
        with file.open("rb") as database:
            if database.read(len(_MAGIC)) not in (b"", _MAGIC):
                raise InvalidSetting(f"{uri} is not an MLflow database", hint="Name another file")
    there = next(path for path in (file, *file.parents) if path.exists())
    if not os.access(there, os.W_OK):
        raise Denied(f"MLflow cannot write {there}", hint="Check who owns it")
    return file


@contextmanager
def _alone(file: Path | None) -> Iterator[None]:
    """Let one process at a time make or check the tables of a sqlite file: MLflow's migrations
    fail when two do."""
    if file is None:
        yield
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except (FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        raise InvalidSetting(
            f"MLflow's database cannot be at {file}: {error.strerror}",
            hint="Check mlflow.tracking_uri",
        ) from error
    with file.with_name(f".{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _quieten() -> None:
    """No telemetry, no chatter, and an answer within seconds when a server is away."""
    for key, value in {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
        "GIT_PYTHON_REFRESH": "quiet",
    }.items():
        os.environ.setdefault(key, value)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # "Retrying …"
