"""Recordings as JSON, CSV and WAV, and what is none."""

import struct

import numpy as np
import pytest

from slipway_features.reading import read
from slipway_features.wav import write_wav
from tests.fixtures.signals import as_csv, as_json, make_signal

AXES = ("x", "y", "z")
VALUES = make_signal("slow", 30, seed=5)


def test_all_forms_of_a_recording_give_the_same_values() -> None:
    exact = np.rint(VALUES / 2 * 32768) / 32768
    for data in (as_json(exact), as_csv(exact), write_wav(exact, 50)):
        assert np.array_equal(read(data, AXES).values, exact)
    assert read(write_wav(exact, 50), AXES, "wav").rate == 50.0
    assert read(as_json(exact, rate=62.5), AXES, "json").rate == 62.5
    assert read(as_csv(exact), AXES, "csv").rate == 0.0


def test_columns_are_found_by_their_names() -> None:
    data = b'\xef\xbb\xbft, "z" ,x,note,y\r\n0, 3,1,7,2\r\n\r\n0.1,6e0,-4,8,5\r\n'
    expected = [[1.0, 2.0, 3.0], [-4.0, 5.0, 6.0]]
    assert read(data, AXES).values.tolist() == expected
    document = b'{"axes": ["z", "t", "x", "y"], "values": [[3, 0, 1, 2], [6, 1, -4, 5]]}'
    assert read(document, AXES).values.tolist() == expected
    assert read(b"1,2,3\n-4,5,6", AXES).values.tolist() == expected


def test_one_axis_needs_no_nesting() -> None:
    for data in (b'{"values": [1, 2.5]}', b'{"values": [[1], [2.5]]}', b"1\n2.5\n", b"v\n1\n2.5"):
        assert read(data, ("v",)).values.tolist() == [[1.0], [2.5]]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not JSON"),
        (b'{"values": [[NaN, 1, 2]]}', "NaN is not a number"),
        (b'{"values": [[1e999, 1, 2]]}', "sample 0 of x is inf"),
        (b'{"values": [[1, 2, 1%s]]}' % (b"0" * 400), "z of sample 0 is no number"),
        (b'{"values": [[1, 2, true]]}', "z of sample 0 is no number: True"),
        (b'{"values": [[1, 2, 3], [1, null, 3]]}', "y of sample 1 is no number: None"),
        (b'{"values": [[1, 2, 3], [1, 2]]}', "sample 1 is not a list of 3: x, y, z"),
        (b'{"values": [1, 2, 3]}', "sample 0 is not a list of 3: x, y, z"),
        (b'{"values": []}', "no samples"),
        (b'{"values": 5}', "not like"),
        (b'{"value": [[1, 2, 3]]}', "not like"),
        (b'{"values": [[1, 2, 3]], "rate": "fast"}', "rate 'fast'"),
        (b'{"values": [[1, 2, 3]], "rate": -1}', "rate -1"),
        (b'{"values": [[1, 2, 3]], "axes": "xyz"}', "axes 'xyz'"),
        (b'{"values": [[1, 2]], "axes": ["x", "y"]}', "'z' is missing; there are x, y"),
        (b'{"values": [' + b"[" * 100_000, "not JSON"),
        (b"x,y\n1,2\n", "'z' is missing; there are x, y"),
        (b"x,y,z,x\n1,2,3,4\n", "'x' is there more than once"),
        (b"1,2,3,4\n", "4 columns and no line that names them; the axes are x, y, z"),
        (b"x,y,z\n", "no samples"),
        (b"x,y,z\n1,2,3\n1,2\n", "line 3 has 2 columns, not 3"),
        (b"x,y,z\n1,2,3\n1,,3\n", "line 3: '' is no number"),
        (b"x,y,z\n1,2,nan\n", "sample 0 of z is nan"),
        (b"x,y,z\n1,2,\xff\n", "nor text"),
        (b'x,y,z\n1,2,"' + b"3" * 200_000, "line 2"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_fault(data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(data, AXES)


def _wav(*, code: int = 1, channels: int = 1, rate: int = 8, bits: int = 16) -> bytes:
    form = struct.pack("<HHIIHH", code, channels, rate, 0, 0, bits)
    return b"RIFF____WAVEfmt " + struct.pack("<I", 16) + form + b"data\4\0\0\0\0\0\0\x80"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"RIFF", "not a WAV file"),
        (b"RIFF____AVI list", "not a WAV file"),
        (_wav()[:20], "ends after 0 of 16 bytes of its chunk b'fmt '"),
        (_wav()[:-1], "ends after 3 of 4 bytes of its chunk b'data'"),
        (_wav()[:36], "no samples"),
        (_wav(code=3), "format 3 with 16 bits; 16-bit PCM is read"),
        (_wav(bits=24), "format 1 with 24 bits"),
        (_wav(channels=0), "0 channels"),
        (_wav(rate=0), "at 0 Hz"),
        (_wav(channels=2), "it has 2 channels, not 1: sound"),
        (_wav(channels=3), "4 bytes of samples"),
        (b"RIFF____WAVEdata\2\0\0\0\0\0", "samples before their format"),
        (b"RIFF____WAVEfmt \4\0\0\0\0\0\0\0", "format is cut off"),
    ],
)
def test_a_damaged_or_other_wav_is_refused_with_its_fault(data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(data, ("sound",))


def test_wav_full_scale_other_chunks_and_the_extensible_format() -> None:
    reading = read(_wav(), ("sound",))
    assert (reading.values.tolist(), reading.rate) == ([[0.0], [-1.0]], 8.0)
    form = struct.pack("<HHIIHHHHIH14x", 0xFFFE, 1, 8, 0, 0, 16, 22, 16, 0, 1)
    wav = b"RIFF____WAVELIST\3\0\0\0abc\0fmt " + struct.pack("<I", len(form)) + form
    assert np.array_equal(read(wav + b"data\2\0\0\0\0\x40", ("sound",)).values, [[0.5]])
    clipped = read(write_wav(np.array([[2.0], [-2.0]]), 8), ("sound",)).values
    assert clipped.tolist() == [[32767 / 32768], [-1.0]]


@pytest.mark.parametrize(
    "data", [as_json(VALUES), as_csv(VALUES), write_wav(VALUES, 50)], ids=["json", "csv", "wav"]
)
def test_a_recording_of_too_many_values_is_refused(data: bytes) -> None:
    read(data, AXES, most=200)
    with pytest.raises(ValueError, match="more than 50 values"):
        read(data, AXES, most=50)
