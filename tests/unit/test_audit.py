"""The audit log: complete lines, whoever writes, and no secrets."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slipway.domain.errors import DiskFull
from slipway.services.audit import Actor, AuditLog, Entry, Trail, Via


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "log.jsonl"


def entry(number: int, **details: str) -> Entry:
    return Entry(float(number), "ann", Via.CONSOLE, "run.start", f"parts-{number}", details)


def test_what_was_written_is_read_newest_first(path: Path) -> None:
    log = AuditLog(path)
    assert log.read() == []
    entries = [entry(number, commit="ü" * number) for number in range(5)]
    for each in entries:
        log.append(each)
    assert log.read() == entries[::-1]
    assert log.read(newest_first=False, limit=2, offset=1) == entries[1:3]
    assert log.read(limit=2, offset=1) == [entries[3], entries[2]]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_long_log_is_read_from_its_end(path: Path) -> None:
    log = AuditLog(path)
    log.append(entry(0))
    line = path.read_text()
    path.write_text("".join(line.replace("parts-0", f"parts-{n}ü") for n in range(3000)))
    assert [e.target for e in log.read(limit=2)] == ["parts-2999ü", "parts-2998ü"]
    assert [e.target for e in log.read(limit=3000)] == [f"parts-{n}ü" for n in range(2999, -1, -1)]


def test_entries_are_found_by_any_of_their_texts(path: Path) -> None:
    log = AuditLog(path)
    log.append(Entry(1.0, "Ann", Via.CLI, "run.start", "parts-1"))
    log.append(Entry(2.0, "ben", Via.GIT, "run.cancel", "parts-2", {"pipeline": "parts"}))
    for text, times in [
        ("ann", [1.0]),
        ("git", [2.0]),
        ("CANCEL", [2.0]),
        ("parts", [2.0, 1.0]),
        ("parts-1", [1.0]),
        ("nobody", []),
    ]:
        assert [e.time for e in log.read(text=text)] == times, text


def test_credentials_and_endless_texts_stay_out(path: Path) -> None:
    AuditLog(path).append(entry(1, uri="postgres://ml:geheim@db/x", name="x" * 10_000))
    assert "geheim" not in path.read_text()
    assert len(path.read_text()) < 1000
    [read] = AuditLog(path).read()
    assert read.details["uri"] == "postgres://***@db/x"


def test_a_text_cannot_forge_a_line(path: Path) -> None:
    AuditLog(path).append(Entry(1.0, 'x"}\n{"who": "root"', Via.CONSOLE, "login.refused", "\udcff"))
    [read] = AuditLog(path).read()
    assert read.who == 'x"}\n{"who": "root"'
    assert len(path.read_text().splitlines()) == 1


def test_a_line_that_was_cut_short_harms_no_other(path: Path) -> None:
    log = AuditLog(path)
    log.append(entry(1))
    with path.open("a") as file:
        file.write('{"time": 2.0, "who": "a')
    log.append(entry(3))
    assert [e.time for e in log.read()] == [3.0, 1.0]


def test_many_writers_at_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: AuditLog(path).append(entry(n)), range(200)))
    assert sorted(e.time for e in AuditLog(path).read(limit=1000)) == [float(n) for n in range(200)]
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_a_full_disk_leaves_the_log_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AuditLog(path)
    log.append(entry(1))
    before = path.read_bytes()

    def full(_descriptor: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        log.append(entry(2))
    assert path.read_bytes() == before


def test_a_trail_tells_who_and_leaves_out_what_is_empty(path: Path) -> None:
    Trail(AuditLog(path), Actor("ben", Via.GIT)).note("run.start", "parts-1", commit="", ref="main")
    [read] = AuditLog(path).read()
    assert (read.who, read.via, dict(read.details)) == ("ben", Via.GIT, {"ref": "main"})
    assert read.time > 1_600_000_000
