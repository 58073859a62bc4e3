"""`slipway doctor` on this very machine."""

import json
from pathlib import Path

import pytest

from slipway.adapters.key_folder import make_pair
from tests.fixtures.command_line import slipway_command
from tests.fixtures.free_ports import free_ports

pytestmark = pytest.mark.system


def environment(folder: Path, **more: str) -> dict[str, str]:
    ports = dict(zip(("MODEL_DONE", "TAG_MONITOR"), map(str, free_ports(2)), strict=True))
    return {
        "SLIPWAY_HOME": str(folder / "home"),
        **{f"SLIPWAY_LOCAL_{name}_PORT": port for name, port in ports.items()},
        "SLIPWAY_REGISTRY_ADDRESS": f"127.0.0.1:{free_ports(1)[0]}",
        **more,
    }


def test_the_machine_of_these_tests_is_a_workstation(tmp_path: Path) -> None:
    """scripts/setup has installed all that the doctor asks for."""
    done = slipway_command("doctor", "--json", folder=tmp_path, environment=environment(tmp_path))
    document = json.loads(done.stdout)
    assert [each for each in document["checks"] if each["verdict"] == "missing"] == []
    assert (done.returncode, document["fit"]) == (0, True)
    told = {each["what"] for each in document["checks"]}
    assert {"python", "buildah", "kubelet", "keys", "registry", "mlflow", "deploy bucket"} <= told
    assert not (tmp_path / "home").exists()


def test_what_does_not_work_is_found(tmp_path: Path) -> None:
    (tmp_path / "home" / "keys").mkdir(parents=True)
    make_pair(tmp_path / "home" / "keys" / "root-1.pem")
    (tmp_path / "home" / "keys" / "root-1.pem").chmod(0o644)
    given = environment(
        tmp_path,
        SLIPWAY_BUCKETS_DEPLOY="file:///no/bucket",
        SLIPWAY_MLFLOW_TRACKING_URI=f"http://me:secret@127.0.0.1:{free_ports(1)[0]}",
    )
    done = slipway_command("doctor", "builder", folder=tmp_path, environment=given)
    assert done.returncode == 8
    assert "others may read root-1.pem" in done.stdout
    assert "file:///no/bucket does not exist" in done.stdout
    assert "missing: mlflow" in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_a_machine_that_is_no_device_is_told_how_to_become_one(tmp_path: Path) -> None:
    done = slipway_command("doctor", "device", folder=tmp_path, environment=environment(tmp_path))
    assert done.returncode in (0, 8)
    if not Path("/opt/slipway/bin/kubelet").exists():
        assert done.returncode == 8
        assert "install.sh" in done.stdout


def test_a_role_that_there_is_not(tmp_path: Path) -> None:
    done = slipway_command("doctor", "toaster", folder=tmp_path)
    assert done.returncode == 2
    assert "workstation" in done.stderr
