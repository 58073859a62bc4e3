"""Reads TOML files that people write: typed values, and one clear message for what is none."""

import tomllib
from pathlib import Path
from typing import Any, Self

_LARGEST = 256 * 1024  # bytes of a file


class SettingsError(Exception):
    """A file cannot be used; the message names it, the key and what is expected."""


class Table:
    """One table of a file, read key by key."""

    def __init__(self, where: str, values: object) -> None:
        """`where`: how messages name the table."""
        if not isinstance(values, dict):
            raise SettingsError(f"{where} is {values!r}, not a table")
        self._where = where
        self._values: dict[str, Any] = values
        self._known: set[str] = set()

    @classmethod
    def read(cls, path: Path) -> Self:
        """The whole file; FileNotFoundError when there is none."""
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST + 1)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
        if len(data) > _LARGEST:
            raise SettingsError(f"{path} is larger than {_LARGEST} bytes")
        try:
            return cls(str(path), tomllib.loads(data.decode()))
        except (ValueError, RecursionError) as error:
            raise SettingsError(f"{path} is not TOML: {error}") from error

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._values

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty."""
        value = self._value(key, default)
        if not isinstance(value, str) or (not value and default != ""):
            raise self.wrong(key, "a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when it is not there."""
        value = self._value(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        """A whole number within limits."""
        value = self._value(key, default)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(key, f"a whole number from {least} to {most}")
        return value

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """A number within limits."""
        value = self._value(key, default)
        if type(value) not in (int, float) or not least <= value <= most:
            raise self.wrong(key, f"a number from {least:g} to {most:g}")
        return float(value)

    def flag(self, key: str) -> bool:
        """True or false; false when it is not there."""
        value = self._value(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def any(self, key: str, default: object) -> Any:
        """Any value."""
        return self._value(key, default)

    def table(self, key: str) -> "Table":
        """A table in this one; empty when it is not there."""
        return Table(f"{self._where}: {key}", self._value(key, {}))

    def tables(self, key: str) -> list["Table"]:
        """A list of tables; empty when it is not there."""
        value = self._value(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, "a list of tables")
        return [Table(f"{self._where}: {key} {n}", item) for n, item in enumerate(value, 1)]

    def end(self) -> None:
        """Nothing else may be in the table."""
        unknown = sorted(set(self._values) - self._known)
        if unknown:
            known = ", ".join(sorted(self._known))
            raise SettingsError(f"{self._where} has an unknown key {unknown[0]!r}; known: {known}")

    def wrong(self, key: str, expected: str) -> SettingsError:
        """The error for a value that is none of what is expected."""
        if key not in self._values:
            return SettingsError(f"{self._where} has no {key}, which is {expected}")
        return SettingsError(f"{self._where}: {key} is {self._values[key]!r}, not {expected}")

    def _value(self, key: str, default: object) -> Any:
        self._known.add(key)
        return self._values.get(key, default)
