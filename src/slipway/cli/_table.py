"""Lays out tables, without a library: they are on the way of every quick command."""

from collections.abc import Sequence

_GAP = "  "
_NARROWEST = 8  # characters of a column that is to be broken


def layout(rows: Sequence[Sequence[str]], width: int | None) -> list[list[str]]:
    """The lines of each row. Where `width` characters are too few the widest columns are broken
    into several lines, between words where that is enough; without a width every row is one line.
    A column with nothing in it is left out."""
    cells = [[cell.replace("\n", " ") for cell in row] for row in rows]
    columns = [column for column in zip(*cells, strict=True) if any(column)]
    widths = [max(map(len, column)) for column in columns]
    if width is not None:
        room = width - len(_GAP) * (len(widths) - 1)
        words = [max(len(w) for cell in column for w in cell.split()) for column in columns]
        for least in (words, [_NARROWEST] * len(columns)):
            widths = _fitted(widths, least, room)
    return [_lines(row, widths) for row in zip(*columns, strict=True)]


def _fitted(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Take from the widest until all fit, or until each has its least."""
    fitted = list(widths)
    while sum(fitted) > room:
        wide = [number for number, size in enumerate(fitted) if size > least[number]]
        if not wide:
            break
        fitted[max(wide, key=fitted.__getitem__)] -= 1
    return fitted


def _lines(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    broken = [_broken(cell, size) for cell, size in zip(row, widths, strict=True)]
    lines = []
    for number in range(max(map(len, broken))):
        parts = (
            (cell[number] if number < len(cell) else "").ljust(size)
            for cell, size in zip(broken, widths, strict=True)
        )
        lines.append(_GAP.join(parts).rstrip())
    return lines


def _broken(text: str, size: int) -> list[str]:
    if len(text) <= size:
        return [text]
    import textwrap  # few tables are too wide

    return textwrap.wrap(text, size, break_on_hyphens=False)
