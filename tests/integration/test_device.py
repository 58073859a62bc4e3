"""Local devices with the real containerd and kubelet; pods come from a real registry."""

import errno
import http.client
import json
import os
import platform
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.adapters.key_folder import KeyFolder
from slipway.adapters.local_bucket import LocalBucket
from slipway.adapters.system_clock import SystemClock
from slipway.domain.errors import (
    Conflict,
    Denied,
    DeviceFailed,
    DiskFull,
    InvalidName,
    InvalidSetting,
    MissingTool,
    NotFound,
    Refused,
)
from slipway.domain.image import Digest
from slipway.domain.names import Channel
from slipway.local import cgroups, device_agent, device_disk, devices, leases, netns
from slipway.local.device_boot import PODS_OWNER, cgroup_of
from slipway.local.device_pods import Pod, pods, wait_for_pod
from slipway.local.network import interface
from slipway.services.trust.change_keys import new_repository
from slipway.services.trust.folder_targets import Rendered
from slipway.services.trust.publish import Publisher
from slipway.settings import BucketSettings, RegistrySettings, Settings
from tests.fixtures.registry import running_registry
from tests.fixtures.static_image import push_static_image
from tests.fixtures.waiting import wait_for

pytestmark = [pytest.mark.system, pytest.mark.slow]

PORT = 8090  # on each device's own loopback
SLOT = "slipway-agent"
MANIFEST = """\
apiVersion: v1
kind: Pod
metadata:
  name: {slot}-{says}
  annotations: {{dev.slipway.slot: {slot}}}
  labels: {{dev.slipway.version: hello_1_1501089026}}
spec:
  hostNetwork: true
  shareProcessNamespace: true
  terminationGracePeriodSeconds: 1
  containers:
    - name: web
      image: {image}
      args: [sh, -c, '/bin/busybox mkdir /www; echo {says} >/www/index.html;
        trap "echo told; exit 0" TERM; /bin/busybox httpd -f -p 127.0.0.1:{port} -h /www & wait']
      readinessProbe: {{httpGet: {{host: 127.0.0.1, port: {port}, path: /}}, periodSeconds: 1}}
      volumeMounts:
        - {{name: pods, mountPath: /opt/slipway/pods}}
  volumes:
    - {{name: pods, hostPath: {{path: /opt/slipway/pods, type: Directory}}}}
"""


def agent_key(channel: Channel) -> str:
    return f"{platform.machine()}/{channel}/{SLOT}-pod.yaml"


class Bench:
    """An installation of its own below a folder, with an image in the registry."""

    def __init__(self, folder: Path, address: str, digest: Digest) -> None:
        self.deploy = LocalBucket.open(str(folder / "deploy"))
        self.settings = Settings(
            home=folder / "home",
            registry=RegistrySettings(address=address),
            buckets=BucketSettings(deploy=f"file://{folder / 'deploy'}"),
        )
        self.image = f"{address}/static@{digest}"
        self.keys = self.settings.home / "keys"
        keys, clock = KeyFolder(self.keys), SystemClock()
        new_repository(self.deploy, keys, clock, root_keys=1, threshold=1)
        self._publisher = Publisher(self.deploy, keys, clock)

    def publish(self, channel: Channel) -> Path:
        """Sign the agent pod of a channel: here a web server that says the channel's name. Where
        it lies among the signed files."""
        data = self.manifest(str(channel), SLOT, PORT).encode()
        key = agent_key(channel)
        self.deploy.write(key, data)
        self._publisher.publish(Rendered({key: data}))
        folder = Path(self.deploy.url.removeprefix("file://")) / "targets" / key
        (file,) = folder.parent.glob(f"*.{folder.name}")
        return file

    def manifest(self, says: str, slot: str, port: int) -> str:
        return MANIFEST.format(slot=slot, image=self.image, says=says, port=port)

    def up(self, name: str, channel: Channel | None = None) -> devices.Device:
        return devices.device_up(self.settings, self.deploy, name, channel)

    def disk(self, name: str) -> Path:
        return device_disk.disk_of(self.settings, name)

    def ask(self, name: str, port: int = PORT) -> str:
        """What the device's own web server says on the device's loopback."""

        def get() -> str:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/")
                return connection.getresponse().read().decode().strip()

        return netns.inside(netns.running(self.settings, name), get)

    def wait_answer(self, name: str, says: str) -> None:
        """Wait until that is what the server says. After a change of channel the kubelet's word is
        not enough: while the old pod goes, it is that which answers the new one's probe."""

        def answers() -> bool:
            try:
                return self.ask(name) == says
            except OSError:
                return False

        wait_for(answers, f"{says!r} of {name}")


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Digest]]:
    """A registry of this module's own, because one test takes it away, and the image in it."""
    folder = tmp_path_factory.mktemp("device-registry")
    with running_registry(folder) as address:
        yield address, push_static_image(address, "static", folder)


@pytest.fixture
def bench(tmp_path: Path, pushed: tuple[str, Digest]) -> Iterator[Bench]:
    (tmp_path / "deploy").mkdir()
    made = Bench(tmp_path, *pushed)
    yield made
    for device in devices.list_devices(made.settings):
        devices.device_down(made.settings, device.name, erase=True)


def is_ready(says: str) -> Callable[[Pod], bool]:
    """Whether it is the agent's pod of that channel, and ready."""
    return lambda pod: pod.name == f"{SLOT}-{says}" and pod.ready


def traces(bench: Bench, name: str) -> list[str]:
    """What the device has on this machine besides its disk."""
    disk = bench.disk(name)
    found = [
        f"group {root}" for root, _ in cgroups.hierarchies() if (root / cgroup_of(disk)).exists()
    ]
    if Path("/sys/class/net", interface(disk)).exists():
        found.append("cable")
    if leases.find(disk):
        found.append("lease")
    found += [
        line for line in Path("/proc/self/mounts").read_text().splitlines() if str(disk) in line
    ]
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(disk) in process.read_text():
                found.append(f"process {process.parent.name}")
        except OSError:
            continue
    return found


def test_a_device_runs_its_channels_pod_and_goes_down_without_a_trace(bench: Bench) -> None:
    bench.publish(Channel.BETA)
    device = bench.up("one", Channel.BETA)
    assert (device.up, device.channel, device.plugged) == (True, Channel.BETA, True)
    pod = wait_for_pod(bench.settings, "one", SLOT)
    assert f"{pod.image.partition('@')[0]}@{pod.digest}" == bench.image
    assert pod.version == "hello_1_1501089026"
    assert pod.started is not None and abs(pod.started - time.time()) < 120
    assert bench.ask("one") == "beta"
    with pytest.raises(OSError, match="refused"):  # this machine's loopback is another one
        http.client.HTTPConnection("127.0.0.1", PORT, timeout=2).connect()
    memory = devices.resident_memory(bench.settings, "one")
    assert {"containerd", "kubelet"} <= memory.keys()
    assert traces(bench, "one")

    assert devices.device_down(bench.settings, "one")
    logs = (bench.disk("one") / "log" / "pods").rglob("*.log")
    assert any("told" in log.read_text() for log in logs)
    assert traces(bench, "one") == []
    assert not devices.device_down(bench.settings, "one")
    assert [device.up for device in devices.list_devices(bench.settings)] == [False]
    with pytest.raises(NotFound, match="is not up"):
        pods(bench.settings, "one")


def test_the_machines_own_places_stay_as_they_are(bench: Bench) -> None:
    watched = ("/var/lib/kubelet", "/run/containerd/s", "/opt/slipway", "/var/log/pods")
    settings = (
        "vm/overcommit_memory",
        "kernel/panic",
        "kernel/panic_on_oops",
        "net/ipv4/tcp_migrate_req",
    )

    def look() -> list[object]:
        there: list[object] = [Path(path).exists() for path in watched]
        return there + [Path("/proc/sys", name).read_text() for name in settings]

    before = look()
    bench.publish(Channel.LATEST)
    bench.up("one")
    wait_for_pod(bench.settings, "one", SLOT)
    assert look() == before
    migrate = Path("/proc/sys/net/ipv4/tcp_migrate_req")
    device = netns.running(bench.settings, "one")
    assert netns.inside(device, migrate.read_text).strip() == "1"


def test_a_device_trusts_what_its_owner_had_when_it_was_made(bench: Bench) -> None:
    bench.publish(Channel.LATEST)
    bench.up("one")
    trust, spool = bench.disk("one") / "trust", bench.disk("one") / "spool"
    first = (bench.keys / "root.json").read_bytes()
    assert (trust / "root.json").read_bytes() == first
    assert tomllib.loads((trust / "policy.toml").read_text()) == {
        "registries": [bench.settings.registry.address],
        "host_paths": ["/opt/slipway/images", "/opt/slipway/streams"],
        "writable_host_paths": ["/opt/slipway/spool"],
    }
    assert (trust.stat().st_uid, spool.stat().st_uid) == (0, PODS_OWNER)
    report = bench.settings.home / "buckets" / "reports" / "report"
    seen = Path("/proc", str(netns.running(bench.settings, "one")), "root/opt/slipway/reports")
    (seen / "report").write_text("from the device")
    assert report.read_text() == "from the device"

    (bench.keys / "root.json").write_text("another root")
    (trust / "policy.toml").write_text("registries = []")
    devices.device_down(bench.settings, "one")
    bench.up("one")
    assert (trust / "root.json").read_bytes() == first
    assert (trust / "policy.toml").read_text() == "registries = []"


def test_the_first_agent_is_the_one_that_was_signed(bench: Bench) -> None:
    signed = bench.publish(Channel.LATEST)
    bench.publish(Channel.BETA)
    forged = bench.manifest("forged", SLOT, PORT).encode()
    bench.deploy.write(agent_key(Channel.LATEST), forged)  # where devices do not look
    bench.up("one")
    wait_for_pod(bench.settings, "one", SLOT)
    assert bench.ask("one") == "latest"

    good = signed.read_bytes()
    signed.write_bytes(forged[: len(good)])
    with pytest.raises(Refused, match=f"{signed} is not what its owner has signed") as refused:
        bench.up("two")
    assert "from a backup" in refused.value.hint
    assert not bench.disk("two").exists()
    bench.up("one", Channel.BETA)
    wait_for_pod(bench.settings, "one", SLOT, until=is_ready("beta"))
    bench.wait_answer("one", "beta")
    with pytest.raises(Refused, match="is not what its owner has signed"):
        bench.up("one", Channel.LATEST)
    assert bench.ask("one") == "beta"  # the device goes on as it was
    signed.write_bytes(good)
    bench.up("one", Channel.LATEST)
    wait_for_pod(bench.settings, "one", SLOT, until=is_ready("latest"))
    bench.wait_answer("one", "latest")


def test_two_devices_on_different_channels_use_the_same_port(bench: Bench) -> None:
    for channel in (Channel.LATEST, Channel.STABLE):
        bench.publish(channel)
    first, second = bench.up("one", Channel.LATEST), bench.up("two", Channel.STABLE)
    assert first.address != second.address
    for name, says in (("one", "latest"), ("two", "stable")):
        wait_for_pod(bench.settings, name, SLOT)
        assert bench.ask(name) == says
    with pytest.raises(OSError, match="refused"):  # a device cannot reach into another
        netns.inside(
            netns.running(bench.settings, "one"),
            lambda: http.client.HTTPConnection(second.address, 10255, timeout=2).connect(),
        )
    devices.device_down(bench.settings, "one")
    assert bench.ask("two") == "stable"


def test_after_a_power_cut_pods_come_back_from_the_disk_without_a_network(bench: Bench) -> None:
    bench.publish(Channel.STABLE)
    bench.up("one", Channel.STABLE)
    (bench.disk("one") / "pods" / "more.yaml").write_text(bench.manifest("more", "more", 8091))
    for pod in (SLOT, "more"):
        wait_for_pod(bench.settings, "one", pod)
    devices.set_plugged(bench.settings, "one", plugged=False)

    devices.power_cut(bench.settings, "one")
    assert not any(trace.startswith("process") for trace in traces(bench, "one"))
    (device,) = devices.list_devices(bench.settings)
    assert not device.up

    device = bench.up("one")  # still unplugged, and on its own channel
    assert (device.up, device.plugged, device.channel) == (True, False, Channel.STABLE)
    for pod in (SLOT, "more"):
        wait_for_pod(bench.settings, "one", pod)
    assert (bench.ask("one"), bench.ask("one", 8091)) == ("stable", "more")


def test_a_cable_that_is_out_and_in_again(bench: Bench) -> None:
    bench.publish(Channel.LATEST)
    bench.up("one")
    devices.set_plugged(bench.settings, "one", plugged=False)
    assert not reaches_registry(bench, "one")
    devices.set_plugged(bench.settings, "one", plugged=True)
    wait_for(lambda: reaches_registry(bench, "one"), "the way to the registry")


def reaches_registry(bench: Bench, name: str) -> bool:
    port = int(bench.settings.registry.address.rpartition(":")[2])

    def ask() -> bool:
        with closing(http.client.HTTPConnection(leases.GATEWAY, port, timeout=2)) as connection:
            try:
                connection.request("GET", "/v2/")
                return connection.getresponse().status == 200
            except OSError:
                return False

    return netns.inside(netns.running(bench.settings, name), ask)


def test_another_channel_exchanges_the_agent(bench: Bench) -> None:
    for channel in (Channel.LATEST, Channel.BETA):
        bench.publish(channel)
    bench.up("one", Channel.LATEST)
    wait_for_pod(bench.settings, "one", SLOT)
    folder = bench.disk("one") / "pods"
    second = folder / f"{SLOT}.{SLOT}-next.yaml"  # as while an agent brings up its successor
    second.write_text(bench.manifest("next", SLOT, 8091))
    wait_for_pod(bench.settings, "one", SLOT, until=lambda pod: pod.name == f"{SLOT}-next")
    assert bench.up("one", Channel.BETA).channel == Channel.BETA
    assert [path.name for path in folder.iterdir()] == [f"{SLOT}.{SLOT}-beta.yaml"]
    wait_for_pod(bench.settings, "one", SLOT)
    bench.wait_answer("one", "beta")
    with pytest.raises(NotFound, match="stable/slipway-agent-pod"):
        bench.up("one", Channel.STABLE)
    assert devices.list_devices(bench.settings)[0].channel == Channel.BETA
    assert bench.ask("one") == "beta"


def test_containerd_and_kubelet_are_started_again(bench: Bench) -> None:
    bench.publish(Channel.LATEST)
    bench.up("one")
    before = wait_for_pod(bench.settings, "one", SLOT)
    for program in ("kubelet", "containerd"):
        old = process_of(bench, "one", program)
        os.kill(old, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while process_of(bench, "one", program) in (0, old):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    after = wait_for_pod(bench.settings, "one", SLOT)
    assert after.started == before.started  # the pod went on meanwhile


def process_of(bench: Bench, name: str, program: str) -> int:
    """The pid of a program of the device, 0 while it does not run."""
    for pid in cgroups.processes(cgroup_of(bench.disk(name))):
        try:
            if Path(f"/proc/{pid}/comm").read_text().strip() == program:
                return pid
        except OSError:
            continue
    return 0


def test_a_command_that_is_killed_leaves_nothing_that_the_next_one_cannot_use(bench: Bench) -> None:
    bench.publish(Channel.LATEST)
    configuration = bench.settings.home.parent / "slipway.yaml"
    configuration.write_text(
        json.dumps(
            {
                "registry": {"address": bench.settings.registry.address},
                "buckets": {"deploy": bench.settings.buckets.deploy},
            }
        )
    )

    def interrupted(number: signal.Signals, seconds: float) -> int:
        with subprocess.Popen(
            [sys.executable, "-c", "from slipway.cli import main; main()", "device", "up", "one"],
            cwd=configuration.parent,
            env={**os.environ, "SLIPWAY_HOME": str(bench.settings.home)},
            stderr=subprocess.DEVNULL,
        ) as command:
            time.sleep(seconds)
            command.send_signal(number)
            return command.wait(30)

    for seconds in (0.3, 0.5, 0.7):
        assert interrupted(signal.SIGKILL, seconds) == -signal.SIGKILL
        if bench.disk("one").exists():
            devices.device_down(bench.settings, "one")
        deadline = time.monotonic() + 60  # its first process may be about to see that it is alone
        while left := traces(bench, "one"):
            assert time.monotonic() < deadline, left
            time.sleep(0.05)
    assert interrupted(signal.SIGINT, 0.9) == 130
    assert traces(bench, "one") == []  # ctrl-C needs nobody to tidy up
    bench.up("one")
    wait_for_pod(bench.settings, "one", SLOT)
    devices.device_down(bench.settings, "one")
    assert traces(bench, "one") == []


def test_a_device_that_cannot_boot_says_why_and_is_off(bench: Bench) -> None:
    bench.publish(Channel.LATEST)
    away = replace(
        bench.settings,
        buckets=BucketSettings(deploy=f"file://{bench.settings.home}/no-such-folder"),
    )
    with pytest.raises(DeviceFailed, match="No such file"):
        devices.device_up(away, bench.deploy, "one")
    assert traces(bench, "one") == []


def test_a_full_disk_is_named_and_nothing_is_left(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.publish(Channel.LATEST)

    def refuse(group: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cgroups, "create", refuse)
    with pytest.raises(DiskFull, match="no space left"):
        bench.up("one")
    assert traces(bench, "one") == []
    assert devices.list_devices(bench.settings) == ()
    assert not bench.disk("one").exists()


def test_a_disk_with_too_little_space_is_refused_before_anything_is_done(bench: Bench) -> None:
    bench.publish(Channel.LATEST)
    folder = bench.settings.home / "devices"
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=True)
    try:
        with pytest.raises(DiskFull, match=r"8 MiB are free in .*, it needs 128"):
            bench.up("one")
        assert not bench.disk("one").exists()
    finally:
        subprocess.run(["umount", folder], check=True)


def test_ctrl_c_while_a_device_changes_its_channel_leaves_it_on_its_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.publish(Channel.LATEST)
    bench.publish(Channel.BETA)
    bench.up("one")
    (manifest,) = device_agent.placed(bench.disk("one"))
    before = manifest.read_bytes()

    def interrupted(*_: object, **__: object) -> None:
        assert not manifest.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(device_agent, "wait_until_gone", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bench.up("one", Channel.BETA)
    assert manifest.read_bytes() == before
    (device,) = devices.list_devices(bench.settings)
    assert device.channel is Channel.LATEST
    devices.device_down(bench.settings, "one")


def test_what_is_wrong_is_said_before_anything_is_done(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = bench.keys / "root.json"
    root.rename(bench.keys / "elsewhere.json")
    with pytest.raises(NotFound, match=r"keys/root\.json does not exist") as missing:
        bench.up("one")
    assert "slipway keys init" in missing.value.hint
    (bench.keys / "elsewhere.json").rename(root)
    with pytest.raises(NotFound, match="latest/slipway-agent-pod") as missing:
        bench.up("one")
    assert "slipway publish-agent latest" in missing.value.hint
    for name in ("", "a_b", "-a", "a-", "../x", "x" * 33):
        with pytest.raises(InvalidName):
            bench.up(name)
    with pytest.raises(NotFound, match="does not exist"):
        devices.device_down(bench.settings, "one")
    bench.publish(Channel.LATEST)
    elsewhere = replace(bench.settings, registry=RegistrySettings(address="registry.example.com"))
    with pytest.raises(InvalidSetting, match="loopback"):
        devices.device_up(elsewhere, bench.deploy, "one")
    with device_disk.held(bench.disk("one")), pytest.raises(Conflict, match="another command"):
        bench.up("one")
    with pytest.raises(MissingTool, match="no kubelet"):
        devices.device_up(replace(bench.settings, cache=bench.settings.home), bench.deploy, "one")
    monkeypatch.setenv("PATH", str(bench.settings.home))
    with pytest.raises(MissingTool, match="not installed"):
        bench.up("one")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Denied, match="root"):
        bench.up("one")
    assert devices.list_devices(bench.settings) == ()
    assert not bench.disk("one").exists()
