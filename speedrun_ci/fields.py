"""Frozen dataclasses that describe a JSON object, and the one function that reads them from a stranger's JSON.

A format is declared once, as a dataclass whose fields carry a `Spec`. `read` makes an instance and lists everything
that is wrong with the object; `speedrun_ci.schema` derives the JSON Schema from the same declaration.
pydantic would do both, but importing it costs two thirds of the time that a check may take (DESIGN section 13), so
only the schema command pays for it.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from speedrun_ci.strict_json import as_whole, pointer_to, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from speedrun_ci.strict_json import Json

type Kind = Literal["text", "number", "integer", "object", "texts", "batch", "any"]

MAX_COUNT = 2**63
"""No count in a run reaches it; sums and products of smaller ones stay far inside a double."""

MAX_SCHEDULE = 1000
"""Steps of a batch schedule; honest ones have a handful."""


@dataclass(frozen=True, slots=True)
class Spec:
    """How one key of an object looks.

    Attributes:
        key: The key in the file.
        kind: The type of its value; `batch` is a batch size or a schedule of batch sizes.
        doc: What it means, with its unit.
        required: Whether the key must be present and not null.
        above: The value must be greater than this.
        most: The largest value there can be.
        model: The dataclass of a nested object.
    """

    key: str
    kind: Kind
    doc: str
    required: bool = False
    above: float | None = None
    most: int | None = None
    model: type | None = None

    def describe(self) -> str:
        """Return what a value of this key must be, for a message."""
        words = {
            "text": "a string",
            "number": "a number",
            "integer": "a whole number",
            "object": "an object",
            "texts": "a list of strings",
            "batch": "a positive whole number or a schedule [{start, value}, ...] whose first start is 0",
            "any": "any value",
        }[self.kind]
        if self.above is not None:
            words += f" above {self.above:g}"
        if self.most is not None:
            words += f", at most {self.most:,}"
        return words


@dataclass(frozen=True, slots=True)
class Fault:
    """One key that is not as its `Spec` says.

    Attributes:
        kind: Whether the key is missing, has another type, or is out of range.
        pointer: JSON pointer of the key, from the object that was read.
        expected: What it must be.
        submitted: What it is, shortened.
        doc: What the key means.
    """

    kind: Literal["missing", "type", "range"]
    pointer: str
    expected: str
    submitted: str
    doc: str


_SPECS: dict[type[Any], tuple[tuple[str, Spec], ...]] = {}


def specs(model: type[Any]) -> tuple[tuple[str, Spec], ...]:
    """Return the attribute name and the `Spec` of every field of `model` that has one."""
    if model not in _SPECS:
        _SPECS[model] = tuple(
            (field.name, field.metadata["spec"]) for field in dataclasses.fields(model) if "spec" in field.metadata
        )
    return _SPECS[model]


def key(
    name: str,
    kind: Kind,
    doc: str,
    *,
    required: bool = False,
    above: float | None = None,
    most: int | None = None,
    model: type | None = None,
) -> Any:
    """Declare a dataclass field that is read from the key `name`; absent and null give None."""
    spec = Spec(name, kind, doc, required, above, most, model)
    return dataclasses.field(default=None, metadata={"spec": spec})


def read[T](model: type[T], value: Mapping[str, Json], where: str = "") -> tuple[T, tuple[Fault, ...]]:
    """Read an object as `model`.

    Args:
        model: A frozen dataclass whose fields carry a `Spec`.
        value: The object.
        where: JSON pointer of the object, put before the pointers of faults.

    Returns:
        The instance, in which every faulty key is None, and the faults in the order of the fields.
    """
    made: dict[str, Any] = {}
    faults: list[Fault] = []
    for attribute, spec in specs(model):
        made[attribute], wrong = read_key(spec, value, where)
        faults.extend(wrong)
    return model(**made), tuple(faults)


def read_key(spec: Spec, value: Mapping[str, Json], where: str) -> tuple[Any, tuple[Fault, ...]]:
    """Read one key of an object; the value is None where the key is absent, null or faulty."""
    pointer = where + pointer_to([spec.key])
    item = value.get(spec.key)
    if item is None:
        if not spec.required:
            return None, ()
        got = "null" if spec.key in value else "nothing"
        return None, (Fault("missing", pointer, spec.describe(), got, spec.doc),)
    if spec.model is not None and isinstance(item, dict):
        return read(spec.model, item, pointer)
    wrong = _wrong(spec, item)
    if wrong is not None:
        return None, (Fault(wrong, pointer, spec.describe(), show(item), spec.doc),)
    return _normal(spec, item), ()


def show(value: Json) -> str:
    """Return a value as a message quotes it."""
    if isinstance(value, str):
        return f'"{shorten(value)}"'
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else shorten(repr(value))


def _wrong(spec: Spec, value: Json) -> Literal["type", "range"] | None:
    match spec.kind:
        case "any":
            return None
        case "text":
            return None if isinstance(value, str) else "type"
        case "object":
            return None if isinstance(value, dict) else "type"
        case "texts":
            return None if isinstance(value, list) and all(isinstance(item, str) for item in value) else "type"
        case "batch":
            return None if _is_batch(value) else "type"
        case "number" | "integer":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return "type"
            if spec.kind == "integer" and (not float(value).is_integer() or abs(value) >= MAX_COUNT):
                return "range" if abs(value) >= MAX_COUNT else "type"
            too_small = spec.above is not None and not value > spec.above
            return "range" if too_small or (spec.most is not None and value > spec.most) else None


def _normal(spec: Spec, value: Json) -> object:
    if spec.kind == "integer":
        return int(value)  # type: ignore[arg-type]  # _wrong let only numbers pass
    if spec.kind == "number":
        return float(value)  # type: ignore[arg-type]
    if spec.kind == "texts":
        return tuple(value)  # type: ignore[arg-type]
    if spec.kind == "batch" and isinstance(value, list):
        return [{name: int(step[name]) for name in ("start", "value")} for step in value]  # type: ignore[index, call-overload, arg-type]
    if spec.kind == "batch":
        return int(value)  # type: ignore[arg-type]
    return value


def _is_batch(value: Json) -> bool:
    if isinstance(value, list):
        starts = [step.get("start") for step in value if isinstance(step, dict)]
        values = [step.get("value") for step in value if isinstance(step, dict)]
        return (
            0 < len(value) == len(starts) <= MAX_SCHEDULE
            and starts[0] == 0
            and all(_is_count(start, 0) for start in starts)
            and all(_is_count(size, 1) for size in values)
            and all(a < b for a, b in itertools.pairwise(starts))  # type: ignore[operator]
        )
    return _is_count(value, 1)


def _is_count(value: Json, least: int) -> bool:
    number = as_whole(value)
    return number is not None and least <= number < MAX_COUNT
