"""What every image builder does: the fake, buildah and a Docker engine."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from slipway.adapters.buildah_image_builder import BuildahImageBuilder
from slipway.adapters.docker_image_builder import DockerImageBuilder
from slipway.adapters.oci_image_registry import OciImageRegistry
from slipway.domain.errors import BuildFailed, Unavailable
from slipway.domain.names import Arch
from slipway.ports.image_builder import BuildRequest, ImageBuilder, Mount
from slipway.ports.image_registry import ImageRegistry
from tests.fakes.image_builder import FakeImageBuilder
from tests.fakes.image_registry import FakeImageRegistry
from tests.fixtures.base_image import base_file_system
from tests.fixtures.free_ports import free_port

REAL = [pytest.mark.system, pytest.mark.slow]
REPOSITORY = "parts"


@dataclass(frozen=True)
class Bench:
    """A builder, the registry it pushes to, and the same builder without a registry."""

    builder: ImageBuilder
    registry: ImageRegistry
    cut_off: ImageBuilder


@pytest.fixture(
    params=["fake", pytest.param("buildah", marks=REAL), pytest.param("docker", marks=REAL)]
)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "fake":
        registry, down = FakeImageRegistry(), FakeImageRegistry()
        down.down = True
        yield Bench(FakeImageBuilder(registry), registry, FakeImageBuilder(down))
    else:
        address = request.getfixturevalue("registry")
        nowhere = f"127.0.0.1:{free_port()}"
        real = OciImageRegistry(f"{address}/{request.param}-{tmp_path.name.lower()}")
        yield Bench(
            real_builder(request, request.param, real.address, tmp_path),
            real,
            real_builder(request, request.param, nowhere, tmp_path),
        )


def real_builder(
    request: pytest.FixtureRequest, engine: str, address: str, folder: Path
) -> ImageBuilder:
    authfile = folder / "no-config.json"
    if engine == "buildah":
        return BuildahImageBuilder(folder / "images", address, authfile)
    return DockerImageBuilder.open(address, authfile, request.getfixturevalue("docker_engine"))


@pytest.fixture
def scratch(tmp_path: Path) -> BuildRequest:
    """A small image of files alone."""
    context = tmp_path / "context"
    (context / "app").mkdir(parents=True)
    (context / "app" / "one.txt").write_text("one\n")
    (context / "two.txt").write_text("two\n")
    containerfile = tmp_path / "Containerfile"
    containerfile.write_text(
        "FROM scratch\nCOPY app/ /opt/app/\nCOPY two.txt /opt/\nENV A=b\nUSER 10001:10001\n"
    )
    return BuildRequest(
        containerfile,
        context,
        Arch.ARMV7L,
        labels={"a.label": "1"},
        annotations={"an.annotation": "2"},
        created=1501089026,
    )


def push(bench: Bench, request: BuildRequest) -> str:
    image = bench.builder.build(request)
    return str(bench.builder.push(image, REPOSITORY))


def test_the_same_request_gives_the_same_digest(bench: Bench, scratch: BuildRequest) -> None:
    first = bench.builder.build(scratch)
    digest = bench.builder.push(first, REPOSITORY)
    bench.builder.remove(first)
    for path in scratch.context.rglob("*"):
        path.touch()  # times of the files do not count
    assert push(bench, scratch) == str(digest)


def test_whatever_is_asked_for_counts(bench: Bench, scratch: BuildRequest) -> None:
    digests = [
        push(bench, scratch),
        push(bench, replace(scratch, arch=Arch.AARCH64)),
        push(bench, replace(scratch, labels={"a.label": "other"})),
        push(bench, replace(scratch, annotations={"an.annotation": "other"})),
        push(bench, replace(scratch, created=1501089027)),
    ]
    (scratch.context / "two.txt").write_text("another two\n")
    digests.append(push(bench, scratch))
    assert len(set(digests)) == len(digests)


def test_a_push_sets_no_tag_and_is_enough_for_an_index(bench: Bench, scratch: BuildRequest) -> None:
    image = bench.builder.build(scratch)
    digest = bench.builder.push(image, REPOSITORY)
    assert bench.registry.tags(REPOSITORY) == []
    index = bench.registry.push_index(REPOSITORY, {Arch.ARMV7L: digest}, {})
    assert bench.registry.index(REPOSITORY, index).images == {Arch.ARMV7L: digest}


def test_a_containerfile_that_is_wrong_is_refused(bench: Bench, scratch: BuildRequest) -> None:
    with pytest.raises(BuildFailed, match="nowhere"):
        bench.builder.build(replace(scratch, containerfile=Path("/nowhere/Containerfile")))
    scratch.containerfile.write_text("FROM scratch\nCOPY missing.txt /opt/\n")
    with pytest.raises(BuildFailed, match=r"missing\.txt"):
        bench.builder.build(scratch)


def test_a_registry_that_is_away_is_named(bench: Bench, scratch: BuildRequest) -> None:
    image = bench.cut_off.build(scratch)
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1|registry\.test"):
        bench.cut_off.push(image, REPOSITORY)


def test_a_removed_image_is_gone(bench: Bench, scratch: BuildRequest) -> None:
    image = bench.builder.build(scratch)
    bench.builder.remove(image)
    bench.builder.remove(image)
    with pytest.raises(BuildFailed):
        bench.builder.push(image, REPOSITORY)


PROGRAM = """\
import os, platform, socket, sys
print(os.getuid(), platform.machine(), os.environ["GREETING"], open("/given/word").read())
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    probe.connect(("192.0.2.1", 9))
except OSError as error:
    print(error.strerror, file=sys.stderr)
try:
    open("/given/word", "w")
except OSError as error:
    print(error.strerror, file=sys.stderr)
sys.exit(7)
"""


@pytest.mark.system
@pytest.mark.slow
@pytest.mark.parametrize("engine", ["buildah", "docker"])
@pytest.mark.parametrize("arch", list(Arch))
def test_a_container_runs_as_its_image_says(
    engine: str, arch: Arch, request: pytest.FixtureRequest, registry: str, tmp_path: Path
) -> None:
    """Built on a base that comes from the registry by digest; foreign archs are emulated."""
    address = f"{registry}/run-{engine}-{arch}"
    builder = real_builder(request, engine, address, tmp_path)
    context = tmp_path / "context"
    context.mkdir()
    (context / "rootfs.tar").hardlink_to(base_file_system(arch))
    base = builder.push(
        builder.build(
            BuildRequest(Path("containers/base/Containerfile").absolute(), context, arch)
        ),
        "base",
    )
    (context / "program.py").write_text(PROGRAM)
    containerfile = tmp_path / "Containerfile"
    containerfile.write_text(
        "ARG BASE\nFROM ${BASE}\nCOPY program.py /\nENV GREETING=moin\nUSER 10001:10001\n"
        'ENTRYPOINT ["python3", "-c", "not this"]\n'
    )
    args = {"BASE": f"{address}/base@{base}"}
    image = builder.build(BuildRequest(containerfile, context, arch, args))
    given = tmp_path / "given"
    given.mkdir()
    (given / "word").write_text("hello")

    done = builder.run(image, ["python3", "/program.py"], [Mount(given, "/given")])

    assert done.output == f"10001 {arch} moin hello\n"
    assert "Network is unreachable" in done.errors
    assert "Read-only file system" in done.errors
    assert done.exit_code == 7
