"""The pieces that base file systems are made with, without fetching anything."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from slipway.adapters.debian import wheels
from slipway.adapters.debian.apt_sources import main_archive
from slipway.adapters.debian.image_parts import DebianImageParts
from slipway.adapters.debian.patterns import Patterns
from slipway.domain.errors import BuildFailed, MissingTool
from slipway.domain.names import Arch

ROOT = Path(__file__).parents[2]


def apt(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


METADATA = "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n"
DEB822 = """\
# a comment
Types: deb deb-src
URIs: https://archive.test/debian
Suites: bookworm-updates bookworm
Components: main contrib
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb
URIs: https://other.test/
Suites: bookworm
Components: main
Enabled: no
"""


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (
            {"sources.list": "deb https://archive.test/debian bookworm main contrib # all\n"},
            "deb https://archive.test/debian bookworm main",
        ),
        (
            {
                "sources.list": "# deb https://old.test bookworm main\n"
                "deb-src https://archive.test bookworm main\n"
                "deb https://archive.test bookworm-security main\n",
                "sources.list.d/own.list": "deb [arch=amd64 trusted=yes] file:/a bookworm main",
            },
            "deb [trusted=yes] file:/a bookworm main",
        ),
        (
            {"sources.list.d/debian.sources": DEB822},
            "deb [signed-by=/usr/share/keyrings/archive.gpg] "
            "https://archive.test/debian bookworm main",
        ),
        (
            {
                "sources.list.d/inline.sources": "Types: deb\nURIs: https://a.test\n"
                "Suites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN\n .\n key\n"
            },
            "deb https://a.test bookworm main",
        ),
    ],
)
def test_the_suite_is_found_in_either_format(
    files: dict[str, str], line: str, tmp_path: Path
) -> None:
    assert main_archive("bookworm", apt(tmp_path, files)).line() == line


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"sources.list": "deb https://archive.test trixie main\n"},
        {"sources.list": "deb https://archive.test bookworm contrib\n"},
        {"sources.list.d/off.sources": DEB822.replace("deb deb-src", "deb-src")},
    ],
)
def test_without_the_suite_the_message_says_what_to_add(
    files: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(MissingTool, match="bookworm") as caught:
        main_archive("bookworm", apt(tmp_path, files))
    assert "sources.list.d" in caught.value.hint


def test_the_last_pattern_that_matches_decides(tmp_path: Path) -> None:
    rules = tmp_path / "exclude.txt"
    rules.write_text("# why\nusr/share/*\n\n!usr/share/doc/*/copyright\n*.pyi\n")
    excluded = Patterns(rules).exclude
    assert excluded("usr/share/doc/a/changelog.gz")
    assert not excluded("usr/share/doc/a/copyright")
    assert excluded("usr/lib/deep/a.pyi")
    assert not excluded("usr/lib/deep/a.py")


def test_bytecode_is_the_same_each_time_and_is_used(tmp_path: Path) -> None:
    source = "NAMES = ('a', 'a' * 3)\ndef greet(name: str = 'x') -> str:\n    return f'hi {name}'\n"
    digests = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "module.py").write_text(source)
        (folder / "template.py").write_text("this is {{ no python }}")
        DebianImageParts(tmp_path).compile(folder)
        (compiled,) = folder.rglob("*.pyc")
        digests.append(hashlib.sha256(compiled.read_bytes()).hexdigest())
    assert digests[0] == digests[1]
    (tmp_path / "one" / "module.py").write_text("raise SystemExit('the source was read')")
    command = [sys.executable, "-c", "import module; print(module.greet())"]
    done = subprocess.run(command, cwd=tmp_path / "one", capture_output=True, text=True, check=True)
    assert done.stdout == "hi x\n"


@pytest.fixture
def wheel_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A folder that pip takes wheels from, with one for armv7l; and the wheel's hash."""
    folder = tmp_path / "index"
    folder.mkdir()
    wheel = folder / "tool-1.0-cp311-cp311-manylinux_2_34_armv7l.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr("tool/__init__.py", "x = 1\n")
        packed.writestr("tool/large.so", "-")
        packed.writestr("tool-1.0.dist-info/METADATA", METADATA)
        packed.writestr("tool-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        packed.writestr("tool-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return tmp_path, hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_wheels_of_another_arch_are_unpacked_without_what_is_excluded(
    wheel_index: tuple[Path, str],
) -> None:
    folder, digest = wheel_index
    lock, exclude = folder / "arm.lock", folder / "exclude.txt"
    lock.write_text(f"tool==1.0 --hash=sha256:{digest}\n")
    exclude.write_text("*.so\n")
    parts = DebianImageParts(folder / "cache")
    parts.unpack_wheels(lock, Arch.ARMV7L, exclude, folder / "out")
    assert (folder / "out" / "tool" / "__init__.py").read_text() == "x = 1\n"
    assert not (folder / "out" / "tool" / "large.so").exists()
    for path in (folder / "index").iterdir():
        path.unlink()
    parts.unpack_wheels(lock, Arch.ARMV7L, exclude, folder / "again")  # from the cache
    assert (folder / "again" / "tool" / "__init__.py").exists()


def test_two_packagings_at_once_do_not_disturb_each_other(
    wheel_index: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, digest = wheel_index
    lock, exclude = folder / "arm.lock", folder / "exclude.txt"
    lock.write_text(f"tool==1.0 --hash=sha256:{digest}\n")
    exclude.write_text("")
    alone = wheels._download

    def with_another(lock: Path, arch: Arch, made: Path) -> None:
        monkeypatch.setattr(wheels, "_download", alone)
        wheels.unpack_wheels(lock, arch, exclude, folder / "other", folder / "cache")
        alone(lock, arch, made)

    monkeypatch.setattr(wheels, "_download", with_another)
    wheels.unpack_wheels(lock, Arch.ARMV7L, exclude, folder / "one", folder / "cache")
    for name in ("one", "other"):
        assert (folder / name / "tool" / "__init__.py").read_text() == "x = 1\n"
    assert len(list((folder / "cache").iterdir())) == 1  # nothing is left beside it


def test_a_wheel_with_another_hash_is_refused(wheel_index: tuple[Path, str]) -> None:
    folder, _ = wheel_index
    lock, exclude = folder / "arm.lock", folder / "exclude.txt"
    lock.write_text(f"tool==1.0 --hash=sha256:{'0' * 64}\n")
    exclude.write_text("")
    with pytest.raises(BuildFailed, match="HASHES"):
        wheels.unpack_wheels(lock, Arch.ARMV7L, exclude, folder / "out", folder / "cache")
    assert not (folder / "out").exists()


@pytest.mark.parametrize("arch", list(Arch))
def test_lock_files_are_hashed_and_name_no_index(arch: Arch) -> None:
    text = (ROOT / "containers" / "serving" / f"requirements-{arch}.lock").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines
    assert all(" --hash=sha256:" in line for line in lines)
    assert "://" not in text
