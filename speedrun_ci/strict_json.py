"""JSON as a stranger may send it: strict, bounded, and with lines to point at.

Python's decoder accepts duplicate keys, NaN, Infinity, numbers beyond a double and lone surrogates.
A results file with any of these has no single meaning, so each is a problem of its own.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

type ProblemKind = Literal["size", "encoding", "syntax", "nesting", "duplicate-key", "not-finite", "overflow"]

MAX_BYTES = 1024 * 1024
"""A real results file of one run has 3 to 5 KB; this leaves room for some 200 runs in one file."""

MAX_DEPTH = 32
"""Real files nest 6 deep. Python's decoder recurses, so the bound comes before it."""

MAX_INTEGER_DIGITS = 308
"""A double ends near 1.8e308; every integer of this many digits can be compared with one."""

MAX_PROBLEMS = 20
"""Nobody reads a hundred findings about one file."""

_BRACKET_OR_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_LEXEME = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{},:]|[^\s\[\]{},:"]++', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a text is not strict JSON.

    Attributes:
        kind: Which way.
        pointer: JSON pointer of the value concerned, or empty.
        line: One-based line, or None where the whole text is concerned.
        expected: What would be accepted.
        submitted: What stands there, shortened.
    """

    kind: ProblemKind
    pointer: str
    line: int | None
    expected: str
    submitted: str


@dataclass(frozen=True, slots=True)
class Document:
    """A strict JSON text and its value."""

    text: str
    value: Json

    def lines(self, pointers: Iterable[str]) -> dict[str, int]:
        """Return the one-based line of each pointer's value; a pointer to nothing is left out."""
        wanted = {tuple(split_pointer(pointer)): pointer for pointer in pointers}
        return {wanted[value.path]: value.line for value in _values(self.text) if value.path in wanted}


def pointer_to(path: Iterable[str]) -> str:
    """Return the JSON pointer (RFC 6901) for a sequence of keys and indices."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


def split_pointer(pointer: str) -> list[str]:
    """Return the keys and indices of a JSON pointer; the inverse of `pointer_to`."""
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]


def as_number(value: Json) -> float | None:
    """Return a JSON number as a float, or None for anything else; true and false are no numbers."""
    return None if isinstance(value, bool) or not isinstance(value, (int, float)) else float(value)


def as_whole(value: Json) -> int | None:
    """Return a whole JSON number as an integer, however it is written (16 or 16.0), or None for anything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def parse(data: bytes) -> Document | tuple[Problem, ...]:
    """Read strict JSON, or say everything that keeps it from being that.

    Args:
        data: The file's bytes.

    Returns:
        The document, or at least one problem. Time and memory are linear in `len(data)`.
    """
    if len(data) > MAX_BYTES:
        return (Problem("size", "", None, f"at most {MAX_BYTES:,} bytes", f"{len(data):,} bytes"),)
    text = _decode(data)
    if isinstance(text, Problem):
        return (text,)
    deep = _too_deep(text)
    if deep is not None:
        return (deep,)
    watch = _Watch()
    try:
        value = json.loads(
            text,
            object_pairs_hook=watch.members,
            parse_constant=watch.constant,
            parse_float=watch.real,
            parse_int=watch.integer,
        )
    except json.JSONDecodeError as error:
        found = shorten(text[error.pos : error.pos + 20]) or "the end of the file"
        return (Problem("syntax", "", error.lineno, f"JSON ({error.msg.lower()})", found),)
    if watch.loose or _SURROGATE_ESCAPE.search(text):
        problems = tuple(islice(_problems(text), MAX_PROBLEMS))
        if problems:
            return problems
    return Document(text, value)


def shorten(text: str, limit: int = 60) -> str:
    """Return hostile text in a form that fits a one-line message: printable, and at most `limit` characters."""
    cut = text[: limit + 1]
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _decode(data: bytes) -> str | Problem:
    for mark, name in ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\xef\xbb\xbf", "a byte order mark")):
        if data.startswith(mark):
            return Problem("encoding", "", 1, "UTF-8 without a byte order mark", name)
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        return Problem("encoding", "", line, "UTF-8 text", "a NUL byte (is this UTF-16?)")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem("encoding", "", line, "UTF-8 text", f"byte 0x{data[error.start]:02x} ({error.reason})")


def _too_deep(text: str) -> Problem | None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return None  # as in nearly every file
    depth = 0
    for match in _BRACKET_OR_STRING.finditer(text):
        char = match.group()[0]
        if char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                line = text.count("\n", 0, match.start()) + 1
                return Problem("nesting", "", line, f"at most {MAX_DEPTH} levels of nesting", f"{depth} levels or more")
        elif char in "]}":
            depth -= 1
    return None


class _Watch:
    """The decoder's hooks. They note that something has no single meaning and let the decoder go on to the end.

    Stopping it there would leave the rest unread, and only of a text that is known to be well formed can the places of
    what is wrong be told.
    """

    def __init__(self) -> None:
        self.loose = False

    def members(self, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        made = dict(pairs)
        self.loose |= len(made) != len(pairs)
        return made

    def constant(self, _: str) -> None:
        self.loose = True

    def real(self, number: str) -> float:
        value = float(number)
        self.loose |= math.isinf(value)
        return value

    def integer(self, number: str) -> int:
        # The digit bound comes first: converting decimal digits to an integer is quadratic.
        if _too_many_digits(number):
            self.loose = True
            return 0
        return int(number)


def _too_many_digits(integer: str) -> bool:
    return len(integer) - integer.startswith("-") > MAX_INTEGER_DIGITS


@dataclass(frozen=True, slots=True)
class _Value:
    """A value's place: the keys and indices that lead to it, its line, and its first lexeme."""

    path: tuple[str, ...]
    line: int
    first: str
    repeated: bool


def _values(text: str) -> Iterator[_Value]:
    """Yield the place of every value of a text that is known to be well formed."""
    path: list[str] = []  # one pointer token per open container
    keys: list[set[str] | None] = []  # per open container: the keys seen, or None for an array
    expect_key = repeated = False
    line, counted = 1, 0
    for match in _LEXEME.finditer(text):
        lexeme = match.group()
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if lexeme == ":":
            expect_key = False
        elif lexeme == ",":
            if keys[-1] is None:
                path[-1] = str(int(path[-1]) + 1)
            else:
                expect_key = True
        elif lexeme in ("]", "}"):
            path.pop()
            keys.pop()
            expect_key = False
        elif expect_key and keys[-1] is not None:
            path[-1] = json.loads(lexeme)
            repeated = path[-1] in keys[-1]
            keys[-1].add(path[-1])
        else:
            yield _Value(tuple(path), line, lexeme, repeated)
            repeated = False
            if lexeme in ("[", "{"):
                keys.append(None if lexeme == "[" else set())
                path.append("0" if lexeme == "[" else "")
                expect_key = lexeme == "{"


def _problems(text: str) -> Iterator[Problem]:
    """Yield everything in a well-formed text that has no single meaning."""
    for value in _values(text):
        if value.repeated:
            yield _problem_at(value, "duplicate-key", "each key once", "the same key again")
        if value.path and not _encodable(value.path[-1]):
            yield _problem_at(value, "encoding", "whole characters", "half of a surrogate pair in the key")
        if value.first[0] == '"':
            if _SURROGATE_ESCAPE.search(value.first) and not _encodable(json.loads(value.first)):
                shown = f"half of a surrogate pair in {shorten(value.first, 24)}"
                yield _problem_at(value, "encoding", "whole characters", shown)
        elif value.first in ("NaN", "Infinity", "-Infinity"):
            yield _problem_at(value, "not-finite", "a finite number", value.first)
        elif value.first[0] in "-0123456789" and not _fits_double(value.first):
            yield _problem_at(value, "overflow", "a number that a double can hold", shorten(value.first, 24))


def _problem_at(value: _Value, kind: ProblemKind, expected: str, submitted: str) -> Problem:
    # A key may be megabytes long, and a pointer repeats it.
    pointer = pointer_to(shorten(key, 200) for key in value.path)
    return Problem(kind, pointer, value.line, expected, submitted)


def _fits_double(number: str) -> bool:
    # Only integers are cut at the digit bound: a long fraction has a plain value.
    if number.lstrip("-").isdigit() and _too_many_digits(number):
        return False
    return math.isfinite(float(number))


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
