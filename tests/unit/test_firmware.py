"""C sources of a model: the plan of its memory, numbers as C, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from slipway_components.firmware import c_source
from slipway_components.firmware.arena import Need, planned
from slipway_components.firmware.task import export_c

from slipway.domain.errors import InvalidCard, InvalidInput
from tests.fixtures.cards import make_card

MFCC = {
    "kind": "mfcc", "axes": ["sound"], "rate": 16_000.0, "window": 6_000, "step": 400,
    "frame": 400, "fft": 512, "filters": 40, "coefficients": 20, "low": 0.0, "high": 8_000.0,
    "relative": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("needs", "size"),
    [
        ([], 0),
        ([Need(32, -1, 0)], 32),
        # A chain: what an operator reads and what it writes are there together, no more.
        ([Need(64, -1, 0), Need(48, 0, 1), Need(32, 1, 2), Need(16, 2, 3)], 112),
        # One that is needed to the end keeps its place.
        ([Need(64, -1, 3), Need(48, 0, 1), Need(32, 1, 2), Need(16, 2, 3)], 144),
        # A small one goes into the gap that two large ones leave.
        ([Need(96, 0, 1), Need(64, 1, 2), Need(32, 2, 3), Need(64, 3, 4)], 160),
    ],
)
def test_tensors_share_memory_when_they_are_not_needed_together(
    needs: list[Need], size: int
) -> None:
    assert planned(needs) == size


def test_numbers_and_strings_as_c() -> None:
    assert c_source.define("A", 3) == "#define A 3\n"
    assert c_source.define("B", 0.1) == "#define B 0.10000000149011612f\n"
    assert c_source.array("int8_t", "c", np.array([[1, -2], [3, 4]], np.int8)) == (
        "static const int8_t c[2][2] = {\n{\n1, -2,\n},\n{\n3, 4,\n}};\n"
    )
    assert c_source.strings("d", ['a"b']) == 'static const char *const d[1] = {"a\\"b"};\n'
    long = c_source.braced(np.arange(1000))
    assert max(len(line) for line in long.splitlines()) <= 100


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"preprocessing": {"kind": "series"}}, InvalidInput, "takes 'series', not 'mfcc'"),
        ({"golden": []}, InvalidCard, "no golden samples"),
        ({"preprocessing": {**MFCC, "frame": 600}}, InvalidCard, "frames of 600"),
        ({"scaling": {}}, InvalidCard, "has no limits"),
    ],
)
def test_what_is_no_model_of_sounds_is_refused(
    tmp_path: Path, change: dict[str, object], error: type[Exception], message: str
) -> None:
    document = json.loads(make_card("sounds_1_1501089026").to_json())
    document["preprocessing"] = MFCC
    document["golden"] = [{"input": "", "output": [[0]]}]
    (tmp_path / "model.json").write_text(json.dumps({**document, **change}))
    (tmp_path / "model.tflite").touch()
    with pytest.raises(error, match=message):
        export_c(tmp_path, tmp_path / "firmware")
    assert not (tmp_path / "firmware").exists()
