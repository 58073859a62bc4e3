"""Where a kubelet comes from, with a download site of the test's own."""

import hashlib
import platform
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from slipway.domain.errors import BuildFailed, DiskFull, MissingTool, Refused
from slipway.domain.names import Arch
from slipway.local import kubelet_cache, kubelet_source
from slipway.settings import Settings

ARCH = Arch.parse(platform.machine())
BINARY = b"#!/bin/sh\necho Kubernetes v1.33.8\n"


class Site(BaseHTTPRequestHandler):
    """Serves the binary at the address of the official one."""

    def do_HEAD(self) -> None:
        wanted = f"/v1.33.8/bin/linux/{ARCH.platform.architecture}/kubelet"
        self.send_response(200 if self.path == wanted else 404)
        self.send_header("Content-Length", str(len(BINARY)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(BINARY)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def site() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def versions(site: str, sha256: str = "") -> dict[str, str]:
    return {
        "KUBELET_URL": site,
        f"KUBELET_VERSION_{ARCH}": "1.33.8",
        f"KUBELET_SHA256_{ARCH}": sha256 or hashlib.sha256(BINARY).hexdigest(),
        "KUBELET_VERSION_debian": "1.20.2",
    }


def test_the_official_kubelet_is_taken_once(site: str, tmp_path: Path) -> None:
    said: list[str] = []
    path = kubelet_source.obtain(versions(site), tmp_path, said.append)
    assert path == tmp_path / "kubelet" / "1.33.8" / ARCH / "kubelet"
    assert path.read_bytes() == BINARY
    assert path.stat().st_mode & 0o111 == 0o111
    assert "official kubelet 1.33.8" in said[-1]
    assert kubelet_source.obtain(versions("http://127.0.0.1:1"), tmp_path, said.append) == path
    assert kubelet_cache.find(Settings(home=tmp_path, cache=tmp_path)) == path
    assert {left.name for left in (tmp_path / "kubelet").iterdir()} == {".lock", "1.33.8"}


def test_another_checksum_is_refused_and_nothing_is_kept(site: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="pinned is 0000"):
        kubelet_source.obtain(versions(site, "0" * 64), tmp_path, print)
    assert [left.name for left in (tmp_path / "kubelet").iterdir()] == [".lock"]


def test_without_the_site_debians_source_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kubelet" / ".work-killed").mkdir(parents=True)
    said: list[str] = []

    def fetch(package: str, folder: Path, run: object) -> Path:
        assert package == "kubernetes"
        return folder / "kubernetes_1.33.4-1.dsc"

    monkeypatch.setattr("slipway.local.debian_source.fetch", fetch)
    monkeypatch.setattr("shutil.which", lambda tool: f"/usr/bin/{tool}")
    with pytest.raises(BuildFailed, match=r"kubernetes_1\.33\.4-1\.dsc, written for is 1\.20\.2"):
        kubelet_source.obtain(versions("http://127.0.0.1:1"), tmp_path, said.append)
    assert said[0].startswith("no official kubelet from here (")
    assert [left.name for left in (tmp_path / "kubelet").iterdir()] == [".lock"]


def test_a_missing_tool_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda tool: None)
    with pytest.raises(MissingTool, match="go is not installed"):
        kubelet_source.obtain(versions("http://127.0.0.1:1"), tmp_path, print)


def test_a_full_disk_is_called_one_even_when_the_tool_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(package: str, folder: Path, run: Callable[..., None]) -> Path:
        run("reading lists", ["echo", "W: Write error (28: No space left on device)"], tmp_path)
        return folder / "kubernetes_1.20.2.dsc"

    monkeypatch.setattr("slipway.local.debian_source.fetch", fetch)
    monkeypatch.setattr("shutil.which", lambda tool: f"/usr/bin/{tool}")
    with pytest.raises(DiskFull, match=r"reading lists: W: Write error"):
        kubelet_source.obtain(versions("http://127.0.0.1:1"), tmp_path, print)


def test_the_newest_of_the_cache_is_used(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, cache=tmp_path)
    with pytest.raises(MissingTool, match="no kubelet"):
        kubelet_cache.find(settings)
    for version in ("1.9.9", "1.33.8", "1.20.2"):
        path = kubelet_cache.path(tmp_path, version, ARCH)
        path.parent.mkdir(parents=True)
        path.touch()
    assert kubelet_cache.find(settings).parts[-3] == "1.33.8"
