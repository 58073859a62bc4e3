"""Output for terminals as plain text."""

import pytest

from slipway.domain.plain_text import plain, unfinished


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Task \x1b[96m'train'\x1b[0m done", "Task 'train' done"),
        ("\x1b[38;5;196mred\x1b[K", "red"),
        ("\x1b]0;a title\x07text\x1b]8;;http://x\x1b\\", "text"),
        ("\x1b(Bplain\x1bM", "plain"),
        ("1 %\r50 %\r100 %\r\nend\n", "1 %\n50 %\n100 %\nend\n"),
        ("bell\x07 null\x00 del\x7f csi\x9b tab\t", "bell null del csi tab\t"),
        ("<b>[96m</b> é ✓", "<b>[96m</b> é ✓"),
    ],
)
def test_commands_to_a_terminal_are_taken_out(written: str, read: str) -> None:
    assert plain(written) == read


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_command_that_is_cut_in_two_is_known(cut: int) -> None:
    command = "\x1b[96m"
    assert unfinished("text" + command[:cut]) == cut
    assert unfinished("text" + command) == 0
