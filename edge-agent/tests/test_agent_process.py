"""The real process: signals, pokes, two agents, a network that comes and goes, other users."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import slipway_agent
from agent_testing.device import AGENT, Device, until, version
from agent_testing.forker import Forker
from agent_testing.kubelets import Image, RunningKubelet, serve_kubelet
from agent_testing.pods_seen import visible
from agent_testing.web import Site, serve
from slipway_agent.loop import delay

pytest_plugins = ["agent_testing.fixtures"]

ONE = {"m": version("m", "1")}
TWO = {"m": version("m", "2")}
NOBODY = 10001


class Running:
    """Processes that end with the test."""

    def __init__(self) -> None:
        self._all: list[subprocess.Popen[str]] = []

    def add(self, process: "subprocess.Popen[str]") -> "subprocess.Popen[str]":
        self._all.append(process)
        return process

    def end(self) -> None:
        for process in self._all:
            process.kill()
            process.wait()


@pytest.fixture
def running() -> Iterator[Running]:
    running = Running()
    yield running
    running.end()


def _status(device: Device) -> dict[str, object]:
    document = json.loads((device.state / "status.json").read_text())
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_in_a_long_wait(
    device: Device, running: Running, number: int
) -> None:
    device.publish(ONE)
    process = running.add(device.start("--interval", "3600"))
    until((device.state / "status.json").exists)
    process.send_signal(number)
    assert process.wait(timeout=60) == 0
    assert device.log().splitlines()[-1] == "level=info event=stopped"


def test_sigterm_ends_it_at_once_while_a_server_does_not_answer(
    device: Device, running: Running
) -> None:
    device.publish(ONE)
    site = Site(device.root / "bucket")
    site.drip = 1.0
    with serve(site) as device.url:
        process = running.add(device.start())
        until(lambda: site.asked != [])
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert visible(device.pods) == {}


@pytest.mark.parametrize("how", ["SIGUSR1", "SIGHUP", "touch"])
def test_a_poke_polls_at_once(device: Device, running: Running, how: str) -> None:
    device.publish(ONE)
    process = running.add(device.start("--interval", "3600"))
    until(lambda: device.shows(ONE))
    for files in (TWO, ONE, TWO):
        device.publish(files)
        if how == "touch":
            (device.state / "poke").touch()
        else:
            process.send_signal(getattr(signal, how))
        until(lambda files=files: device.shows(files))  # type: ignore[misc]


def test_the_second_agent_waits_quietly_and_takes_over(device: Device, running: Running) -> None:
    device.publish(ONE)
    first = running.add(device.start("--interval", "0.1"))
    until(lambda: device.shows(ONE))
    running.add(device.start("--interval", "0.1"))
    until(lambda: "event=standing-by" in device.log())
    device.publish(TWO)
    until(lambda: device.shows(TWO))
    first.kill()
    device.publish(ONE)
    until(lambda: device.shows(ONE))
    assert device.log().count("event=standing-by") == 1


def test_once_beside_another_agent_says_so(device: Device, running: Running) -> None:
    device.publish(ONE)
    running.add(device.start("--interval", "3600"))
    until((device.state / "status.json").exists)
    assert device.once() == 5


def test_a_pods_folder_that_is_made_anew_is_filled_again(device: Device, running: Running) -> None:
    device.publish(ONE)
    running.add(device.start("--interval", "0.1"))
    until(lambda: device.shows(ONE))
    device.pods.rename(device.root / "away")
    until(lambda: device.shows(ONE))


def test_everything_goes_on_while_the_network_is_away(device: Device, running: Running) -> None:
    device.publish(ONE)
    site = Site(device.root / "bucket")
    with serve(site) as device.url:
        running.add(device.start("--interval", "0.1"))
        until(lambda: device.shows(ONE))
        until((device.state / "status.json").exists)
        site.status = 503
        until(lambda: _status(device)["error"] is not None)
        assert device.shows(ONE)
        device.publish(TWO)
        site.status = 0
        until(lambda: device.shows(TWO))
        until(lambda: _status(device)["error"] is None)
    assert device.log().count("event=failed") == 1
    assert "event=in-sync-again" in device.log()


def test_a_version_that_was_begun_is_ended_without_the_network(
    device: Device, running: Running
) -> None:
    device.publish(ONE)
    for _ in range(2):
        assert device.once() == 0
    device.publish(TWO)
    assert device.once() == 0
    assert device.shows({**ONE, "new": TWO["m"]})
    device.url = f"file://{device.root}/away"
    running.add(device.start("--interval", "3600"))
    until(lambda: device.shows(TWO))


def test_each_slot_has_a_spool_that_its_pods_may_write_to(device: Device) -> None:
    spool = device.root / "spool"
    spool.mkdir()
    device.publish(ONE)
    assert device.once() == 0
    assert [folder.name for folder in spool.iterdir()] == ["m"]


def test_a_spool_that_is_no_folder_holds_nothing_up(device: Device) -> None:
    (device.root / "spool").write_text("no folder")
    device.publish(ONE)
    assert device.once() == 0
    assert device.shows(ONE)


def test_the_status_tells_what_was_done(device: Device) -> None:
    before = int(time.time())
    device.publish(ONE)
    assert device.once() == 0
    assert device.once() == 0
    status = _status(device)
    assert status["bucket"] == device.url
    assert (status["arch"], status["channel"]) == ("x86_64", "latest")
    assert isinstance(status["last_success"], int)
    assert before <= status["last_success"] <= time.time()
    (slot,) = status["slots"] if isinstance(status["slots"], list) else []
    assert (slot["slot"], slot["state"]) == ("m", "running")
    assert slot["digest"] == "sha256:" + "1" * 64
    assert slot["running"] == hashlib.sha256(ONE["m"]).hexdigest()
    assert isinstance(status["trust"], dict)
    assert status["trust"]["version"] == device.repository.timestamp.version
    device.url = f"file://{device.root}/away"
    assert device.once() == 3
    error = _status(device)["error"]
    assert isinstance(error, dict)
    assert error["code"] == "not-found"


def test_an_idle_agent_does_not_write_at_every_poll(device: Device, running: Running) -> None:
    device.publish(ONE)
    status = device.state / "status.json"
    site = Site(device.root / "bucket")

    def ten_polls_wrote_nothing() -> bool:
        before, asked = status.stat(), len(site.asked)
        until(lambda: len(site.asked) > asked + 10)
        return status.stat() == before

    with serve(site) as device.url:
        process = running.add(device.start("--interval", "0.1"))
        until(lambda: status.exists() and '"running"' in status.read_text())
        until(ten_polls_wrote_nothing)
        assert process.poll() is None


def test_the_delay_grows_to_a_cap_and_jitters() -> None:
    assert [delay(5, n, 0.5) for n in (0, 1, 2, 3, 4, 1000)] == [5, 10, 20, 40, 60, 60]
    assert delay(300, 9, 0.5) == 300
    assert delay(10, 0, 0.0) == pytest.approx(8)
    assert delay(10, 0, 1.0) == pytest.approx(12)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user, needs root")


@needs_root
def test_a_user_who_may_not_write_gets_one_clear_error(forker: Forker) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to other users
        root = Path(folder)
        root.chmod(0o755)
        (root / "pods").mkdir()
        with serve_kubelet(RunningKubelet(root / "pods", Image(ready=0))) as url:
            device = Device(root, forker, url)
            device.publish(ONE)
            for _ in range(2):
                assert device.once() == 0
            device.publish(TWO)
            assert device.once(uid=NOBODY) == 4
            assert device.shows(ONE)
            for path in (device.pods, device.state, *device.state.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
            for _ in range(3):
                assert device.once(uid=NOBODY) == 0
            assert device.shows(TWO)


@pytest.mark.system
def test_a_spool_that_is_not_writable_is_named_and_the_pods_serve(
    device: Device, small_disk: Path, running: Running
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    (device.root / "spool").symlink_to(small_disk)
    device.publish(ONE)
    running.add(device.start("--interval", "0.1"))
    until(lambda: device.shows(ONE) and "event=no-spool" in device.log())
    device.publish(TWO)
    until(lambda: device.shows(TWO))
    (line,) = [line for line in device.log().splitlines() if "event=no-spool" in line]
    assert f"folder={device.root}/spool/m" in line
    assert "has to be writable for the agent" in line


@pytest.mark.system
@pytest.mark.parametrize("what", ["pods", "state"])
def test_a_read_only_disk_is_said_once_and_waited_for(
    device: Device, small_disk: Path, running: Running, what: str
) -> None:
    (small_disk / "pods").mkdir()
    with serve_kubelet(RunningKubelet(small_disk / "pods", Image(ready=0))) as device.kubelet:
        device.pods = small_disk / "pods"
        if what == "state":
            device.state = small_disk / "agent"
        device.publish(ONE)
        assert device.once() == 0
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        device.publish(TWO)
        running.add(device.start("--interval", "0.1"))
        until(lambda: "event=failed" in device.log())
        time.sleep(0.5)
        assert device.shows(ONE)
        assert device.log().count("event=failed") == 1
        assert "read-only file system" in device.log()
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
        until(lambda: device.shows(TWO))


@pytest.mark.system
def test_a_full_disk_is_said_once_and_waited_for(
    device: Device, small_disk: Path, running: Running
) -> None:
    (small_disk / "pods").mkdir()
    with serve_kubelet(RunningKubelet(small_disk / "pods", Image(ready=0))) as device.kubelet:
        device.pods, device.state = small_disk / "pods", small_disk / "agent"
        device.publish(ONE)
        assert device.once() == 0
        full = small_disk / "full"
        with suppress(OSError), full.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        device.publish(TWO)
        running.add(device.start("--interval", "0.1"))
        until(lambda: "event=failed" in device.log())
        time.sleep(0.5)
        assert device.shows(ONE)
        assert "no space left" in device.log()
        full.unlink()
        until(lambda: device.shows(TWO))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "no bucket is given"),
        (["--bucket", "ftp://host/x"], "'ftp://host/x' is not the URL of a bucket"),
        (["--bucket", "/just/a/path"], "is not the URL of a bucket"),
        (["--bucket", "file://host/x"], "is not the URL of a bucket"),
        (["--bucket", "https://h:port/x"], "does not parse"),
        (["--bucket", "https://h/x?token=secret"], "query"),
        (["--bucket", "file:///b", "--arch", "mips"], "'mips' is not a known arch"),
        (["--bucket", "file:///b", "--channel", "all"], "'all' is not a known channel"),
        (["--bucket", "file:///b", "--kubelet", "tcp://h"], "is not the URL of a kubelet"),
        (["--bucket", "file:///b", "--interval", "0"], "interval is '0'"),
        (["--bucket", "file:///b", "--interval", "nan"], "interval is 'nan'"),
        (["--bucket", "file:///b", "--bogus"], "unknown argument '--bogus'"),
        (["--bucket"], "expected one argument"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], reason: str, device: Device) -> None:
    defaults = ["--arch", "x86_64", "--channel", "latest", "--state", str(device.state), "--once"]
    run = subprocess.run(
        [sys.executable, "-m", "slipway_agent", *defaults, *arguments],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(AGENT)},
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert reason in run.stderr
    assert "secret" not in run.stderr


def test_variables_stand_for_options_and_options_win(device: Device) -> None:
    device.publish(ONE)
    environment = {
        "PYTHONPATH": str(AGENT),
        "SLIPWAY_AGENT_BUCKET": device.url,
        "SLIPWAY_AGENT_ARCH": "x86_64",
        "SLIPWAY_AGENT_CHANNEL": "stable",
        "SLIPWAY_AGENT_PODS": str(device.pods),
        "SLIPWAY_AGENT_STATE": str(device.state),
        "SLIPWAY_AGENT_TRUST": str(device.root / "trust"),
        "SLIPWAY_AGENT_KUBELET": device.kubelet,
        "SLIPWAY_AGENT_INTERVAL": "7",
        "SLIPWAY_AGENT_ONCE": "1",
    }
    command = [sys.executable, "-m", "slipway_agent"]
    assert subprocess.run(command, env=environment, check=False).returncode == 3
    subprocess.run([*command, "--channel", "latest"], env=environment, check=True)
    assert device.shows(ONE)


def test_the_version_is_told() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "slipway_agent", "--version"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(AGENT)},
        check=True,
    )
    assert run.stdout == f"slipway-agent {slipway_agent.__version__}\n"
