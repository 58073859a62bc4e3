"""Recordings of motion as users have them: what is read, what is turned down, in which words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import numpy as np
import pytest
from slipway_components.signals.gather.task import gather
from slipway_components.signals.motion_files import load, load_file
from slipway_components.signals.recordings import read_all

from slipway.domain.errors import InvalidDataset, InvalidInput, NotFound, SlipwayError
from tests.fixtures.acquisitions import KEY, document, write

VALUES = [[0.1, -0.25, 9.8], [0.2, 0, 9.75], [-0.7000000000000001, -0.2, 9]]


@pytest.mark.parametrize("suffix", [".json", ".cbor"])
def test_an_acquisition_is_read(tmp_path: Path, suffix: str) -> None:
    recording = load_file(write(tmp_path / f"idle.1mp7{suffix}", document(VALUES)), KEY)
    assert (recording.label, recording.name) == ("idle", "idle.1mp7")
    assert recording.rate == 62.5
    assert recording.axes == ("x", "y", "z")
    assert recording.values.dtype == np.float64
    assert recording.values.tolist() == VALUES


def test_axes_are_found_by_name_among_other_sensors(tmp_path: Path) -> None:
    sensors = [{"name": name, "units": ""} for name in ("z", "temperature", "y", "x")]
    given = document([[3, 20, 2, 1]], sensors=sensors)
    assert load_file(write(tmp_path / "a.b.json", given)).values.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("suffix", [".json", ".cbor"])
def test_a_changed_file_is_not_what_was_signed(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"idle.1{suffix}", document(VALUES))
    content = path.read_bytes()
    path.write_bytes(content.replace(b"phone", b"fhone"))
    with pytest.raises(InvalidDataset, match=rf"idle.1{suffix}: the signature is wrong") as raised:
        load_file(path, KEY)
    assert KEY.decode() not in str(raised.value) + raised.value.hint
    assert load_file(path).values.tolist() == VALUES  # nobody asked


def test_another_key_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "idle.1.json", document(VALUES), key=b"another")
    with pytest.raises(InvalidDataset, match="the signature is wrong"):
        load_file(path, KEY)


def test_with_a_key_nothing_unsigned_is_taken(tmp_path: Path) -> None:
    given = document(VALUES)
    given["protected"]["alg"] = "none"
    with pytest.raises(InvalidDataset, match="signed with 'none'"):
        load_file(write(tmp_path / "idle.1.json", given), KEY)
    (tmp_path / "idle").mkdir()
    (tmp_path / "idle" / "1.csv").write_text("x,y,z\n1,2,3\n")
    with pytest.raises(InvalidDataset, match=r"1.csv is not signed"):
        load_file(tmp_path / "idle" / "1.csv", KEY)


def _payload(**changed: Any) -> dict[str, Any]:
    return document(**{"values": VALUES, **changed})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (_payload(values=[[1, 2, 3], [1, 2]]), "sample 1 is not one value for each of accX"),
        (_payload(values=[[1, 2, "3"]]), "sample 0 of accZ is '3', not a number"),
        (_payload(values=[[1, 2, True]]), "sample 0 of accZ is True, not a number"),
        (_payload(values=[[1, 2, float("nan")]]), "sample 0 of accZ is nan"),
        (_payload(values=[[1, 10**400, 2]]), "too large"),
        (_payload(values=7), "values is no list"),
        (_payload(interval_ms=0), "interval_ms is 0"),
        (_payload(interval_ms="16"), "interval_ms is '16'"),
        (_payload(sensors=[{"name": n, "units": ""} for n in ("accX", "accY", "gyrZ")]), "'accZ'"),
        (_payload(sensors=[{"name": f"acc{n}", "units": "g"} for n in "XYZ"]), "accX is in 'g'"),
        (_payload(sensors=[{"units": ""}] * 3), "'name' is missing"),
        ({"payload": {"values": VALUES}}, "'sensors' is missing"),
        ({"values": VALUES}, "no payload"),
        ([1, 2], "no payload"),
    ],
)
def test_what_is_no_acquisition_is_named(tmp_path: Path, given: Any, words: str) -> None:
    path = tmp_path / "idle.1.json"
    path.write_text(json.dumps(given))
    with pytest.raises(InvalidDataset, match=words) as raised:
        load_file(path)
    assert str(path) in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("idle.1.json", b'{"payload": ', "is not JSON"),
        ("idle.1.json", b"\xff\xfe\x00", "is not JSON"),
        ("idle.1.json", b"[" * 100_000, "is not JSON"),
        ("idle.1.cbor", b"\xa1\x67payload", "is not CBOR"),
        ("idle.1.cbor", b"", "is not CBOR"),
        ("idle.1.cbor", b"\x81" * 100_000, "is not CBOR"),
        ("idle.1.cbor", cbor2.dumps(document(VALUES)) + b"\x00", "more after its end"),
        ("idle.1.cbor", cbor2.dumps(document(VALUES))[:-3], "is not CBOR"),
    ],
)
def test_corrupt_files_are_named(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidDataset, match=words) as raised:
        load_file(tmp_path / name)
    assert name in raised.value.message


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("x,y,z\n1,2,3\n4,5,6\n", 0.0),
        ("timestamp,accX,accY,accZ\n0,1,2,3\n16,4,5,6\n", 62.5),
        ('"z","y","x","note"\n3,2,1,a\n6,5,4,b\n', 0.0),
        ("1,2,3\n4,5,6\n", 0.0),
    ],
)
def test_csv_is_read(tmp_path: Path, text: str, rate: float) -> None:
    path = tmp_path / "idle.csv"
    path.write_text(text)
    recording = load_file(path)
    assert recording.values.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert recording.rate == rate


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x,y\n1,2\n", "the axis 'z' is missing"),
        ("x,y,z\n1,2,a\n", "'a' is no number"),
        ("x,y,z\n1,2,nan\n", "sample 0 of z is nan"),
        ("timestamp,x,y,z\n5,1,2,3\n5,1,2,3\n", "timestamp does not rise"),
        ("", "empty"),
    ],
)
def test_bad_csv_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "idle.csv"
    path.write_text(text)
    with pytest.raises(InvalidDataset, match=words) as raised:
        load_file(path)
    assert str(path) in raised.value.message


def test_labels_are_of_names_and_of_folders(tmp_path: Path) -> None:
    write(tmp_path / "idle.1mp7.x.json", document(VALUES))
    write(tmp_path / "freefall.2.cbor", document(VALUES))
    write(tmp_path / "unknown" / "freefall.3.json", document(VALUES))
    (tmp_path / "unknown" / "4.csv").write_text("x,y,z\n1,2,3\n")
    (tmp_path / ".hidden").write_text("")
    assert [(one.label, one.name) for one in load(tmp_path)] == [
        ("freefall", "freefall.2"),
        ("idle", "idle.1mp7.x"),
        ("unknown", "4"),
        ("unknown", "freefall.3"),
    ]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda folder: (folder / "recording.json").write_text("{}"),
            "recording.json has no label",
        ),
        (lambda folder: (folder / "a.b.csv").write_text("x,y,z"), "a.b.csv has no label"),
        (lambda folder: (folder / "idle").mkdir(), "label 'idle' in .* is empty"),
        (
            lambda folder: write(folder / "idle" / "a.json", {}).rename(folder / "idle" / "a.txt"),
            "a.txt is none of .json, .cbor, .csv",
        ),
    ],
)
def test_folders_that_hold_something_else(
    tmp_path: Path, make: Callable[[Path], Any], words: str
) -> None:
    make(tmp_path)
    with pytest.raises(InvalidDataset, match=words):
        list(load(tmp_path))


def _gather(data: Path, output: Path, secret: str) -> None:
    gather(output, name="motion", data=str(data), recordings=0, seed=1, secret=secret)


def test_signatures_are_checked_with_a_secret_that_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "data" / "idle.1.json", document(VALUES))
    (tmp_path / "key").write_bytes(KEY + b"\n")
    monkeypatch.setenv("THE_KEY", KEY.decode())
    monkeypatch.setenv("ANOTHER", "another")
    for number, secret in enumerate((str(tmp_path / "key"), "env:THE_KEY", "")):
        _gather(tmp_path / "data", tmp_path / str(number), secret)
        assert len(read_all(tmp_path / str(number))) == 1
    with pytest.raises(InvalidDataset, match="the signature is wrong"):
        _gather(tmp_path / "data", tmp_path / "wrong", "env:ANOTHER")
    assert not (tmp_path / "wrong").exists()


@pytest.mark.parametrize("secret", [KEY.decode(), "env:NO_SUCH_VARIABLE", "env:EMPTY"])
def test_a_secret_that_cannot_be_found_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("EMPTY", " ")
    write(tmp_path / "data" / "idle.1.json", document(VALUES))
    with pytest.raises((NotFound, InvalidInput)) as raised:
        _gather(tmp_path / "data", tmp_path / "out", secret)
    error: SlipwayError = raised.value
    assert secret not in error.message + error.hint


def test_only_motion_knows_signatures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", "key")
    with pytest.raises(InvalidInput, match="have no signatures"):
        gather(
            tmp_path / "out",
            name="appliances",
            data=str(tmp_path),
            recordings=0,
            seed=1,
            secret="env:THE_KEY",
        )
