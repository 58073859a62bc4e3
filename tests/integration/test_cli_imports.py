"""Quick commands stay quick: they import nothing that takes long to be imported."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.adapters.local_pipeline_backend import LocalPipelineBackend
from slipway.adapters.oci_image_registry import OciImageRegistry
from slipway.domain.names import ModelVersion
from slipway.ports.pipeline_backend import UNKNOWN, RunError
from tests.fixtures.command_line import slipway_command
from tests.fixtures.oci import package
from tests.fixtures.registry import running_registry

pytestmark = pytest.mark.system

HEAVY = {
    "boto3", "cryptography", "google.protobuf", "jinja2", "kfp", "mlflow", "numpy", "requests",
    "rich", "securesystemslib", "tensorflow", "tqdm", "tuf", "urllib3", "yaml",
}  # fmt: skip
TELLS = f"""
import atexit, sys
atexit.register(lambda: sys.stderr.write(str(sorted({HEAVY!r} & set(sys.modules)))))
"""
VERSION = ModelVersion.parse("parts_1_1501089026")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An installation with a release and a run."""
    folder = tmp_path_factory.mktemp("installation")
    with running_registry(tmp_path_factory.mktemp("registry")) as address:
        index = package(address, VERSION)
        OciImageRegistry(address).tag("parts", index, "beta")
        backend = LocalPipelineBackend(folder / "runs")
        backend.refuse("parts", {}, UNKNOWN, RunError("failed", "for the test"))
        yield {"SLIPWAY_HOME": str(folder), "SLIPWAY_REGISTRY_ADDRESS": address}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--help",), "promote"),
        (("promote", "--help"), "VERSION"),
        (("channels",), str(VERSION)),
        (("runs",), "parts"),
        (("status",), "runs"),
        (("devices",), "No device"),
    ],
)
def test_nothing_heavy_is_imported(
    arguments: tuple[str, ...], told: str, environment: dict[str, str], tmp_path: Path
) -> None:
    done = slipway_command(*arguments, folder=tmp_path, before=TELLS, environment=environment)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout
    assert done.stderr == "[]"
