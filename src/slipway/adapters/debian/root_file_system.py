"""Makes a base file system out of Debian packages; nothing of it is run.

mmdebstrap fetches and unpacks. What a package's scripts would have done and we need is done
here: the links of the alternatives system and the bundle of certificates.
"""

import shutil
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from slipway.adapters.debian.apt_sources import main_archive
from slipway.adapters.debian.patterns import Patterns
from slipway.adapters.files import replacing
from slipway.adapters.processes import run
from slipway.domain.names import Arch

SUITE = "bookworm"  # its Python is what the locked wheels are for

_DEBIAN = {Arch.X86_64: "amd64", Arch.ARMV7L: "armhf", Arch.AARCH64: "arm64"}
_TRIPLETS = {
    Arch.X86_64: "x86_64-linux-gnu",
    Arch.ARMV7L: "arm-linux-gnueabihf",
    Arch.AARCH64: "aarch64-linux-gnu",
}
_ALTERNATIVES = {"libblas.so.3": "blas/libblas.so.3", "liblapack.so.3": "lapack/liblapack.so.3"}
_EMPTY_FOLDERS = {
    "dev": 0o755, "proc": 0o755, "run": 0o755, "sys": 0o755, "tmp": 0o1777, "var/tmp": 0o1777,
}  # fmt: skip
_CERTIFICATES = "usr/share/ca-certificates"


def write_root_file_system(
    recipe: Path, arch: Arch, path: Path, compile_folder: Callable[[Path], None]
) -> None:
    """Write the tar that `recipe` describes; see ImageParts.root_file_system."""
    lines = (recipe / "packages.txt").read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".rootfs-") as name:
        unpacked = Path(name) / "all.tar"
        run(
            [
                "mmdebstrap", "--variant=extract", f"--arch={_DEBIAN[arch]}",
                f"--include={','.join(packages)}", SUITE, str(unpacked), main_archive(SUITE).line(),
            ],
            package="mmdebstrap",
            what=f"base file system for {arch}",
            environment={"SOURCE_DATE_EPOCH": "0", "TMPDIR": name},
        )  # fmt: skip
        tree = Path(name) / "tree"
        _unpack(unpacked, Patterns(recipe / "exclude.txt"), tree)
        unpacked.unlink()
        _bundle_certificates(tree)
        libraries = tree / "usr/lib" / _TRIPLETS[arch]
        for link, target in _ALTERNATIVES.items():
            if (libraries / target).exists():
                (libraries / link).symlink_to(target)
        for folder, mode in _EMPTY_FOLDERS.items():
            (tree / folder).mkdir(parents=True, exist_ok=True)
            (tree / folder).chmod(mode)
        shutil.copytree(
            recipe / "files", tree, dirs_exist_ok=True, copy_function=_copy_with_plain_mode
        )
        compile_folder(tree)
        _pack(tree, path)


def _unpack(archive: Path, patterns: Patterns, tree: Path) -> None:
    """Write the files that are kept; a hard link becomes a file of its own."""
    with tarfile.open(archive) as packed:
        for member in packed:
            name = str(PurePosixPath(member.name))
            if patterns.exclude(name) or member.isdev():
                continue
            target = tree / name
            if member.issym():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(member.linkname)
            elif member.isfile() or member.islnk():
                content = packed.extractfile(member)
                if content is None:
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with content, target.open("wb") as output:
                    shutil.copyfileobj(content, output)
                target.chmod(0o755 if member.mode & 0o100 else 0o644)


def _bundle_certificates(tree: Path) -> None:
    """One file of all certificate authorities, where OpenSSL looks for it."""
    folder = tree / _CERTIFICATES
    bundle = tree / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_bytes(b"".join(path.read_bytes() for path in sorted(folder.rglob("*.crt"))))
    (tree / "usr/lib/ssl").mkdir(exist_ok=True)
    certificates = tree / "usr/lib/ssl/certs"
    if not certificates.is_symlink():
        certificates.symlink_to("/etc/ssl/certs")
    shutil.rmtree(folder)


def _copy_with_plain_mode(source: str, target: str) -> str:
    shutil.copyfile(source, target)
    Path(target).chmod(0o644)
    return target


def _pack(tree: Path, path: Path) -> None:
    """Write a tar whose bytes depend on names, modes and contents alone."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        if member.isdir() and member.name not in _EMPTY_FOLDERS:
            member.mode = 0o755
        return member

    with (
        replacing(path) as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as packed,
    ):
        for entry in sorted(tree.rglob("*")):
            name = str(entry.relative_to(tree))
            packed.add(entry, name, recursive=False, filter=plain)
