"""What the image builders share: error translation, emulation, Docker's archives, layouts."""

import io
import json
import platform
import sys
import tarfile
from pathlib import Path

import pytest

from slipway.adapters.docker_archive import convert
from slipway.adapters.emulation import processors
from slipway.adapters.oci_layout import settle, verify_tls, write_manifest
from slipway.adapters.processes import finish, run
from slipway.domain.errors import (
    BuildFailed,
    Denied,
    DiskFull,
    MissingTool,
    SlipwayError,
    Unavailable,
)
from slipway.domain.names import Arch


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("write /x: no space left on device", DiskFull),
        ("dial tcp 127.0.0.1:1: connect: connection refused", Unavailable),
        ("E: Failed to fetch https://archive.test", Unavailable),
        ("reading blob: 500 (Internal Server Error)", Unavailable),
        ("received unexpected HTTP status: 503 Service Unavailable", Unavailable),
        ("pinging registry: context deadline exceeded", Unavailable),
        ("unauthorized: authentication required", Denied),
        ("step 3: COPY: no such file", BuildFailed),
    ],
)
def test_what_a_tool_says_before_it_gives_up_decides_the_error(
    said: str, kind: type[SlipwayError]
) -> None:
    program = f"import sys; print({said!r}, file=sys.stderr); sys.exit(3)"
    with pytest.raises(kind, match=r"the thing: .* ended with exit status 3") as caught:
        run([sys.executable, "-c", program], package="p", what="the thing")
    assert type(caught.value) is kind
    assert said in caught.value.message


def test_of_a_long_output_the_line_that_says_why_is_shown() -> None:
    program = "print('one\\ntwo\\nwrite: No space left on device\\nthree'); raise SystemExit(1)"
    with pytest.raises(DiskFull) as caught:
        run([sys.executable, "-c", program], package="p", what="the thing")
    assert caught.value.message.splitlines()[1:] == ["write: No space left on device"]


def test_a_tool_that_is_not_there_is_named_with_its_package() -> None:
    with pytest.raises(MissingTool, match="no-such-tool") as caught:
        run(["no-such-tool"], package="its-package", what="thing")
    assert "its-package" in caught.value.hint


def test_a_tool_that_does_not_end_is_ended() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(BuildFailed, match="no end after"):
        finish(command, package="p", what="thing", seconds=0.5)


def test_an_emulated_arm_finds_arm_processors() -> None:
    foreign = Arch.AARCH64 if platform.machine() != "aarch64" else Arch.ARMV7L
    assert "CPU implementer\t: 0x41" in processors(foreign)
    assert processors(Arch.parse(platform.machine())) == ""


@pytest.mark.parametrize(
    ("address", "verify"),
    [
        ("127.0.0.1:5050", "false"),
        ("localhost/prefix", "false"),
        ("[::1]:5000", "false"),
        ("registry.test:5000", "true"),
        ("127.0.0.1.registry.test", "true"),
    ],
)
def test_only_loopback_addresses_go_without_tls(address: str, verify: str) -> None:
    assert verify_tls(address) == verify


def add(packed: tarfile.TarFile, name: str, content: bytes, mtime: int = 0) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime = len(content), mtime
    packed.addfile(member, io.BytesIO(content))


def saved_image(path: Path, when: int) -> Path:
    """What `docker save` writes of an image that was built at `when`."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as packed:
        folder = tarfile.TarInfo("app")
        folder.type, folder.mtime, folder.mode = tarfile.DIRTYPE, when, 0o755
        packed.addfile(folder)
        add(packed, "app/.wh.gone", b"")
        add(packed, "app/one", b"1", when)
    configuration = {
        "architecture": "amd64",
        "created": f"2026-11-20T10:{when:02}:00Z",
        "container": f"id{when}",
        "docker_version": "20.10",
        "config": {"User": "10001:10001", "Env": ["A=b"], "Image": f"sha256:{when}", "Cmd": None},
        "history": [{"created": f"2026-11-20T10:{when:02}:00Z"}],
    }
    manifest = [{"Config": "config.json", "Layers": ["a/layer.tar"], "RepoTags": None}]
    with tarfile.open(path, "w") as packed:
        add(packed, "manifest.json", json.dumps(manifest).encode())
        add(packed, "config.json", json.dumps(configuration).encode())
        add(packed, "a/layer.tar", layer.getvalue())
    return path


def test_the_time_of_a_docker_build_does_not_count(tmp_path: Path) -> None:
    digests = []
    for when in (10, 20):
        layout = tmp_path / str(when)
        layout.mkdir()
        archive = saved_image(tmp_path / "saved.tar", when)
        digests.append(convert(archive, layout, Arch.ARMV7L, 1501089026, {"k": "v"}))
    assert digests[0] == digests[1]
    blobs = {p.name: p for p in (layout / "blobs" / "sha256").iterdir()}
    manifest = json.loads(blobs[str(digests[1]).removeprefix("sha256:")].read_bytes())
    assert manifest["annotations"] == {"k": "v"}
    config = json.loads(blobs[manifest["config"]["digest"].removeprefix("sha256:")].read_bytes())
    assert (config["architecture"], config["variant"]) == ("arm", "v7")
    assert config["config"] == {"User": "10001:10001", "Env": ["A=b"]}
    assert config["created"] == "2017-07-26T17:10:26Z"
    layer = blobs[manifest["layers"][0]["digest"].removeprefix("sha256:")]
    with tarfile.open(layer) as packed:
        assert [(m.name, m.mtime) for m in packed] == [
            ("app", 1501089026),
            ("app/.wh.gone", 1501089026),
            ("app/one", 1501089026),
        ]


def test_a_layout_forgets_where_the_base_came_from(tmp_path: Path) -> None:
    digests = []
    for registry in ("127.0.0.1:1", "registry.test"):
        layout = tmp_path / registry
        annotations = {"org.opencontainers.image.base.name": f"{registry}/base", "kept": "yes"}
        write_manifest(layout, {"schemaVersion": 2, "annotations": annotations})
        digests.append(settle(layout))
        index = json.loads((layout / "index.json").read_bytes())
        assert [entry["digest"] for entry in index["manifests"]] == [str(digests[-1])]
    assert digests[0] == digests[1]
