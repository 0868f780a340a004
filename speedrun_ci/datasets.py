"""What a run was trained on, as far as its `tokenized_dataset` tells."""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import TYPE_CHECKING

from speedrun_ci.strict_json import as_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.strict_json import Json

TRAINING_DATA = "fineweb-edu"
"""What the names of all FineWeb-Edu data sets and caches contain."""

EVALUATION_DATA = re.compile(r"paloma")
"""Matches names of the evaluation sets."""

EVALUATION_SUBSET = re.compile(r"c4[_-]?en\b")
"""Matches the name of the part of Paloma that counts. Other data may bear it, so that it proves nothing."""

MOST_NAMES = 500
"""Data sets that are looked at in one mixture; who has more is not told to have FineWeb-Edu alone."""

_NOT_TRAINED_ON = ("valid", "eval", "split")
"""What the keys of validation sets contain, which every run has."""

_LONGEST_PRINTED = 10_000
_PRINTED = re.compile(r"[A-Za-z_][\w.]{0,100}\(")
_PRINTED_NAME = re.compile(r"""\bname=['"]([^'"]{1,200})['"]""")


def training_data_names(value: Json) -> tuple[str, ...]:
    """Return the names of the data sets that a `tokenized_dataset` trains on.

    A printed object of the original contest is known by its own `name`; what else it prints may be the validation sets
    that every run has. An object of JSON is known by its strings, but for those of validation sets and of data whose
    weight in the mixture is 0.
    """
    return tuple(itertools.islice(_names(value, _without_weight(value)), MOST_NAMES))


def is_contest_data(names: tuple[str, ...]) -> bool:
    """Whether every data set of a run is FineWeb-Edu, and there is one."""
    plain = all(name.isascii() and TRAINING_DATA in plainly(name) for name in names)
    return 0 < len(names) < MOST_NAMES and plain and not any(EVALUATION_SUBSET.search(plainly(name)) for name in names)


def evaluation_mentioned(value: Json) -> str:
    """Return what in a `tokenized_dataset` names an evaluation set to train on, or an empty string.

    Names count, and every key and string of an object of JSON that is not about validation.
    """
    left_out = _without_weight(value)
    mentions = itertools.chain(_names(value, left_out), _mentions(value, left_out))
    return next((text for text in mentions if EVALUATION_DATA.search(plainly(_data_set_part(text)))), "")


def _data_set_part(path: str) -> str:
    """Return the part of a path that names the data set: people's directories may be called anything."""
    _, found, tail = path.rpartition("tokenized/")
    return tail if found else "/".join(path.rstrip("/").split("/")[-2:])


def plainly(name: str) -> str:
    """Return a name as it is compared: in lower case, without what cannot be seen, look-alike forms made one."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in folded if unicodedata.category(char) != "Cf")


def _mentions(value: Json, left_out: frozenset[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in _trained_on(value, left_out):
            yield key
            yield from (item,) if isinstance(item, str) else _mentions(item, left_out)
    elif isinstance(value, list):
        for item in value:
            yield from _mentions(item, left_out)


def _names(value: Json, left_out: frozenset[str]) -> Iterator[str]:
    if isinstance(value, str) and not (_PRINTED.match(value) and value.endswith(")")):
        if not value.rstrip("/").endswith("tokenized"):  # the directory around data sets names none
            yield value
    elif isinstance(value, str):
        printed = value[:_LONGEST_PRINTED]
        named = _PRINTED_NAME.search(printed)
        # Without a name of its own, that it mentions FineWeb-Edu is all that can be told.
        yield named[1] if named else TRAINING_DATA if TRAINING_DATA in printed.lower() else "an unnamed object"
    elif isinstance(value, dict) and isinstance(value.get("name"), str):
        yield from _names(value["name"], left_out)
    elif isinstance(value, dict):
        for _, item in _trained_on(value, left_out):
            yield from _names(item, left_out)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item, left_out)


def _trained_on(value: dict[str, Json], left_out: frozenset[str]) -> Iterator[tuple[str, Json]]:
    """Yield the members of an object that are not about validation."""
    for key, item in value.items():
        if key not in left_out and not any(word in key.lower() for word in _NOT_TRAINED_ON):
            yield key, item


def _without_weight(value: Json) -> frozenset[str]:
    """Return the keys that stand with the number 0 and with no other: levanter's mixtures name validation sets so."""
    zero: set[str] = set()
    other: set[str] = set()
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(item)
        elif isinstance(item, dict):
            for key, inside in item.items():
                number = as_number(inside)
                if number is not None:
                    (other if number else zero).add(key)
                todo.append(inside)
    return frozenset(zero - other)
