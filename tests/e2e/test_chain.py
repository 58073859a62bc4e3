"""From the end of a training to a model that answers on a device, with every part real.

The training is a tiny model's; all that comes after it is the product's own: functions, builder,
registry, tag monitor, agent, containerd, kubelet, serving container.
"""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from slipway.local import devices
from slipway.settings import load
from tests.fixtures.fleet import Edge
from tests.fixtures.installation import Installation
from tests.fixtures.tiny_model import make_tiny_model

pytestmark = [pytest.mark.system, pytest.mark.slow]

NAME = "tinyparts"
FIRST, SECOND = f"{NAME}_1_1501089026", f"{NAME}_1_1501089099"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    for version in (FIRST, SECOND):
        make_tiny_model(folder, version)
    return folder / NAME


@pytest.fixture(scope="module")
def picture(models: Path) -> Path:
    """A golden sample of the model: an image that it has to be able to read."""
    import base64

    from slipway.domain.card import ModelCard

    card = ModelCard.parse((models / FIRST / "model.json").read_bytes())
    path = models / "golden.png"
    path.write_bytes(base64.b64decode(card.golden[0].input))
    return path


@pytest.fixture(scope="module")
def chain(installation: Installation) -> Installation:
    installation.slipway("up")
    installation.slipway("publish-agent")
    return installation


def finish_training(chain: Installation, models: Path, version: str) -> None:
    """Leave a model in the model-output bucket as a training does, the marker last."""
    target = chain.home / "buckets" / "model-output" / NAME / version
    shutil.copytree(
        models / version, target, ignore=shutil.ignore_patterns("TRAINER-DONE"), dirs_exist_ok=True
    )
    (target / "TRAINER-DONE").write_text(version)


def wait_released(chain: Installation, version: str, channel: str) -> str:
    def look() -> str | None:
        release = chain.released(NAME, channel)
        there = release.get("version") == version and all(release["published"].values())
        return str(release["digest"]) if there else None

    return chain.wait(f"{version} on {channel}", look, 300)


def wait_running(chain: Installation, device: str, version: str) -> str:
    def look() -> str | None:
        pod = chain.pod(device, NAME)
        return str(pod["digest"]) if pod.get("version") == version and pod["ready"] else None

    digest = chain.wait(f"{version} ready on {device}", look)
    Edge(chain, device).wait_alone(NAME, "slipway_serving")  # the one before answers until it ends
    return digest


def test_the_marker_alone_brings_a_model_to_a_device(
    chain: Installation, models: Path, picture: Path
) -> None:
    finish_training(chain, models, FIRST)
    wait_released(chain, FIRST, "latest")
    chain.slipway("device", "up", "e2e-latest", "--channel", "latest")
    digest = wait_running(chain, "e2e-latest", FIRST)
    answer = chain.ask("predict", str(picture), "--device", "e2e-latest")
    assert answer["version"] == FIRST
    assert answer["digest"] == digest
    scores = [one["score"] for one in answer["predictions"]]
    assert len(scores) >= 2
    assert scores == sorted(scores, reverse=True)


def test_the_marker_written_again_packages_again_with_the_same_digest(
    chain: Installation, models: Path
) -> None:
    before = chain.released(NAME, "latest")
    log = chain.home / "run" / "events.log"
    times = log.read_text().count(f"{FIRST}/TRAINER-DONE is done")
    marker = chain.home / "buckets" / "model-output" / NAME / FIRST / "TRAINER-DONE"
    marker.unlink()
    marker.write_text(FIRST)
    chain.wait(
        "the second packaging",
        lambda: log.read_text().count(f"{FIRST}/TRAINER-DONE is done") > times or None,
        300,
    )
    assert chain.released(NAME, "latest")["digest"] == before["digest"]


def test_a_tag_moved_by_skopeo_is_a_release(chain: Installation, picture: Path) -> None:
    chain.slipway("device", "up", "e2e-beta", "--channel", "beta")
    image = f"docker://{chain.registry}/{NAME}"
    subprocess.run(
        ["skopeo", "copy", "--all", "--preserve-digests", "--src-tls-verify=false",
         "--dest-tls-verify=false", f"{image}:{FIRST}", f"{image}:beta"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    wait_released(chain, FIRST, "beta")
    wait_running(chain, "e2e-beta", FIRST)
    assert chain.ask("predict", str(picture), "--device", "e2e-beta")["version"] == FIRST


def test_a_second_version_replaces_the_first_on_latest_only(
    chain: Installation, models: Path, picture: Path
) -> None:
    finish_training(chain, models, SECOND)
    wait_released(chain, SECOND, "latest")
    wait_running(chain, "e2e-latest", SECOND)
    assert chain.pod("e2e-beta", NAME)["version"] == FIRST
    assert chain.ask("predict", str(picture), "--device", "e2e-latest")["version"] == SECOND
    assert chain.ask("predict", str(picture), "--device", "e2e-beta")["version"] == FIRST


def test_promote_and_rollback_reach_the_device(chain: Installation) -> None:
    chain.slipway("promote", NAME, SECOND, "beta")
    wait_running(chain, "e2e-beta", SECOND)
    chain.slipway("rollback", NAME, "beta")
    wait_running(chain, "e2e-beta", FIRST)


def test_a_device_cut_off_from_the_network_boots_and_answers(
    chain: Installation, picture: Path
) -> None:
    settings = load(chain.folder, chain.environment)
    chain.slipway("device", "unplug", "e2e-latest")
    devices.power_cut(settings, "e2e-latest")
    chain.slipway("device", "up", "e2e-latest")
    wait_running(chain, "e2e-latest", SECOND)
    assert chain.ask("predict", str(picture), "--device", "e2e-latest")["version"] == SECOND
    chain.slipway("device", "plug", "e2e-latest")


def test_the_stack_killed_comes_up_again_with_all_it_knew(chain: Installation) -> None:
    before = chain.ask("channels")
    for part in chain.ask("status")["parts"]:
        subprocess.run(["kill", f"-{signal.SIGKILL}", str(part["pid"])], check=True)
    assert chain.run("promote", NAME, FIRST, "alpha").returncode == 7
    chain.slipway("up")
    assert all(part["running"] for part in chain.ask("status")["parts"])
    assert chain.ask("channels") == before


def test_down_stops_everything(chain: Installation) -> None:
    chain.slipway("down")
    assert not any(part["running"] for part in chain.ask("status")["parts"])
    assert not any(device["up"] for device in chain.ask("device", "list"))
    home = str(chain.home)
    left = subprocess.run(["pgrep", "-af", home], capture_output=True, text=True, check=False)
    assert left.stdout == ""
