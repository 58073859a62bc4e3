"""What everything does that makes the parts of images: the fake, and Debian's archive with pip."""

import hashlib
import tarfile
import zipfile
from pathlib import Path

import pytest

from slipway.adapters.debian.image_parts import DebianImageParts
from slipway.domain.names import Arch
from slipway.ports.image_parts import ImageParts
from tests.fakes.image_parts import FakeImageParts

METADATA = "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n"
RECIPE = Path(__file__).parents[2] / "containers" / "base"


@pytest.fixture(params=["fake", "debian"])
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> ImageParts:
    return FakeImageParts() if request.param == "fake" else DebianImageParts(tmp_path / "cache")


@pytest.mark.system
@pytest.mark.slow
def test_a_file_system_depends_on_its_recipe_alone(parts: ImageParts, tmp_path: Path) -> None:
    archives = [tmp_path / "one.tar", tmp_path / "two.tar"]
    for archive in archives:
        parts.root_file_system(RECIPE, Arch.X86_64, archive)
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with tarfile.open(archives[0]) as packed:
        members = packed.getmembers()
    assert members
    assert {(m.uid, m.gid, m.mtime, m.uname) for m in members} == {(0, 0, 0, "")}
    assert not [m.name for m in members if m.isdev() or m.name.startswith("/")]
    assert sorted(path.name for path in tmp_path.glob("*")) == ["one.tar", "two.tar"]


def test_wheels_are_unpacked(
    parts: ImageParts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "tool-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("tool.py", "")
        packed.writestr("tool-1.0.dist-info/METADATA", METADATA)
        packed.writestr("tool-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        packed.writestr("tool-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock, exclude = tmp_path / "requirements.lock", tmp_path / "exclude.txt"
    lock.write_text(f"tool==1.0 --hash=sha256:{digest}\n")
    exclude.write_text("")
    parts.unpack_wheels(lock, Arch.AARCH64, exclude, tmp_path / "out")
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_bytecode_lies_beside_each_file(parts: ImageParts, tmp_path: Path) -> None:
    folder = tmp_path / "app" / "deep"
    folder.mkdir(parents=True)
    (folder / "one.py").write_text("x = 1\n")
    parts.compile(tmp_path / "app")
    (compiled,) = folder.glob("__pycache__/one*.pyc")
    assert compiled.stat().st_size
