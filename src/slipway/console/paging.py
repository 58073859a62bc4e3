"""Long lists, a page at a time: `?page=2&size=50`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from starlette.requests import Request

from slipway.domain.errors import InvalidInput

SIZE, LARGEST = 50, 200  # items of a page

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Page(Generic[_Item]):
    """Some items of a list that has `total`; `number` counts from 1."""

    items: Sequence[_Item]
    number: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        """How many there are; a list without items has one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Number of the first item here, from 1; 0 where there is none."""
        return (self.number - 1) * self.size + 1 if self.items else 0

    @property
    def last(self) -> int:
        """Number of the last item here."""
        return self.first + len(self.items) - 1 if self.items else 0

    @classmethod
    def of(cls, items: Sequence[_Item], number: int, size: int) -> "Page[_Item]":
        """A page of items that are all at hand."""
        begin = (number - 1) * size
        return cls(items[begin : begin + size], number, size, len(items))


def page_request(request: Request, size: int = SIZE) -> tuple[int, int]:
    """Number and size of the page that the URL asks for, `size` where it names none; raises
    InvalidInput."""
    return _number(request, "page", 1, None), _number(request, "size", size, LARGEST)


def _number(request: Request, name: str, default: int, largest: int | None) -> int:
    text = request.query_params.get(name) or str(default)
    if text.isascii() and text.isdigit() and len(text) < 10:
        number = int(text)
        if number >= 1 and (largest is None or number <= largest):
            return number
    upto = f" to {largest}" if largest else ""
    raise InvalidInput(f"{name} is {text[:80]!r}", hint=f"It takes a whole number from 1{upto}")
