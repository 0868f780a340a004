"""What a run was trained on, as far as its `tokenized_dataset` tells."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.strict_json import Json

TRAINING_DATA = "fineweb-edu"
"""What the names of all FineWeb-Edu data sets and caches contain."""

EVALUATION_DATA = "paloma"
"""What the names of the evaluation sets contain."""

MOST_NAMES = 20
"""Data sets that are looked at in one mixture."""

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
    return bool(names) and all(TRAINING_DATA in name.lower() for name in names)


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
            if not any(word in key.lower() for word in ("valid", "eval", "split")):
                yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)
