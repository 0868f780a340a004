"""Reading a JSON object by its declaration."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speedrun_ci.fields import MAX_COUNT, MAX_SCHEDULE, Fault, Spec, key, read, read_key, show, specs
from speedrun_ci.strict_json import Json, pointer_to

LARGEST = 10**308 - 1

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@dataclass(frozen=True, slots=True)
class Inner:
    name: str | None = key("name", "text", "A name.", required=True)
    ratio: float | None = key("ratio", "number", "A ratio.", above=0)


@dataclass(frozen=True, slots=True)
class Outer:
    text: str | None = key("the text", "text", "Words.")
    count: int | None = key("count/~", "integer", "A count.", required=True, above=0)
    number: float | None = key("number", "number", "A figure.", above=0)
    free: float | None = key("free", "number", "Any figure.")
    inner: Inner | None = key("inner", "object", "An object.", model=Inner)
    plain: dict[str, Json] | None = key("plain", "object", "An object of any keys.")
    texts: tuple[str, ...] | None = key("texts", "texts", "Words.")
    batch: Any = key("batch", "batch", "A batch size.")
    anything: Json = key("anything", "any", "Anything.")
    derived: int = 7


FULL: dict[str, Json] = {
    "the text": "words",
    "count/~": 3,
    "number": 1.5,
    "free": -1.5,
    "inner": {"name": "x", "ratio": 0.5},
    "plain": {"a": [1]},
    "texts": ["a", ""],
    "batch": 128,
    "anything": [None],
    "unknown": 1,
}


def fault(wrong: tuple[Fault, ...]) -> tuple[str, str, str]:
    (only,) = wrong
    return only.kind, only.pointer, only.submitted


def test_read() -> None:
    expected = Outer("words", 3, 1.5, -1.5, Inner("x", 0.5), {"a": [1]}, ("a", ""), 128, [None])
    assert (expected, ()) == read(Outer, FULL)


def test_instances_are_frozen_and_the_object_is_left_as_it_was() -> None:
    before = repr(FULL)
    made, _ = read(Outer, FULL)
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.count = 4  # type: ignore[misc]
    assert before == repr(FULL)


def test_specs_name_the_fields_that_are_read() -> None:
    assert ["text", "count", "number", "free", "inner", "plain", "texts", "batch", "anything"] == [
        attribute for attribute, _ in specs(Outer)
    ]


@pytest.mark.parametrize("absent", [{}, {"count/~": None}])
def test_absent_and_null_give_none(absent: dict[str, Json]) -> None:
    nulls = {name: None for name in FULL if name != "count/~"}
    for value in (absent, {**nulls, **absent}):
        made, wrong = read(Outer, value, "/at")
        assert Outer() == made
        assert ("missing", "/at/count~1~0", "null" if absent else "nothing") == fault(wrong)


def test_faults_come_in_the_order_of_the_fields_with_pointers_and_words() -> None:
    value: dict[str, Json] = {"texts": 1, "inner": {"ratio": 0}, "count/~": "3", "the text": []}
    made, wrong = read(Outer, value, "/runs/0")
    assert Outer(inner=Inner()) == made
    assert (
        Fault("type", "/runs/0/the text", "a string", "a list", "Words."),
        Fault("type", "/runs/0/count~1~0", "a whole number above 0", '"3"', "A count."),
        Fault("missing", "/runs/0/inner/name", "a string", "nothing", "A name."),
        Fault("range", "/runs/0/inner/ratio", "a number above 0", "0", "A ratio."),
        Fault("type", "/runs/0/texts", "a list of strings", "1", "Words."),
    ) == wrong


def check(name: str, item: Json) -> tuple[object, str]:
    """Return the value of one key and the kind of its fault, or an empty string."""
    attribute, spec = next((attribute, spec) for attribute, spec in specs(Outer) if spec.key == name)
    made, wrong = read(Outer, {**FULL, name: item})
    assert read_key(spec, {name: item}, "") == (getattr(made, attribute), wrong)
    return getattr(made, attribute), wrong[0].kind if wrong else ""


@pytest.mark.parametrize(
    ("name", "item", "expected"),
    [
        ("count/~", 1, 1),
        ("count/~", 16.0, 16),
        ("count/~", 1e18, 10**18),
        ("count/~", MAX_COUNT - 1, MAX_COUNT - 1),
        ("number", 1, 1.0),
        ("number", 5e-324, 5e-324),
        ("number", LARGEST, 1e308),
        ("free", 0, 0.0),
        ("free", -LARGEST, -1e308),
        ("the text", "", ""),
        ("the text", "\u202e\0\ud800", "\u202e\0\ud800"),
        ("plain", {}, {}),
        ("texts", [], ()),
        ("anything", False, False),
        ("anything", {"a": 1}, {"a": 1}),
        ("batch", 1, 1),
        ("batch", 128.0, 128),
        ("batch", [{"start": 0, "value": 1}], [{"start": 0, "value": 1}]),
        (
            "batch",
            [{"start": 0.0, "value": 64.0, "note": "x"}, {"start": 100, "value": 128}],
            [{"start": 0, "value": 64}, {"start": 100, "value": 128}],
        ),
        (
            "batch",
            [{"start": start, "value": 2} for start in range(MAX_SCHEDULE)],
            [{"start": start, "value": 2} for start in range(MAX_SCHEDULE)],
        ),
    ],
)
def test_good_values(name: str, item: Json, expected: object) -> None:
    value, kind = check(name, item)
    assert ("", expected, type(expected)) == (kind, value, type(value))
    assert repr(expected) == repr(value)  # 16 and 16.0 are equal


@pytest.mark.parametrize(
    ("name", "item", "kind"),
    [
        ("count/~", 0, "range"),
        ("count/~", -1, "range"),
        ("count/~", -0.0, "range"),
        ("count/~", MAX_COUNT, "range"),
        ("count/~", -MAX_COUNT, "range"),
        ("count/~", LARGEST, "range"),
        ("count/~", 1e300, "range"),
        ("count/~", 1.5, "type"),
        ("count/~", 5e-324, "type"),
        ("count/~", True, "type"),
        ("count/~", False, "type"),
        ("count/~", "16", "type"),
        ("count/~", [16], "type"),
        ("count/~", {}, "type"),
        ("number", 0, "range"),
        ("number", -0.0, "range"),
        ("number", -5e-324, "range"),
        ("number", -LARGEST, "range"),
        ("number", True, "type"),
        ("number", "1.5", "type"),
        ("number", [], "type"),
        ("free", False, "type"),
        ("the text", 1, "type"),
        ("the text", True, "type"),
        ("the text", ["a"], "type"),
        ("plain", [], "type"),
        ("plain", "{}", "type"),
        ("inner", [], "type"),
        ("inner", "Ada", "type"),
        ("inner", 0, "type"),
        ("texts", "ab", "type"),
        ("texts", ["a", 1], "type"),
        ("texts", ["a", None], "type"),
        ("texts", {}, "type"),
        ("batch", 0, "type"),
        ("batch", -1, "type"),
        ("batch", 1.5, "type"),
        ("batch", True, "type"),
        ("batch", "128", "type"),
        ("batch", MAX_COUNT, "type"),
        ("batch", {}, "type"),
        ("batch", {"start": 0, "value": 1}, "type"),
        ("batch", [], "type"),
        ("batch", [128], "type"),
        ("batch", [None], "type"),
        ("batch", [{}], "type"),
        ("batch", [{"start": 0}], "type"),
        ("batch", [{"value": 1}], "type"),
        ("batch", [{"start": 1, "value": 1}], "type"),
        ("batch", [{"start": False, "value": 1}], "type"),
        ("batch", [{"start": 0, "value": 0}], "type"),
        ("batch", [{"start": 0, "value": True}], "type"),
        ("batch", [{"start": 0, "value": "1"}], "type"),
        ("batch", [{"start": 0, "value": 1.5}], "type"),
        ("batch", [{"start": "0", "value": 1}], "type"),
        ("batch", [{"start": [0], "value": 1}], "type"),
        ("batch", [{"start": 0, "value": MAX_COUNT}], "type"),
        ("batch", [{"start": 0, "value": 1}, {"start": 0, "value": 2}], "type"),
        ("batch", [{"start": 0, "value": 1}, {"start": 9, "value": 2}, {"start": 5, "value": 2}], "type"),
        ("batch", [{"start": 0, "value": 1}, {"start": "9", "value": 2}], "type"),
        ("batch", [{"start": 0, "value": 1}, {"start": 1.5, "value": 2}], "type"),
        ("batch", [{"start": 0, "value": 1}, 5], "type"),
        ("batch", [{"start": start, "value": 2} for start in range(MAX_SCHEDULE + 1)], "type"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_bad_values(name: str, item: Json, kind: str) -> None:
    assert (None, kind) == check(name, item)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (Spec("k", "text", ""), "a string"),
        (Spec("k", "number", "", above=0), "a number above 0"),
        (Spec("k", "object", ""), "an object"),
        (Spec("k", "texts", ""), "a list of strings"),
        (Spec("k", "any", ""), "any value"),
    ],
)
def test_describe(spec: Spec, words: str) -> None:
    assert words == spec.describe()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.0, "1.0"),
        (1e300, "1e+300"),
        (LARGEST, "9" * 59 + "…"),
        ("x", '"x"'),
        ("\n\u202e", '"\\n\\u202e"'),
        ("x" * 100, '"' + "x" * 59 + '…"'),
        ([1], "a list"),
        ({"a": 1}, "an object"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_show(value: Json, text: str) -> None:
    assert text == show(value)


@given(st.dictionaries(st.sampled_from(list(FULL)) | st.text(max_size=5), ANYTHING, max_size=8))
def test_any_object_is_read(value: dict[str, Json]) -> None:
    made, wrong = read(Outer, value, "/at")
    for one in wrong:
        assert one.pointer.startswith("/at/")
        assert (one.expected + one.submitted).isprintable()
        assert len(one.submitted) < 70
    # A key is either there, or null, or at fault.
    for attribute, spec in specs(Outer):
        submitted, faulty = value.get(spec.key), f"/at{pointer_to([spec.key])}" in {one.pointer for one in wrong}
        if submitted is None:
            assert None is getattr(made, attribute)
            assert spec.required == faulty
        elif spec.model is None:
            assert (getattr(made, attribute) is None) == faulty
