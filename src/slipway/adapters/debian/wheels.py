"""Fetches the wheels of a lock file for another arch and unpacks them."""

import hashlib
import sys
import tempfile
import zipfile
from pathlib import Path

from slipway.adapters.debian.patterns import Patterns
from slipway.adapters.processes import run
from slipway.domain.names import Arch

_OLDEST_GLIBC, _GLIBC = 5, 36  # 2.36 is bookworm's
_OLDER_NAMES = ("manylinux2014", "manylinux2010", "manylinux1")


def unpack_wheels(lock: Path, arch: Arch, exclude: Path, folder: Path, cache: Path) -> None:
    """Unpack what `lock` names; see ImageParts.unpack_wheels. Downloads are kept in `cache`, each
    in a folder that is there when it is whole."""
    key = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    wheels = cache / f"{key}-{arch}"
    if not wheels.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=f".{wheels.name}-") as name:
            made = Path(name) / "wheels"
            made.mkdir()
            _download(lock, arch, made)
            try:
                made.rename(wheels)
            except OSError:
                if not wheels.exists():  # by another packaging meanwhile
                    raise
    patterns = Patterns(exclude)
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as packed:
            for name in packed.namelist():
                if not name.endswith("/") and not patterns.exclude(name):
                    packed.extract(name, folder)


def _download(lock: Path, arch: Arch, wheels: Path) -> None:
    names = [f"manylinux_2_{n}" for n in range(_GLIBC, _OLDEST_GLIBC - 1, -1)]
    platforms = [*(f"{name}_{arch}" for name in (*names, *_OLDER_NAMES)), "any"]
    run(
        [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps",
            "--require-hashes", "--only-binary=:all:",
            "--ignore-requires-python", "--python-version=3.11",  # the lock has decided
            "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none",
            *(f"--platform={platform}" for platform in platforms),
            f"--dest={wheels}", f"--requirement={lock}",
        ],
        package="python3-pip",
        what=f"wheels for {arch}",
    )  # fmt: skip
