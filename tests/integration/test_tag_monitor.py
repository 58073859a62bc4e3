"""The tag monitor as it is deployed: functions-framework, a real registry that notifies it, and
tags that are moved with the command line and with skopeo."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import functions_framework
import pytest
from flask.testing import FlaskClient

from slipway.domain.image import Digest
from slipway.domain.names import Arch, ModelVersion
from tests.fixtures.free_ports import free_port
from tests.fixtures.oci import delete_manifest, package
from tests.fixtures.registry import running_registry

SOURCE = Path(__file__).parents[2] / "cloud-functions" / "tag_monitor" / "main.py"
EVENTS = "application/vnd.docker.distribution.events.v1+json"
NOWHERE = Digest("sha256:" + "0" * 64)
V1, V2, V3 = (ModelVersion.parse(f"parts_1_{n}") for n in (100, 200, 300))


@dataclass
class Installation:
    """A registry, a deploy bucket, and the variables that lead programs to them."""

    address: str
    home: Path
    environment: dict[str, str]

    @property
    def bucket(self) -> Path:
        return self.home / "buckets" / "deploy"

    def manifest(self, channel: str, arch: str = "x86_64") -> str:
        path = self.bucket / arch / channel / "parts-pod.yaml"
        return path.read_text() if path.exists() else ""

    def slipway(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", "from slipway.cli import main; main()", *arguments],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def skopeo(self, version: ModelVersion, channel: str) -> None:
        """Move a tag with a tool that knows nothing of Slipway."""
        repository = f"docker://{self.address}/parts"
        subprocess.run(
            [
                *("skopeo", "copy", "--quiet", "--all"),
                *("--src-tls-verify=false", "--dest-tls-verify=false"),
                *(f"{repository}:{version}", f"{repository}:{channel}"),
            ],
            check=True,
            capture_output=True,
        )


def installation(address: str, home: Path) -> Installation:
    home.mkdir(exist_ok=True)
    variables = {
        "SLIPWAY_HOME": str(home),
        "SLIPWAY_REGISTRY_ADDRESS": address,
        # A model registry that is away: delivery goes on, and MLflow is not waited for.
        "SLIPWAY_MLFLOW_TRACKING_URI": f"http://127.0.0.1:{free_port()}",
    }
    made = Installation(address, home, {**os.environ, **variables})
    done = made.slipway("keys", "init", "--root-keys", "1", "--threshold", "1")
    assert done.returncode == 0, done.stderr
    return made


@contextmanager
def client(here: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    with monkeypatch.context() as patch:
        for name, value in here.environment.items():
            patch.setenv(name, value)
        patch.chdir(here.home)
        app = functions_framework.create_app(  # type: ignore[no-untyped-call]
            "tag_monitor", str(SOURCE), "http"
        )
    with app.test_client() as test_client:
        yield test_client


def images(manifest: str) -> list[str]:
    return [line for line in manifest.splitlines() if "image: " in line]


def wait_for(what: Callable[[], bool], seconds: float = 60) -> float:
    start = time.monotonic()
    while not what():
        assert time.monotonic() - start < seconds, "it did not come"
        time.sleep(0.02)
    return time.monotonic() - start


def pushed(tag: str, index: Digest = NOWHERE) -> bytes:
    target = {"repository": "parts", "tag": tag, "digest": str(index)}
    event = {"action": "push", "target": target}
    return json.dumps({"events": [event]}).encode()


def test_function_answers_events_and_ticks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no registry there: what needs none is answered, what needs one is to be sent again."""
    here = installation(f"127.0.0.1:{free_port()}", tmp_path / "home")
    with client(here, monkeypatch) as function:
        assert function.post("/", data=pushed("nightly"), content_type=EVENTS).json == {
            "ignored": True
        }
        for answer in (
            function.post("/", data=pushed("latest"), content_type=EVENTS),
            function.post("/"),
            function.get("/"),
        ):
            assert answer.status_code == 503
            assert answer.json
            assert answer.json["error"]["code"] == "unavailable"
        answer = function.post("/", data=b"{}", content_type=EVENTS)
        assert answer.status_code == 400
        assert "Traceback" not in answer.text


@pytest.mark.system
@pytest.mark.slow
def test_function_reconciles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag that a registry removes is a manifest that goes; a tick is as good as an event."""
    (tmp_path / "registry").mkdir()
    with running_registry(tmp_path / "registry") as address:
        here = installation(address, tmp_path / "home")
        index = package(address, V1)
        here.slipway("promote", "parts", str(V1), "latest")
        with client(here, monkeypatch) as function:
            answer = function.post("/", data=pushed("latest", index), content_type=EVENTS).json
            assert answer
            assert {f"{arch}/latest/parts-pod.yaml" for arch in Arch} <= set(answer["written"])
            assert [problem["where"] for problem in answer["problems"]] == ["model registry"]
            again = function.get("/").json
            assert again
            assert (again["written"], again["removed"], again["unchanged"]) == ([], [], 3)
            log = tmp_path / "registry" / "registry.log"
            before = log.read_bytes()
            for _ in range(5):
                function.get("/")
            assert log.read_bytes() == before, "a look at an idle registry leaves no trace in it"
            delete_manifest(address, "parts", index)
            answer = function.post("/").json
            assert answer
            assert len(answer["removed"]) == 3
            assert here.manifest("latest") == ""


@pytest.mark.system
@pytest.mark.slow
def test_registry_notifies_and_any_tool_promotes(tmp_path: Path) -> None:
    """From a tag move to the manifest by notifications alone, with the command line and with
    skopeo; then the matrix, rollbacks, and mistakes."""
    (tmp_path / "registry").mkdir()
    port = free_port()
    notify = f"http://127.0.0.1:{port}/"
    with running_registry(tmp_path / "registry", notify=notify) as address:
        here = installation(address, tmp_path / "home")
        digests = {version: package(address, version) for version in (V1, V2, V3)}
        with function_process(here, port):
            done = here.slipway("promote", "parts", str(V1), "beta")
            assert (done.returncode, done.stdout) == (0, f"beta of parts: nothing → {V1}\n")
            wait_for(lambda: str(V1) in here.manifest("beta"))
            by_promote = {arch: here.manifest("beta", arch) for arch in Arch}

            here.skopeo(V2, "beta")
            wait_for(lambda: all(str(V2) in here.manifest("beta", arch) for arch in Arch))
            here.skopeo(V1, "beta")
            wait_for(lambda: all(str(V1) in here.manifest("beta", arch) for arch in Arch))
            again = {arch: here.manifest("beta", arch) for arch in Arch}
            assert [images(each) for each in again.values()] == [
                images(each) for each in by_promote.values()
            ]
            assert again != by_promote  # each move is a pod of its own

            check_matrix(here, digests[V1])
            check_rollbacks(here)
            check_mistakes(here)


def check_matrix(here: Installation, index: Digest) -> None:
    wait_for(lambda: json.loads(here.slipway("channels", "--json").stdout)[0]["since"] is not None)
    (row,) = json.loads(here.slipway("channels", "parts", "--json").stdout)
    assert (row["model"], row["channel"], row["version"]) == ("parts", "beta", str(V1))
    assert row["digest"] == str(index)
    assert row["published"] == {str(arch): True for arch in Arch}
    table = here.slipway("channels").stdout
    assert index.short in table
    assert str(V1) in table


def check_rollbacks(here: Installation) -> None:
    """V1, V2, V1 were seen in beta; V3 comes, and then back, and further back."""
    here.skopeo(V3, "beta")
    wait_for(lambda: str(V3) in here.manifest("beta"))
    for now, then in ((V3, V1), (V1, V2), (V2, V1)):
        done = here.slipway("rollback", "parts", "beta")
        assert done.stdout == f"beta of parts: {now} → {then}\n", done.stderr
        wait_for(lambda then=then: str(then) in here.manifest("beta"))  # type: ignore[misc]
    done = here.slipway("rollback", "parts", "beta")
    assert done.returncode == 3
    assert "nothing stood in beta of parts before" in done.stderr


def check_mistakes(here: Installation) -> None:
    before = here.manifest("beta")
    for arguments, code, words in (
        (("parts", "parts_1_999", "beta"), 3, str(V3)),
        (("parts", str(V1), "gamma"), 2, "latest, alpha, beta, stable"),
        (("parts", "1.0", "beta"), 2, "NAME_MAJOR_TIMESTAMP"),
        (("washers", str(V1), "beta"), 6, "not of washers"),
    ):
        done = here.slipway("promote", *arguments)
        assert done.returncode == code, done.stderr
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert here.manifest("beta") == before


@pytest.mark.system
@pytest.mark.slow
def test_monitor_command(tmp_path: Path) -> None:
    """Where there are no functions: once, and as a process that polls."""
    (tmp_path / "registry").mkdir()
    with running_registry(tmp_path / "registry") as address:
        here = installation(address, tmp_path / "home")
        here.environment["SLIPWAY_MONITOR_INTERVAL"] = "0.1"
        del here.environment["SLIPWAY_MLFLOW_TRACKING_URI"]
        package(address, V1)
        package(address, V2)
        here.skopeo(V1, "stable")
        done = here.slipway("monitor", "--once")
        assert done.returncode == 0, done.stderr
        assert "written armv7l/stable/parts-pod.yaml" in done.stdout
        with subprocess.Popen(
            [sys.executable, "-c", "from slipway.cli import main; main()", "monitor"],
            cwd=here.home,
            env=here.environment,
        ) as process:
            here.skopeo(V2, "stable")
            wait_for(lambda: str(V2) in here.manifest("stable"))
            process.send_signal(2)
            assert process.wait(60) == 130
    done = here.slipway("monitor", "--once")
    assert done.returncode == 7
    assert "does not answer" in done.stderr


@contextmanager
def function_process(here: Installation, port: int) -> Iterator[None]:
    """functions-framework, as a cloud runs it."""
    command = [sys.executable, "-m", "functions_framework", "--source", str(SOURCE)]
    command += ["--target", "tag_monitor", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=here.home, env=here.environment, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(lambda: _listens(port))
            yield
        finally:
            process.terminate()
            process.wait(60)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
