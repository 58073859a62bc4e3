"""Image parts made of nothing, for tests of what uses them."""

import tarfile
from pathlib import Path

from slipway.domain.names import Arch


class FakeImageParts:
    """ImageParts whose file systems hold the list of packages and whose wheels are the lock."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def root_file_system(self, recipe: Path, arch: Arch, path: Path) -> None:
        self.made.append(f"root {arch}")
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as packed:
            packed.add(recipe / "packages.txt", "etc/packages", filter=_plain)

    def unpack_wheels(self, lock: Path, arch: Arch, exclude: Path, folder: Path) -> None:
        self.made.append(f"wheels {arch}")
        folder.mkdir(parents=True)
        (folder / "wheels.txt").write_bytes(lock.read_bytes())

    def compile(self, folder: Path) -> None:
        for path in folder.rglob("*.py"):
            target = path.parent / "__pycache__" / f"{path.stem}.pyc"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
