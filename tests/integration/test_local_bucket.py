"""What is particular to the bucket that is a folder: processes, permissions, disks, kills."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slipway.domain.errors import Conflict, InvalidSetting, NotFound
from slipway.wiring import open_bucket

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes the user, or mounts")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "bucket"
    path.mkdir()
    return path


def _python(script: str, *arguments: object) -> "subprocess.Popen[str]":
    """Run a script in a process of its own; what it prints comes back."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def test_of_many_processes_one_creates(folder: Path) -> None:
    script = """
import sys, time
from slipway.domain.errors import AlreadyExists
from slipway.wiring import open_bucket
bucket = open_bucket(f"file://{sys.argv[1]}")
while time.time() < float(sys.argv[2]):
    pass
for number in range(50):
    try:
        bucket.create(f"reserved/{number}", b"mine")
        print(number)
    except AlreadyExists:
        pass
"""
    start = time.time() + 1.5
    processes = [_python(script, folder, start) for _ in range(4)]
    won = [int(line) for process in processes for line in process.communicate()[0].split()]
    assert sorted(won) == list(range(50))


def test_a_writer_killed_in_the_middle_leaves_the_old_object(folder: Path) -> None:
    script = """
import sys
from slipway.wiring import open_bucket
bucket = open_bucket(f"file://{sys.argv[1]}")
print("ready", flush=True)
while True:
    bucket.write("object", b"1" * 3_000_000)
    bucket.write("object", b"2" * 3_000_000)
"""
    bucket = open_bucket(f"file://{folder}")
    bucket.write("object", b"0" * 3_000_000)
    for pause in (0.0, 0.013, 0.029, 0.041):
        process = _python(script, folder)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        data = bucket.read("object")
        assert len(data) == 3_000_000
        assert data == data[:1] * 3_000_000
        assert [info.key for info in bucket.objects()] == ["object"]


def test_what_a_killed_writer_left_is_swept_when_it_is_old(folder: Path) -> None:
    old, new = folder / ".part-old", folder / ".part-new"
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    open_bucket(f"file://{folder}").write("key", b"")
    assert not old.exists()
    assert new.exists()


def test_a_file_made_by_the_bucket_follows_the_umask(folder: Path) -> None:
    open_bucket(f"file://{folder}").write("key", b"")
    umask = os.umask(0)
    os.umask(umask)
    assert (folder / "key").stat().st_mode & 0o777 == 0o666 & ~umask


@needs_root
def test_a_folder_of_someone_else_is_denied(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from slipway.domain.errors import Denied
from slipway.wiring import open_bucket
import slipway.adapters.local_bucket
os.chdir(sys.argv[1])  # so that the user below can reach it
os.chown("file", 65534, -1)
os.seteuid(65534)
bucket = open_bucket("file:///proc/self/cwd/bucket")
here = Path("/proc/self/cwd")
calls = [
    lambda: list(bucket.objects("private/")),
    lambda: bucket.read("secret"),
    lambda: bucket.write("key", b""),
    lambda: bucket.create("key", b""),
    lambda: bucket.delete("secret"),
    lambda: bucket.download("secret", here / "target"),
    lambda: bucket.upload(here / "file", "key"),
]
for call in calls:
    try:
        call()
        print("allowed")
    except Denied as error:
        print("denied" if error.hint and "Permission" in error.message else error)
"""
    bucket = tmp_path / "bucket"
    (bucket / "private").mkdir(parents=True)
    (bucket / "private").chmod(0o700)
    (bucket / "secret").write_bytes(b"secret")
    (bucket / "secret").chmod(0o600)
    (tmp_path / "file").touch()
    tmp_path.chmod(0o755)
    output, _ = _python(script, tmp_path).communicate()
    assert output.split() == ["denied"] * 7
    assert sorted(p.name for p in bucket.iterdir()) == ["private", "secret"]


@needs_root
@pytest.mark.system
def test_a_full_disk_keeps_the_old_object(folder: Path, tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from slipway.domain.errors import DiskFull
from slipway.wiring import open_bucket
bucket = open_bucket(f"file://{sys.argv[1]}")
big = Path(sys.argv[2])
bucket.write("object", b"old")
calls = [
    lambda: bucket.write("object", bytes(2**20)),
    lambda: bucket.create("new", bytes(2**20)),
    lambda: bucket.upload(big, "object"),
    lambda: open_bucket(f"file://{big.parent}").download("big", Path(sys.argv[1], "target")),
]
for call in calls:
    try:
        call()
        print("written")
    except DiskFull:
        print("full")
print(bucket.read("object").decode(), *(p.name for p in Path(sys.argv[1]).iterdir()))
"""
    (tmp_path / "big").write_bytes(bytes(2**20))
    command = 'mount -t tmpfs -o size=256k none "$1" && exec "$2" -c "$3" "$1" "$4"'
    output = subprocess.run(
        [
            *("unshare", "-m", "sh", "-c", command, "sh"),
            *(str(folder), sys.executable, script, str(tmp_path / "big")),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.split() == ["full"] * 4 + ["old", "object"]


def test_an_object_and_a_folder_of_one_name_are_a_conflict(folder: Path) -> None:
    bucket = open_bucket(f"file://{folder}")
    bucket.write("a/b", b"1")
    with pytest.raises(Conflict, match="/a:"):
        bucket.write("a", b"")
    with pytest.raises(Conflict, match="/a/b/c:"):
        bucket.write("a/b/c", b"")
    assert [info.key for info in bucket.objects()] == ["a/b"]


def test_a_relative_url_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="file://relative/folder"):
        open_bucket("file://relative/folder")


def test_a_file_is_no_bucket(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotFound, match="file"):
        open_bucket(f"file://{tmp_path}/file").write("key", b"")
