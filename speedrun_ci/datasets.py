"""What a run was trained on, as far as its `tokenized_dataset` tells."""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import TYPE_CHECKING

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
    that every run has. An object of JSON is known by its strings, but for those of validation sets.
    """
    return tuple(itertools.islice(_names(value), MOST_NAMES))


def is_contest_data(names: tuple[str, ...]) -> bool:
    """Whether every data set of a run is FineWeb-Edu, and there is one."""
    plain = all(name.isascii() and TRAINING_DATA in plainly(name) for name in names)
    return 0 < len(names) < MOST_NAMES and plain and not any(EVALUATION_SUBSET.search(plainly(name)) for name in names)


def evaluation_mentioned(value: Json) -> str:
    """Return what in a `tokenized_dataset` names an evaluation set to train on, or an empty string.

    Names count, and every key and string of an object of JSON that is not about validation.
    """
    mentions = itertools.chain(_names(value), _mentions(value))
    return next((text for text in mentions if EVALUATION_DATA.search(plainly(text))), "")


def plainly(name: str) -> str:
    """Return a name as it is compared: in lower case, without what cannot be seen, look-alike forms made one."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in folded if unicodedata.category(char) != "Cf")


def _mentions(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if not any(word in key.lower() for word in _NOT_TRAINED_ON):
                yield key
                yield from (item,) if isinstance(item, str) else _mentions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _mentions(item)


def _names(value: Json) -> Iterator[str]:
    if isinstance(value, str) and not (_PRINTED.match(value) and value.endswith(")")):
        yield value
    elif isinstance(value, str):
        printed = value[:_LONGEST_PRINTED]
        named = _PRINTED_NAME.search(printed)
        # Without a name of its own, that it mentions FineWeb-Edu is all that can be told.
        yield named[1] if named else TRAINING_DATA if TRAINING_DATA in printed.lower() else "an unnamed object"
    elif isinstance(value, dict) and isinstance(value.get("name"), str):
        yield from _names(value["name"])
    elif isinstance(value, dict):
        for key, item in value.items():
            if not any(word in key.lower() for word in _NOT_TRAINED_ON):
                yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)
