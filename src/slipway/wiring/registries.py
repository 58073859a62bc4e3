"""The registries of images and of models, and the catalogue of versions."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.settings import Settings
from slipway.wiring.buckets import model_output_bucket

if TYPE_CHECKING:
    from slipway.ports.image_registry import ImageRegistry
    from slipway.ports.model_registry import ModelRegistry
    from slipway.services.version_catalogue import VersionCatalogue


def image_registry(settings: Settings) -> "ImageRegistry":
    """The OCI registry, with the credentials of the docker configuration file."""
    from slipway.adapters.docker_credentials import DockerCredentials
    from slipway.adapters.oci_image_registry import OciImageRegistry

    return OciImageRegistry(
        settings.registry.address,
        timeout=settings.registry.timeout,
        credentials=DockerCredentials(docker_configuration()).find,
    )


def open_model_registry(tracking_uri: str) -> "ModelRegistry":
    """The model registry behind an MLflow tracking URI."""
    from slipway.adapters.mlflow_model_registry import MlflowModelRegistry

    return MlflowModelRegistry.open(tracking_uri)


def check_model_registry(tracking_uri: str) -> None:
    """Raise early what `open_model_registry` and its use would raise after a long training."""
    from slipway.adapters.mlflow_connection import check_tracking_uri

    check_tracking_uri(tracking_uri)


def model_registry(settings: Settings) -> "ModelRegistry":
    """Where runs and model versions are recorded."""
    return open_model_registry(settings.tracking_uri)


def has_model_registry(settings: Settings) -> bool:
    """Whether there is one; the embedded default's is made by the first training."""
    return bool(settings.mlflow.tracking_uri) or embedded_database(settings).exists()


def reached_model_registry(settings: Settings) -> "ModelRegistry":
    """The same, once it has answered: MLflow itself would try for minutes."""
    check_model_registry(settings.tracking_uri)
    return model_registry(settings)


def version_catalogue(settings: Settings) -> "VersionCatalogue":
    """The model versions: what was published, registered and released."""
    from slipway.adapters.mlflow_connection import database_mark
    from slipway.adapters.sqlite_version_index import SqliteVersionIndex
    from slipway.services.version_catalogue import VersionCatalogue

    def open_models() -> "ModelRegistry | None":
        return reached_model_registry(settings) if has_model_registry(settings) else None

    return VersionCatalogue(
        SqliteVersionIndex(index_file(settings)),
        model_output_bucket(settings),
        open_models,
        image_registry(settings),
        lambda: database_mark(settings.tracking_uri),
    )


def index_file(settings: Settings) -> Path:
    """What the console knows of versions and of devices; made anew when it is lost."""
    return settings.home / "console" / "index.db"


def docker_configuration() -> Path:
    """The file with the registries' credentials."""
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"


def embedded_database(settings: Settings) -> Path:
    """Where the embedded default's MLflow keeps its database."""
    return Path(settings.tracking_uri.removeprefix("sqlite:///"))
