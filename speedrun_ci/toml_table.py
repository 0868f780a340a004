"""A TOML file that people write, read strictly: whatever is not known is an error of one line that says where."""

from __future__ import annotations

import datetime as dt


class TableError(ValueError):
    """A TOML file is wrong; the message is one line that names the file, the table and the key."""


def read_toml(text: str, name: str, top: tuple[str, ...]) -> dict[str, object]:
    """Return the top of a TOML document.

    Args:
        text: The document.
        name: How messages name it.
        top: The tables that may stand there, as one writes them: `[name]` or `[[name]]`.

    Raises:
        TableError: Not TOML, or another key stands at the top.
    """
    import tomllib  # here, because most runs of most commands never read a table

    try:
        document: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"{name}: not valid TOML: {error}") from error
    known = [table.strip("[]") for table in top]
    for key in document:
        if key not in known:
            raise TableError(f"{name}: unknown key {key!r}; only {', '.join(top)} tables may stand here")
    return document


class Table:
    """One TOML table, read key by key, so that what is never asked for is known to be unknown."""

    def __init__(self, raw: object, where: str) -> None:
        self.where = where
        if not isinstance(raw, dict):
            raise TableError(f"{where}: expected a table, found {raw!r}")
        self._raw: dict[str, object] = raw
        self._asked: set[str] = set()

    def error(self, key: str, problem: str) -> TableError:
        """Return the error for a problem with a key."""
        return TableError(f"{self.where}, {key}: {problem}")

    def wrong(self, key: str, expected: str) -> TableError:
        """Return the error for a value that is not as expected."""
        return self.error(key, f"expected {expected}, found {self._raw[key]!r}")

    def has(self, key: str) -> bool:
        """Whether the key is there; it is known from now on."""
        self._asked.add(key)
        return key in self._raw

    def get(self, key: str) -> object:
        """Return a value that must be there."""
        if not self.has(key):
            raise self.error(key, "missing")
        return self._raw[key]

    def text(self, key: str) -> str:
        """Return one line of text."""
        value = self.get(key)
        if not isinstance(value, str) or not value or value != value.strip() or not value.isprintable():
            raise self.wrong(key, "one line of text without spaces around it")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self.get(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def number(self, key: str, least: float, most: float, unit: str) -> float:
        """Return a number between two bounds."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.wrong(key, f"{unit} between {least:g} and {most:g}")
        return float(value)

    def count(self, key: str, most: int) -> int:
        """Return a whole number from 1 on."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise self.wrong(key, f"a whole number from 1 to {most}")
        return value

    def choice[Option: str](self, key: str, options: tuple[Option, ...]) -> Option:
        """Return one of the options."""
        value = self.get(key)
        for option in options:
            if value == option:
                return option
        raise self.wrong(key, "one of " + ", ".join(options))

    def date(self, key: str) -> dt.date:
        """Return a day."""
        value = self.get(key)
        if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
            raise self.wrong(key, "a day such as 2026-12-31, without quotes")
        return value

    def keys(self) -> tuple[str, ...]:
        """Return the keys there are."""
        return tuple(self._raw)

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return a list of tables."""
        value = self.get(key)
        if not isinstance(value, list) or not value:
            raise self.wrong(key, "a list of tables")
        return tuple(Table(item, f"{self.where}, {key}[{place}]") for place, item in enumerate(value))

    def end(self) -> None:
        """Raise if the table has a key that nobody asked for."""
        for key in self._raw:
            if key not in self._asked:
                raise TableError(f"{self.where}: unknown key {key!r}")
