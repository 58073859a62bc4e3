"""Tables fit the terminal and lose nothing."""

import pytest

from slipway.cli._table import layout

ROWS = [
    ("model", "digest", "why"),
    ("parts", "sha256:" + "a" * 24, "the registry does not answer, and nobody knows why"),
    ("equipmentparts", "", ""),
]


def test_without_a_width_each_row_is_one_line() -> None:
    lines = layout(ROWS, None)
    assert [len(row) for row in lines] == [1, 1, 1]
    assert lines[0][0].split() == ["model", "digest", "why"]
    assert lines[1][0].index("sha256") == lines[0][0].index("digest")
    assert lines[2] == ["equipmentparts"]


@pytest.mark.parametrize("width", [30, 40, 60, 79, 80])
def test_nothing_is_wider_than_the_terminal_and_all_words_are_there(width: int) -> None:
    lines = [line for row in layout(ROWS, width) for line in row]
    assert max(map(len, lines)) <= width
    joined = "".join("".join(lines).split())
    assert joined.count("a" * 3) >= 1
    for word in ("parts", "registry", "nobody", "equipmentp"[:8]):
        assert word in joined


def test_the_widest_columns_give_way_first() -> None:
    first = layout(ROWS, 60)[1]
    assert first[0].startswith("parts           ")
    assert len(first) > 1


def test_words_stay_whole_as_long_as_that_is_enough() -> None:
    rows = [("version", "published"), ("hello_1_1795840968", "x86_64 armv7l aarch64")]
    assert layout(rows, 30)[1] == [
        "hello_1_1795840968  x86_64",
        "                    armv7l",
        "                    aarch64",
    ]


def test_a_column_with_nothing_in_it_takes_no_room() -> None:
    assert layout([("a", "", "b"), ("x", "", "y")], None)[1] == ["x  y"]


def test_a_terminal_that_is_far_too_narrow_still_gets_its_table() -> None:
    assert layout(ROWS, 5)


def test_a_cell_of_several_lines_stays_in_its_row() -> None:
    assert layout([("a", "b"), ("one\ntwo", "x")], None)[1] == ["one two  x"]
