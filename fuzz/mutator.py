"""Mutates a results file as a JSON value: what random bytes would take ages to hit."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from speedrun_ci.fields import specs
from speedrun_ci.flops.architecture import (
    DIMENSION_KEYS,
    LENGTH_KEYS,
    NEUTRAL_KEYS,
    PARAMETER_KEYS,
    UNGATED_ACTIVATIONS,
)
from speedrun_ci.hardware import accelerators
from speedrun_ci.results import C4, EVALUATION_KEYS, SYNTHETIC, RunInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_WORD_BYTES = 64
"""libFuzzer takes no longer words into a dictionary."""

LEXEMES = (
    *("{", "}", "[", "]", ",", ":", "{}", "[]", '"', "\\", "\n", '""', "null", "true", "false", "0", "-0", "-1"),
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e308", "5e-324", "1e-999", "0.5", "1E+5", "-", ".", "e"),
    *("\\u0000", "\\ud800", "\\udfff", "\\ud83d\\ude00", "\\n", "\\/", "\\", "\x7f", "\u202e", "\u2028", "\ufeff"),
)
"""Pieces of JSON and of what is nearly JSON."""

EXTREMES = (
    *("0", "-0.0", "1", "-1", "2", "3.5", "1e15", "4294967296", "9007199254740993", "281474976710656"),
    *("9223372036854775807", "9223372036854775808", "1e300", "1.7976931348623157e308", "5e-324", "-1e308"),
    *("9" * 308, "9" * 309, "1e999", "NaN", "-Infinity", "null", "true", "false", "{}", "[]", '[["paloma"]]'),
    *('""', '"none"', '"auto"', '"\\ud800"', '"\\u202e\\n\\u0000"', f'"{"a" * 300}"', '"fineweb-edu-10B"'),
    *(
        '"https://wandb.ai/a/b/runs/c"',
        '"https://[x/runs/y"',
        '"2025-10-02 06:24:34 UTC"',
        '"9999-12-31T23:59:59-23:59"',
    ),
    *('[{"start":0,"value":1},{"start":9,"value":2}]', '{"kind":"tpu","variant":"v5p-32"}'),
    '{"kind":"gpu","variant":"H100","count":8}',
    *(f'"{name}"' for name in UNGATED_ACTIVATIONS),
)
"""Values at the edges of what a key may hold, and beyond."""

FACTORS = (2.0, 0.5, 3.0, 1 / 3, 1 + 1e-6, 1 - 1e-3, 1000.0, 1e-9, 1e200, -1.0)
"""What tampering multiplies a figure by, and what brings it to the edge of a tolerance or of a double."""


class Raw(str):
    """JSON that is written as it stands."""

    __slots__ = ()


class Members(list[Any]):
    """An object's members as lists of a key and a value; a key may be there twice."""


def known_keys() -> tuple[str, ...]:
    """Return every key that the declarations of the results file know."""
    keys = ["runs", "run_info", "start", "value", *DIMENSION_KEYS, *LENGTH_KEYS, *PARAMETER_KEYS, *sorted(NEUTRAL_KEYS)]
    models: list[type[Any]] = [RunInfo]
    for model in models:  # grows as it goes
        for _, spec in specs(model):
            keys.append(spec.key)
            if spec.model is not None:
                models.append(spec.model)
    keys += [f"eval/{dataset}/{name}" for dataset in (C4, SYNTHETIC) for name in EVALUATION_KEYS]
    return tuple(dict.fromkeys(keys))


def dictionary() -> str:
    """Return a libFuzzer dictionary of the format's keys and of JSON's lexemes."""
    names = [name for part in accelerators() for name in (part.name, *(f"{it}-8" for it in part.slice_prefixes))]
    words = [*(f'"{key}":' for key in known_keys()), *(f'"{name}"' for name in names), *LEXEMES, *EXTREMES]
    data = [word.encode() for word in dict.fromkeys(words)]
    return "".join(f'"{"".join(f"\\x{byte:02x}" for byte in it)}"\n' for it in data if len(it) <= MOST_WORD_BYTES)


def mutate(data: bytes, most: int, seed: int, by_bytes: Callable[[bytes, int], bytes]) -> bytes:
    """Return a mutation of an input.

    Args:
        data: The input.
        most: Bytes the mutation may have.
        seed: Decides what is done.
        by_bytes: The fuzzer's own mutator, for every other input and for what is no JSON.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    if rng.random() < 0.5:
        return by_bytes(data, most)
    try:
        value = json.loads(data, object_pairs_hook=_members, parse_int=Raw, parse_float=Raw, parse_constant=Raw)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            value = _changed(value, rng)
        made = _written(value, rng.choice(("", "", " ", "\n")), ascii_only=rng.random() < 0.8)
    except (ValueError, RecursionError):
        return by_bytes(data, most)
    encoded = made.encode("utf-8", "surrogatepass")
    return encoded if len(encoded) <= most else by_bytes(data, most)


def _members(pairs: list[tuple[str, Any]]) -> Members:
    return Members([key, value] for key, value in pairs)


def _slots(value: Any) -> Iterator[tuple[list[Any], int]]:
    """Yield every place of a value: the list that holds it, and the index in it."""
    todo = [value]
    while todo:
        inside = todo.pop()
        holders = (
            [(pair, 1) for pair in inside] if isinstance(inside, Members) else [(inside, n) for n in range(len(inside))]
        )
        for holder, index in holders:
            yield holder, index
            if isinstance(holder[index], list):
                todo.append(holder[index])


def _changed(value: Any, rng: random.Random) -> Any:
    """Return the value with one thing changed, in place where that is possible."""
    root = [value]
    slots = [(root, 0), *(_slots(value) if isinstance(value, list) else ())]
    holder, index = rng.choice(slots)
    old = holder[index]
    match rng.randrange(10):
        case 0 | 1:
            holder[index] = Raw(rng.choice(EXTREMES))
        case 2 | 3:
            holder[index] = _scaled(old, rng)
        case 4:
            other, at = rng.choice(slots)
            holder[index] = _copy(other[at])  # a copy, for a value must not hold itself
        case 5:
            for _ in range(rng.choice((1, 1, 2, 30, 40))):
                old = [old] if rng.random() < 0.5 else Members([[rng.choice(known_keys()), old]])
            holder[index] = old
        case _:
            _members_changed(rng.choice([it[at] for it, at in slots if isinstance(it[at], list)] or [[]]), rng)
    return root[0]


def _members_changed(inside: list[Any], rng: random.Random) -> None:
    """Delete, repeat, rename, move or add a member of an object or a list."""
    is_object = isinstance(inside, Members)
    if not inside or rng.random() < 0.25:
        new = Raw(rng.choice(EXTREMES))
        if is_object and rng.random() < 0.1:
            inside += [[f"eval/{n}/{name}", new] for n in range(rng.choice((2, 20))) for name in EVALUATION_KEYS]
        inside.insert(rng.randint(0, len(inside)), [rng.choice(known_keys()), new] if is_object else new)
        return
    index = rng.randrange(len(inside))
    match rng.randrange(4):
        case 0:
            del inside[index]
        case 1:
            inside.extend(_copy(inside[index]) for _ in range(rng.choice((1, 1, 2, 20))))
        case 2 if is_object:
            inside[index][0] = rng.choice(
                (*known_keys(), f"eval/{rng.randrange(99)}/bpb", "", "~/", "\ud800", "\n", "k" * 250)
            )
        case _:
            inside.insert(rng.randrange(len(inside)), inside.pop(index))


def _scaled(value: Any, rng: random.Random) -> Any:
    """Return a number times a factor, as tampering would leave it; anything else as it is."""
    try:
        number = float(value) * rng.choice(FACTORS) if isinstance(value, Raw) else None
    except ValueError:
        return value
    if number is None:
        return value
    return Raw(json.dumps(int(number) if abs(number) < 1e18 and rng.random() < 0.5 else number))


def _copy(value: Any) -> Any:
    return type(value)(map(_copy, value)) if isinstance(value, list) else value


def _written(value: Any, gap: str, *, ascii_only: bool) -> str:
    if isinstance(value, Members):
        pairs = (
            f"{_written(key, gap, ascii_only=ascii_only)}:{gap}{_written(it, gap, ascii_only=ascii_only)}"
            for key, it in value
        )
        return f"{{{gap}{f',{gap}'.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{gap}{f',{gap}'.join(_written(item, gap, ascii_only=ascii_only) for item in value)}]"
    return value if isinstance(value, Raw) else json.dumps(value, ensure_ascii=ascii_only)
