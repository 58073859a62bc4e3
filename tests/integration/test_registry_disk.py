"""A full disk under the registry: it is called one, and a start puts right what it left."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from slipway.adapters.oci_image_registry import OciImageRegistry
from slipway.adapters.oci_layout import push_layout, write_blob, write_manifest
from slipway.adapters.processes import REGISTRY_FAILS
from slipway.domain.errors import ServerError, SlipwayError, Unavailable
from slipway.domain.names import Arch, ModelVersion
from slipway.local import registry
from slipway.settings import RegistrySettings, Settings, load
from tests.fixtures.free_ports import free_port
from tests.fixtures.oci import package

_IMAGE = "application/vnd.oci.image"
FIRST, SECOND = (ModelVersion.parse(f"m_1_{time}") for time in (5, 6))


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    own = replace(load(tmp_path, {}), registry=RegistrySettings(address=f"127.0.0.1:{free_port()}"))
    yield own
    registry.process(own).stop()


def tags(storage: Path) -> Path:
    return storage / "docker" / "registry" / "v2" / "repositories" / "m" / "_manifests" / "tags"


def restart(settings: Settings) -> None:
    registry.process(settings).stop()
    registry.start(settings)


def test_a_tag_whose_move_was_cut_off_is_moved(settings: Settings) -> None:
    registry.start(settings)
    client = OciImageRegistry(settings.registry.address)
    package(settings.registry.address, FIRST)
    second = package(settings.registry.address, SECOND)
    for version in (FIRST, SECOND):
        index = client.resolve("m", str(version))
        assert index
        client.tag("m", index, "beta")
    (tags(settings.home / "registry") / "beta" / "current" / "link").write_bytes(b"")
    with pytest.raises(ServerError, match="500") as caught:
        client.resolve("m", "beta")
    assert caught.value.hint == REGISTRY_FAILS
    restart(settings)
    assert client.resolve("m", "beta") == second
    assert client.tags("m") == ["beta", str(FIRST), str(SECOND)]


def test_a_manifest_and_a_link_that_are_not_whole_can_be_pushed_again(settings: Settings) -> None:
    registry.start(settings)
    index = package(settings.registry.address, FIRST)
    root = settings.home / "registry" / "docker" / "registry" / "v2"
    hexadecimal = str(index).removeprefix("sha256:")
    (root / "blobs" / "sha256" / hexadecimal[:2] / hexadecimal / "data").write_bytes(b'{"sch')
    for link in root.glob("repositories/m/_layers/sha256/*/link"):
        link.write_bytes(b"")
    restart(settings)
    client = OciImageRegistry(settings.registry.address)
    assert client.resolve("m", str(FIRST)) is None
    assert package(settings.registry.address, FIRST) == index
    assert client.index("m", index).images.keys() == set(Arch)


def push(layout: Path, address: str) -> None:
    """Push an image as the builders do; another layout's name gives another image."""
    config, size = write_blob(layout, f'{{"made for": "{layout.name}"}}'.encode())
    entry = {"mediaType": f"{_IMAGE}.config.v1+json", "digest": str(config), "size": size}
    manifest = {"schemaVersion": 2, "config": entry, "layers": []}
    digest = write_manifest(layout, {**manifest, "mediaType": f"{_IMAGE}.manifest.v1+json"})
    push_layout(layout, digest, f"{address}/other", layout / "no-credentials")


@pytest.mark.system
def test_what_was_pushed_to_a_full_disk_can_be_pushed_when_there_is_space(
    settings: Settings, tmp_path: Path
) -> None:
    storage = settings.home / "registry"
    storage.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", storage], check=True)
    try:
        registry.start(settings)
        address = settings.registry.address
        first = package(address, FIRST)
        filler = storage / "filler"
        refused: list[SlipwayError] = []
        for pages in range(12):  # the space ends at one file of an image after another
            filler.unlink(missing_ok=True)
            room = os.statvfs(storage)
            filler.write_bytes(bytes((room.f_bavail - pages) * room.f_frsize))
            try:
                push(tmp_path / str(pages), address)
            except SlipwayError as error:
                refused.append(error)
        assert {(error.code, error.hint) for error in refused} == {
            (Unavailable.code, REGISTRY_FAILS)
        }
        filler.unlink()
        restart(settings)
        for pages in range(12):
            push(tmp_path / str(pages), address)
        assert OciImageRegistry(address).resolve("m", str(FIRST)) == first
    finally:
        registry.process(settings).stop()
        subprocess.run(["umount", "--lazy", storage], check=True)
