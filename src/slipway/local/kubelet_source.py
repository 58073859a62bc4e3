"""Obtains a kubelet: the official binary where that can be had, else Debian's source, built.

Standard library only, so that scripts/kubelet can run it before anything is installed. One run at
a time; a run that is killed leaves only a work folder, which the next one removes.
"""

import errno
import fcntl
import hashlib
import http.client
import os
import platform
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from slipway.domain.errors import BuildFailed, DiskFull, MissingTool, Refused, Unavailable
from slipway.domain.names import Arch
from slipway.domain.system_errors import system_error
from slipway.local import debian_source, kubelet_cache

Progress = Callable[[str], None]

_PROBE = 4.0  # seconds to find out whether the download site can be reached
_CHUNK = 1 << 20  # bytes
_EVERY = 5.0  # seconds between two lines of progress

# Without what nothing here uses and later kubelets do not have either: the docker parts, which wait
# five seconds at every start for a docker engine, and those of clouds, nearly half of the building.
_TAGS = "dockerless,providerless"


def obtain(versions: Mapping[str, str], cache: Path, progress: Progress) -> Path:
    """The kubelet of this machine's arch, from the cache where it is there already.

    `versions` are the values of edge-agent/device/versions.env. Raises Refused when a download
    has another checksum than the pinned one, MissingTool, BuildFailed, Unavailable.
    """
    arch = Arch.parse(platform.machine())
    official = kubelet_cache.path(cache, versions[f"KUBELET_VERSION_{arch}"], arch)
    built = kubelet_cache.path(cache, versions["KUBELET_VERSION_debian"], arch)
    with _alone(cache / "kubelet", progress) as work:
        for there in (official, built):
            if there.exists():
                progress(f"kubelet {there.parts[-3]} is in {there.parent}")
                return there
        version = official.parts[-3]
        url = f"{versions['KUBELET_URL']}/v{version}/bin/linux/{arch.platform.architecture}/kubelet"
        try:
            _probe(url)
        except OSError as error:
            progress(f"no official kubelet from here ({_reason(error)}): building Debian's")
            _build(built, versions["KUBELET_VERSION_debian"], work, progress)
            return built
        progress(f"downloading the official kubelet {version}")
        _download(url, versions[f"KUBELET_SHA256_{arch}"], work / "kubelet", progress)
        _keep(work / "kubelet", official)
        return official


@contextmanager
def _alone(folder: Path, progress: Progress) -> Iterator[Path]:
    """Hold the cache; yields a work folder that goes afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another command is obtaining a kubelet, waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in folder.glob(".work-*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=".work-", dir=folder) as work:
            yield Path(work)


def _probe(url: str) -> None:
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310  https, from versions.env
    with urllib.request.urlopen(request, timeout=_PROBE):  # noqa: S310
        return


def _download(url: str, sha256: str, target: Path, progress: Progress) -> None:
    digest, size, began = hashlib.sha256(), 0, time.monotonic()
    said = began
    try:
        with urllib.request.urlopen(url, timeout=30) as answer, target.open("wb") as file:  # noqa: S310
            total = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                if time.monotonic() - said > _EVERY:
                    said = time.monotonic()
                    progress(f"  {size >> 20} of {total >> 20} MB, {said - began:.0f} s")
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise system_error(error, str(target)) from error
        raise Unavailable(f"{url} broke off: {error}", hint="Run it again") from error
    if digest.hexdigest() != sha256:
        raise Refused(
            f"{url} has SHA-256 {digest.hexdigest()}, pinned is {sha256}",
            hint="Nothing was installed. Look who answers for that address",
        )


def _build(target: Path, version: str, work: Path, progress: Progress) -> None:
    for tool, package in {"go": "golang-go", "dpkg-source": "dpkg-dev"}.items():
        if shutil.which(tool) is None:
            raise MissingTool(f"{tool} is not installed", hint=f"apt-get install {package}")
    log = work / "log"

    def run(what: str, command: Sequence[str], folder: Path, **environment: str) -> None:
        _run(what, command, folder, environment=environment, log=log, progress=progress)

    dsc = debian_source.fetch("kubernetes", work / "apt", run)
    if version not in dsc.name:
        raise BuildFailed(
            f"Debian's source here is {dsc.name}, written for is {version}",
            hint="Put a kubelet at " + str(target),
        )
    tree = work / "go" / "src" / "k8s.io" / "kubernetes"
    tree.parent.mkdir(parents=True)
    # with Debian's patches; apt has checked the signature already
    run("unpacking the source", ["dpkg-source", "--no-check", "-x", str(dsc), str(tree)], work)
    version_variable = "k8s.io/kubernetes/vendor/k8s.io/component-base/version.gitVersion"
    flags = ["-trimpath", "-tags", _TAGS, "-ldflags", f"-s -w -X {version_variable}=v{version}"]
    run(
        "building the kubelet",
        ["go", "build", *flags, "-o", str(work / "kubelet"), "./cmd/kubelet"],
        tree,
        GO111MODULE="off",
        GOPATH=str(work / "go"),
        GOCACHE=str(work / "cache"),
        GOFLAGS="",
        CGO_ENABLED="0",
    )
    _keep(work / "kubelet", target)


def _run(
    what: str,
    command: Sequence[str],
    folder: Path,
    *,
    environment: Mapping[str, str],
    log: Path,
    progress: Progress,
) -> None:
    """Run a long command quietly, with a line every few seconds; BuildFailed with its end."""
    began = said = time.monotonic()
    progress(what)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while process.poll() is None:
                time.sleep(0.1)
                if time.monotonic() - said > _EVERY:
                    said = time.monotonic()
                    progress(f"  {what}, {said - began:.0f} s")
        finally:
            process.kill()
            process.wait()
    lines = log.read_text(errors="replace").splitlines()
    if full := next((line for line in lines if "no space left" in line.lower()), ""):
        raise DiskFull(f"{what}: {full.strip()}", hint="Free some space and run it again")
    if process.returncode:
        end = "\n".join(lines[-12:])
        raise BuildFailed(
            f"{what} ended with {process.returncode}:\n{end}",
            hint="Put a kubelet into the cache by hand; docs/device.md has the versions",
        )


def _keep(binary: Path, target: Path) -> None:
    """Move a finished binary to its place, after a sign of life."""
    binary.chmod(0o755)
    subprocess.run([str(binary), "--version"], check=True, capture_output=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    binary.replace(target)


def _reason(error: OSError) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code}"
    return str(getattr(error, "reason", error))
