"""A snapshot identifies a set of files, checks a folder and brings the set back."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from slipway_components.snapshot.manifest import read_snapshot, snapshot_of
from slipway_components.snapshot.task import restore, snapshot, stored, verify

from slipway.adapters.local_bucket import LocalBucket
from slipway.domain.errors import AlreadyExists, InvalidDataset, InvalidInput, NotFound
from slipway.domain.snapshot import Snapshot


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    for path, content in {
        "nut/mesh-1/view-0.png": b"a",
        "nut/mesh-1/view-1.png": b"bb",
        "nut/b.png": b"a",
        "washer/a.png": b"",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_record_is_as_documented(dataset: Path, tmp_path: Path) -> None:
    (dataset / "nut" / ".hidden").touch()
    digest = snapshot(dataset, tmp_path / "snapshot.json")
    document = json.loads((tmp_path / "snapshot.json").read_bytes())
    paths = ["nut/b.png", "nut/mesh-1/view-0.png", "nut/mesh-1/view-1.png", "washer/a.png"]
    sums = [hashlib.sha256(content).hexdigest() for content in (b"a", b"a", b"bb", b"")]
    assert document["schema"] == 1
    assert document["files"] == [
        {"path": path, "size": size, "sha256": sha256}
        for path, size, sha256 in zip(paths, (1, 1, 2, 0), sums, strict=True)
    ]
    listing = "".join(f"{f['sha256']} {f['size']} {f['path']}\n" for f in document["files"])
    wanted = f"sha256:{hashlib.sha256(listing.encode()).hexdigest()}"
    assert document["digest"] == digest == wanted


def test_identity_is_content_and_path_not_time_or_place(dataset: Path, tmp_path: Path) -> None:
    digest = snapshot_of(dataset).digest
    os.utime(dataset / "nut" / "b.png", (1, 1))
    assert snapshot_of(dataset.rename(tmp_path / "moved")).digest == digest
    (tmp_path / "moved" / "nut" / "b.png").rename(tmp_path / "moved" / "nut" / "c.png")
    assert snapshot_of(tmp_path / "moved").digest != digest


def test_verify_names_what_differs(dataset: Path) -> None:
    record = snapshot_of(dataset)
    verify(dataset, record)
    (dataset / "nut" / "b.png").unlink()
    (dataset / "washer" / "a.png").write_bytes(b"x")
    (dataset / "washer" / "new.png").write_bytes(b"y")
    with pytest.raises(InvalidDataset) as caught:
        verify(dataset, record)
    for problem in ("missing nut/b.png", "changed washer/a.png", "extra washer/new.png"):
        assert problem in caught.value.message


def test_an_empty_label_is_refused_and_not_forgotten(dataset: Path, tmp_path: Path) -> None:
    (dataset / "gear" / "mesh-1").mkdir(parents=True)
    with pytest.raises(InvalidDataset, match=r"label 'gear' in .* is empty"):
        snapshot(dataset, tmp_path / "snapshot.json")
    assert not (tmp_path / "snapshot.json").exists()


def test_restore_from_a_folder(dataset: Path, tmp_path: Path) -> None:
    record = snapshot_of(dataset)
    (dataset / "nut" / "extra.png").write_bytes(b"not of the set")
    restore(record, dataset, tmp_path / "back")
    assert snapshot_of(tmp_path / "back") == record


def test_restore_from_a_store_by_digest_alone(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    store = LocalBucket(tmp_path / "bucket")
    digest = snapshot(dataset, tmp_path / "snapshot.json", store)
    before = _contents(dataset)
    assert snapshot(dataset, tmp_path / "snapshot.json", store) == digest
    objects = [info.key for info in store.objects("datasets/objects/")]
    assert len(objects) == 3  # two of the four files are the same
    restore(stored(store, digest), store, tmp_path / "back")
    assert _contents(tmp_path / "back") == before


@pytest.mark.parametrize("damage", ["change", "remove"])
def test_restore_refuses_what_is_not_the_same(dataset: Path, tmp_path: Path, damage: str) -> None:
    (tmp_path / "bucket").mkdir()
    store = LocalBucket(tmp_path / "bucket")
    snapshot(dataset, tmp_path / "snapshot.json", store)
    record = read_snapshot(tmp_path / "snapshot.json")
    key = f"datasets/objects/{record.files[2].sha256}"
    if damage == "change":
        store.write(key, b"zz")
        (dataset / record.files[2].path).write_bytes(b"zz")
    else:
        store.delete(key)
        (dataset / record.files[2].path).unlink()
    wanted = InvalidDataset if damage == "change" else NotFound
    for source in (store, dataset):
        with pytest.raises(wanted, match=r"nut/mesh-1/view-1\.png"):
            restore(record, source, tmp_path / "back")
        assert not (tmp_path / "back").exists()


def test_restore_does_not_overwrite(dataset: Path) -> None:
    with pytest.raises(AlreadyExists):
        restore(snapshot_of(dataset), dataset, dataset)


def _altered(**change: object) -> bytes:
    file = {"path": "nut/a.png", "size": 1, "sha256": "0" * 64} | change
    return json.dumps({"schema": 1, "digest": "sha256:0", "files": [file]}).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff", "is not a snapshot"),
        (b"[]", "is not a snapshot"),
        (b'{"schema": 1}', "is not a snapshot"),
        (_altered(), "was altered"),
        (_altered(path="../../etc/passwd"), "impossible entry '../../etc/passwd'"),
        (_altered(path="/etc/passwd"), "impossible entry '/etc/passwd'"),
        (_altered(path="nut/a\n.png"), "impossible entry"),
        (_altered(sha256="zz"), "impossible entry"),
        (_altered(size=-1), "impossible entry"),
    ],
)
def test_a_record_that_is_not_one(data: bytes, message: str) -> None:
    with pytest.raises(InvalidDataset, match=message):
        Snapshot.parse(data)


def test_folders_that_are_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no folder"):
        snapshot_of(tmp_path / "nowhere")
    with pytest.raises(InvalidDataset, match="has no files"):
        snapshot_of(tmp_path)
    (tmp_path / "stray.png").touch()
    with pytest.raises(InvalidDataset, match=r"'stray\.png' in .* is no LABEL/FILE"):
        snapshot_of(tmp_path)


def test_a_link_in_a_circle_ends(dataset: Path) -> None:
    (dataset / "nut" / "loop").symlink_to(dataset)
    with pytest.raises(InvalidDataset, match=r"is no LABEL/FILE|cannot be read"):
        snapshot_of(dataset)


def test_unknown_digests(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not a dataset digest"):
        stored(LocalBucket(tmp_path), "sha256:abc")
    with pytest.raises(NotFound):
        stored(LocalBucket(tmp_path), "sha256:" + "0" * 64)
