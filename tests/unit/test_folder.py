"""Output folders appear complete or not at all."""

import errno
import os
from pathlib import Path

import pytest
from slipway_components.folder import appearing, write_atomically

from slipway.domain.errors import AlreadyExists, Conflict, Denied, DiskFull, NotFound


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_appears_when_the_block_ends_well(tmp_path: Path) -> None:
    with appearing(tmp_path / "deep" / "out") as folder:
        (folder / "file").write_text("x")
        assert not (tmp_path / "deep" / "out").exists()
    assert _names(tmp_path / "deep") == ["out"]
    assert (tmp_path / "deep" / "out" / "file").read_text() == "x"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_when_it_does_not(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), appearing(tmp_path / "out") as folder:
        (folder / "file").write_text("x")
        raise error
    assert _names(tmp_path) == []


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "stale").write_text("x")
    with appearing(tmp_path / "out") as folder:
        (folder / "file").write_text("y")
    assert _names(tmp_path / "out") == ["file"]


def test_existing_content_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(AlreadyExists, match="exists already"), appearing(tmp_path):
        pass
    assert (tmp_path / "file").read_text() == "mine"


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with appearing(tmp_path / "out") as folder:
        (folder / "file").touch()
    assert _names(tmp_path / "out") == ["file"]


def test_two_writers_of_one_folder_are_refused(tmp_path: Path) -> None:
    with (
        appearing(tmp_path / "out") as folder,
        pytest.raises(Conflict, match="another process"),
        appearing(tmp_path / "out"),
    ):
        pass
    assert not folder.exists()
    assert (tmp_path / "out").is_dir()


@pytest.mark.parametrize(
    ("code", "wanted"), [(errno.ENOSPC, DiskFull), (errno.EACCES, Denied), (errno.EROFS, Denied)]
)
def test_errors_of_the_file_system(tmp_path: Path, code: int, wanted: type[Exception]) -> None:
    with pytest.raises(wanted), appearing(tmp_path / "out"):
        raise OSError(code, os.strerror(code), str(tmp_path / "out" / "image.png"))
    assert _names(tmp_path) == []


def test_the_message_names_what_the_user_named(tmp_path: Path) -> None:
    read = tmp_path / "source.png"
    with pytest.raises(DiskFull, match=str(tmp_path / "out")), appearing(tmp_path / "out"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(read))
    (tmp_path / "folder").mkdir()
    with pytest.raises(Conflict, match=f"^{tmp_path}/folder: "):
        write_atomically(tmp_path / "folder", b"x")
    with pytest.raises(NotFound, match=r"^/proc/x does not exist"), appearing(Path("/proc/x")):
        pass


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull, match="no space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert _names(tmp_path) == ["file"]
