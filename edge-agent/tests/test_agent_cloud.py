"""The sources over S3 and Cloud Storage, against servers that speak their protocols."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from agent_testing.attacks import GOOD, NEWER, Attacked
from slipway_agent.errors import Denied, MissingExtra, NotFound, Refused, Unavailable
from slipway_agent.sinks import open_sink
from slipway_agent.sources import Source, open_source

pytest_plugins = ["tests.fixtures.buckets"]

Write = Callable[[str, bytes], None]
PATH = "metadata/timestamp.json"


@pytest.fixture(params=["s3", "gs"])
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Write]:
    """A new bucket: its URL, and how to write to it below the prefix `edge/`."""
    name = f"agent-{uuid.uuid4().hex[:12]}"
    if request.param == "s3":
        return f"s3://{name}/edge", _s3(request.getfixturevalue("s3_server"), name, monkeypatch)
    return f"gs://{name}/edge", _gs(request.getfixturevalue("gcs_server"), name, monkeypatch)


@pytest.fixture
def source(cloud: tuple[str, Write]) -> Iterator[Source]:
    with closing(open_source(cloud[0])) as source:
        yield source


def _s3(server: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Write:
    import boto3

    from tests.fixtures.buckets import aws_environment

    for key, value in aws_environment(server).items():
        monkeypatch.setenv(key, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket=name)

    def write(key: str, data: bytes) -> None:
        client.put_object(Bucket=name, Key=f"edge/{key}", Body=data)

    return write


def _gs(server: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Write:
    from google.cloud import storage

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server)
    client = storage.Client(project="test")
    bucket = client.create_bucket(name)

    def write(key: str, data: bytes) -> None:
        bucket.blob(f"edge/{key}").upload_from_string(data)

    return write


def _upload(device: Attacked, write: Write) -> None:
    folder = device.repository.folder
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        write(str(path.relative_to(folder)), path.read_bytes())


def test_a_signed_bucket_is_followed(tmp_path: Path, cloud: tuple[str, Write]) -> None:
    url, write = cloud
    device = Attacked(tmp_path, url)
    _upload(device, write)
    assert device.runs() == GOOD
    wanted = device.poller.poll()
    assert device.poller.poll() is wanted
    device.repository.publish(NEWER)
    _upload(device, write)
    assert device.runs() == NEWER
    device.poller.close()


def test_reports_are_written_where_the_sources_read(
    source: Source, cloud: tuple[str, Write]
) -> None:
    sink = open_sink(cloud[0])
    for data in (b"first", b"second"):
        sink.write("devices/d/1.json", data)
        assert source.read("devices/d/1.json", 100) == data


def test_reports_to_a_bucket_that_does_not_exist_are_refused(cloud: tuple[str, Write]) -> None:
    with pytest.raises(NotFound, match="elsewhere"):
        open_sink(cloud[0].replace("://", "://elsewhere-")).write("devices/d/1.json", b"")


def test_changed_tells_whether_it_did(source: Source, cloud: tuple[str, Write]) -> None:
    _, write = cloud
    write(PATH, b"one")
    assert source.changed(PATH, 10) == b"one"
    assert source.changed(PATH, 10) is None
    assert source.read(PATH, 10) == b"one"
    write(PATH, b"two")
    assert source.changed(PATH, 10) == b"two"
    assert source.changed(PATH, 10) is None


def test_an_empty_object_is_read(source: Source, cloud: tuple[str, Write]) -> None:
    cloud[1](PATH, b"")
    assert source.read(PATH, 10) == b""


def test_no_more_is_taken_than_the_limit(source: Source, cloud: tuple[str, Write]) -> None:
    cloud[1](PATH, b"x" * 300_000)
    for read in (source.read, source.changed):
        assert len(read(PATH, 300_000) or b"") == 300_000
    cloud[1](PATH, b"y" * 300_001)
    for read in (source.read, source.changed):
        with pytest.raises(Refused, match=r"timestamp\.json has more than 300000 bytes"):
            read(PATH, 300_000)


def test_what_is_not_there_is_not_found(source: Source, cloud: tuple[str, Write]) -> None:
    for read in (source.read, source.changed):
        with pytest.raises(NotFound, match=r"metadata/timestamp\.json does not exist"):
            read(PATH, 10)
    with (
        closing(open_source(cloud[0].replace("agent-", "other-"))) as other,
        pytest.raises(NotFound, match="does not exist"),
    ):
        other.read(PATH, 10)


def test_a_server_that_is_gone_is_unavailable(
    cloud: tuple[str, Write], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = cloud
    for name in ("AWS_ENDPOINT_URL", "STORAGE_EMULATOR_HOST"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    _refuses(url, Unavailable, "does not answer")


def _refuses(url: str, kind: type[Exception], match: str) -> Exception:
    with closing(open_source(url)) as source, pytest.raises(kind, match=match) as failure:
        source.read(PATH, 10)
    return failure.value


def test_refused_access_is_denied(gcs_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_server)
    _refuses("gs://forbidden", Denied, "403")


@pytest.mark.parametrize("url", ["s3://bucket", "gs://bucket"])
def test_missing_credentials_are_denied_with_what_to_do(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fixtures.buckets import aws_environment

    for name in aws_environment(""):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent")
    with pytest.raises(Denied, match="credentials") as refusal:
        open_source(url).read(PATH, 10)
    assert refusal.value.hint.startswith("Set ")


@pytest.mark.parametrize(("url", "extra"), [("s3://b", "s3"), ("gs://b", "gcs")])
def test_a_missing_extra_is_named(url: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("boto3", "google.cloud.storage"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delattr("google.cloud.storage", raising=False)
    with pytest.raises(MissingExtra) as missing:
        open_source(url)
    assert f"slipway-agent[{extra}]" in missing.value.hint


def test_nothing_large_is_imported_before_it_is_needed() -> None:
    """What the agent imports is what it weighs, and how long `--help` takes."""
    program = (
        "import sys, slipway_agent.__main__, slipway_agent.channel\n"
        "from slipway_agent.sources import open_source\n"
        "open_source('file:///b')\n"
        "heavy = {'tuf', 'securesystemslib', 'yaml', 'cryptography', 'urllib3', 'boto3', 'google',"
        " 'dataclasses', 'inspect', 'asyncio', 'logging', 'subprocess'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    folder = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-S", "-c", program], check=True, cwd=folder, timeout=30)
