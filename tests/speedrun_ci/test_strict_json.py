"""Strict JSON: what is refused, where it stands, and that no input takes longer than its length deserves."""

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speedrun_ci.strict_json import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_PROBLEMS,
    Document,
    Json,
    Problem,
    parse,
    pointer_to,
    shorten,
    split_pointer,
)

LINEAR = 2.0
"""Seconds of CPU that no input within the size limit comes near, unless its cost is quadratic."""

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**308) + 1, 10**308 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


@contextmanager
def linear_time() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < LINEAR


def problems(text: str | bytes) -> list[Problem]:
    found = parse(text.encode() if isinstance(text, str) else text)
    assert not isinstance(found, Document)
    assert found
    return list(found)


def value(text: str | bytes) -> Json:
    found = parse(text.encode() if isinstance(text, str) else text)
    assert isinstance(found, Document)
    return found.value


def pointers(inside: Json, path: tuple[str, ...] = ()) -> Iterator[str]:
    yield pointer_to(path)
    if isinstance(inside, dict):
        for key, item in inside.items():
            yield from pointers(item, (*path, key))
    elif isinstance(inside, list):
        for index, item in enumerate(inside):
            yield from pointers(item, (*path, str(index)))


# Every kind of problem, with its pointer and line


@pytest.mark.parametrize(
    ("text", "kind", "pointer", "line"),
    [
        # syntax: the first place where the decoder cannot go on
        ("", "syntax", "", 1),
        (" \n ", "syntax", "", 2),
        ("{", "syntax", "", 1),
        ('{\n"a": 1, }', "syntax", "", 2),
        ('{\n"a": 1\n"b": 2\n}', "syntax", "", 3),
        ("[\n1, 2, ]", "syntax", "", 2),
        ("[1] [2]", "syntax", "", 1),
        ("{'a': 1}", "syntax", "", 1),
        ('{"a": 1 // remark\n}', "syntax", "", 1),
        ('{\n<<<<<<< HEAD\n"a": 1\n}', "syntax", "", 2),
        ("[01]", "syntax", "", 1),
        ("[1.]", "syntax", "", 1),
        ("[.5]", "syntax", "", 1),
        ("[+1]", "syntax", "", 1),
        ("[0x10]", "syntax", "", 1),
        ("[1_000]", "syntax", "", 1),
        ("[True]", "syntax", "", 1),
        ("[nan]", "syntax", "", 1),
        ("[-NaN]", "syntax", "", 1),
        ("[\u00a01]", "syntax", "", 1),
        ("[\uff11]", "syntax", "", 1),
        ('["a\nb"]', "syntax", "", 1),
        ('["\t"]', "syntax", "", 1),
        ('["\x1f"]', "syntax", "", 1),
        ('["\\x41"]', "syntax", "", 1),
        ('["\\u12"]', "syntax", "", 1),
        ('["\\', "syntax", "", 1),
        # duplicate keys: the second one
        ('{"a": 1,\n "b": 2,\n "a": 1}', "duplicate-key", "/a", 3),
        ('[{"a": {"b": 1,\n\n"b":\n2}}]', "duplicate-key", "/0/a/b", 4),
        ('{"a": 1, "\\u0061": 1}', "duplicate-key", "/a", 1),
        ('{"": 1, "": 2}', "duplicate-key", "/", 1),
        ('{"~/": 1, "~/": 2}', "duplicate-key", "/~0~1", 1),
        # not finite
        ("NaN", "not-finite", "", 1),
        ('{"a":\nInfinity}', "not-finite", "/a", 2),
        ("[\n0,\n-Infinity]", "not-finite", "/1", 3),
        # overflow
        ("1e999", "overflow", "", 1),
        ("[0, -1e999]", "overflow", "/1", 1),
        ("[1.8e308]", "overflow", "/0", 1),
        (f'{{"n":\n{"9" * 309}}}', "overflow", "/n", 2),
        (f'{{"n":\n-{"9" * 309}}}', "overflow", "/n", 2),
        (f"[{'7' * 6000}]", "overflow", "/0", 1),
        # encoding: half characters
        ('["\\ud800"]', "encoding", "/0", 1),
        ('["x",\n"\\udfff\\ud800"]', "encoding", "/1", 2),
        ('{"\\udc00": 1}', "encoding", "/\\udc00", 1),
        ('{"a":\n{"\\ud800x":\n[1, 2]}}', "encoding", "/a/\\ud800x", 3),
        ('["\\ud83d \\ude00"]', "encoding", "/0", 1),
        ('["\\uD800"]', "encoding", "/0", 1),
        # nesting
        ("[\n" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nesting", "", MAX_DEPTH + 1),
        ('{"a":\n' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1), "nesting", "", MAX_DEPTH + 1),
    ],
)
def test_problem(text: str, kind: str, pointer: str, line: int) -> None:
    (problem,) = problems(text)
    assert (kind, pointer, line) == (problem.kind, problem.pointer, problem.line)


@pytest.mark.parametrize(
    ("data", "line", "submitted"),
    [
        (b"\xef\xbb\xbf{}", 1, "a byte order mark"),
        ('{"a": 1}'.encode("utf-16"), 1, "UTF-16"),
        (b"\xfe\xff" + '{"a": 1}'.encode("utf-16-be"), 1, "UTF-16"),
        ('{"a": 1}'.encode("utf-16-le"), 1, "a NUL byte (is this UTF-16?)"),
        ('{"a": 1}'.encode("utf-16-be"), 1, "a NUL byte (is this UTF-16?)"),
        ('{"a": 1}'.encode("utf-32"), 1, "UTF-16"),
        (b'{"a":\n\n"\0"}', 3, "a NUL byte (is this UTF-16?)"),
        (b'["caf\xe9"]', 1, "byte 0xe9 (invalid continuation byte)"),
        (b'[\n"\xff"]', 2, "byte 0xff (invalid start byte)"),
        (b'["\xed\xa0\x80"]', 1, "byte 0xed (invalid continuation byte)"),
        (b'["\xc0\xaf"]', 1, "byte 0xc0 (invalid start byte)"),
        (b'["\xe2\x82', 1, "byte 0xe2 (unexpected end of data)"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, line: int, submitted: str) -> None:
    (problem,) = problems(data)
    assert ("encoding", "", line, submitted) == (problem.kind, problem.pointer, problem.line, problem.submitted)


def test_size() -> None:
    assert "a" * (MAX_BYTES - 2) == value('"' + "a" * (MAX_BYTES - 2) + '"')
    (problem,) = problems('"' + "a" * (MAX_BYTES - 1) + '"')
    assert Problem("size", "", None, "at most 1,048,576 bytes", "1,048,577 bytes") == problem


def test_nesting_as_deep_as_allowed() -> None:
    assert isinstance(value("[" * MAX_DEPTH + "]" * MAX_DEPTH), list)
    assert ["[[{{" * 50] == value(json.dumps(["[[{{" * 50]))
    assert [{}, []] * 100 == value(json.dumps([{}, []] * 100))


def test_several_problems_in_one_file_in_the_order_of_the_text() -> None:
    text = '{"a": NaN,\n"a": 1,\n"b": [1e999, {"c": 1, "c": Infinity}],\n"\\ud800": -Infinity,\n"d": "\\udc00"}'
    assert [
        ("not-finite", "/a", 1),
        ("duplicate-key", "/a", 2),
        ("overflow", "/b/0", 3),
        ("duplicate-key", "/b/1/c", 3),
        ("not-finite", "/b/1/c", 3),
        ("encoding", "/\\ud800", 4),
        ("not-finite", "/\\ud800", 4),
        ("encoding", "/d", 5),
    ] == [(problem.kind, problem.pointer, problem.line) for problem in problems(text)]


def test_problems_are_bounded() -> None:
    assert MAX_PROBLEMS == len(problems("[" + "NaN," * 1000 + "NaN]"))
    assert MAX_PROBLEMS == len(problems("[" + '"\\ud800",' * 1000 + "1]"))


@pytest.mark.parametrize(
    "text",
    [
        "[NaNx]",  # the decoder meets NaN before it meets the error
        "[NaN]]",
        "[NaN, ]",
        '[NaN, "',
        "NaN NaN",
        "[1e999x]",
        "[Infinity}",
        '{"a": 1, "a": 2}}',
        '{"a": 1, "a": 2},]',
        f"[{'9' * 400}]]",
        '{"a": Infinity, 1}',
    ],
)
def test_a_problem_before_a_syntax_error_does_not_hide_it(text: str) -> None:
    assert ["syntax"] == [problem.kind for problem in problems(text)]


def test_messages_are_short_and_print() -> None:
    texts = (
        '{"\\u202e\\n\\u0000": NaN}',
        '{"' + "k" * 100_000 + '": NaN}',
        '["\\ud800' + "a" * 1000 + '"]',
        "[" + "9" * 1000 + "]",
        "[\u202e" + "x" * 1000 + "]",
        '{"a": \x1b[31m}',
    )
    for text in texts:
        for problem in problems(text):
            shown = problem.pointer + problem.expected + problem.submitted
            assert shown.isprintable()
            assert len(shown) < 400


# What looks wrong and is right


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"NaN": "Infinity"}', {"NaN": "Infinity"}),
        ('["-Infinity", "1e999", "\\"NaN\\"", "[[[[", "a\\\\"]', ["-Infinity", "1e999", '"NaN"', "[[[[", "a\\"]),
        ('["\\ud83d\\ude00", "😀"]', ["😀", "😀"]),
        ('{"\\ud83d\\ude00": 1}', {"😀": 1}),
        ('["\\\\ud800"]', ["\\ud800"]),
        ('{"a": {"a": [{"a": 1}, {"a": 2}]}}', {"a": {"a": [{"a": 1}, {"a": 2}]}}),
        ('["\\u0000\\u202e\\n"]', ["\0\u202e\n"]),
        ('["\u202e\u2028"]', ["\u202e\u2028"]),
        (" \r\n\t[1 , 2]\r\n", [1, 2]),
        ("[-0, -0.0, 1E5, 1e-999, 0.1]", [0, -0.0, 1e5, 0.0, 0.1]),
        ("[9007199254740993]", [2**53 + 1]),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("null", None),
        ('""', ""),
    ],
)
def test_accepted(text: str, expected: Json) -> None:
    assert expected == value(text)


def test_a_long_fraction_is_a_plain_number() -> None:
    assert [1 / 9] == value("[0." + "1" * 100_000 + "]")


@pytest.mark.parametrize("sign", ["", "-"])
def test_integers_of_308_digits_compare_with_floats(sign: str) -> None:
    number = value(sign + "9" * 308)
    assert isinstance(number, int)
    assert math.isfinite(float(number))
    assert (sign == "-") == (number < 1.5)
    assert 0.0 == float(number) % 1
    assert ["overflow"] == [problem.kind for problem in problems(sign + "1" + "0" * 308)]  # 1e308 fits, but has 309


# Time


@pytest.mark.parametrize(
    "text",
    [
        '"' * 300_000,
        '"' + "\\" * 300_000,
        '"' + '\\"' * 150_000,
        ('"' + "\\" * 999) * 300,
        "[" * 200_000,
        "]" * 200_000 + "[" * 200_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 60_000,
        "[" + "[]," * 20_000 + "[]]",
        "{" + '"a":1,' * 50_000 + '"a":NaN}',
        "[" + "NaN," * 20_000 + "NaN]",
        "[" + "NaN," * 20_000,
        "[" + "9" * 6000 + "]",
        "9" * 1_000_000,
        "[" + ",".join(["9" * 308] * 1000) + "]",
        "[" + ",".join(["9" * 6000] * 150) + "]",
        "1" * 500_000 + "." + "1" * 500_000,
        "1e" + "9" * 1_000_000,
        "0." + "0" * 999_000 + "1",
        " " * 300_000,
        "\n" * 300_000 + "x",
        "[" + "1,\n" * 20_000 + "NaN]",
        '["' + "\\ud83d\\ude00" * 15_000 + '"]',
        "[" + '"\\ud83d\\ude00",' * 20_000 + "1]",
        '["' + "\\ud800" * 50_000 + '"]',
        '{"' + "a" * 700_000 + '":' + "[" + "1," * 20_000 + "NaN]}",
        '{"' + "a" * 700_000 + '":' + "[" + "1," * 20_000 + '"\\ud800"]}',
    ],
    ids=lambda text: text[:12] + f"…{len(text)}",
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    assert len(text) <= MAX_BYTES
    with linear_time():
        parse(text.encode())


def test_lines_below_a_key_of_a_million_letters_take_linear_time() -> None:
    key = "a" * 700_000
    document = parse(f'{{"{key}": [{"1," * 20_000}\n2]}}'.encode())
    assert isinstance(document, Document)
    last = f"/{key}/20000"
    with linear_time():
        assert {last: 2, f"/{key}": 1} == document.lines([last, f"/{key}", f"/{key}/20001"])


# Lines and pointers


def test_lines() -> None:
    text = '{\n  "a": {\n    "b~/c": [\n      10,\n      {"": null}\n    ],\n    "d":\n    "x\\ny"\n  }\n}\n'
    document = parse(text.encode())
    assert isinstance(document, Document)
    wanted = {"": 1, "/a": 2, "/a/b~0~1c": 3, "/a/b~0~1c/0": 4, "/a/b~0~1c/1": 5, "/a/b~0~1c/1/": 5, "/a/d": 8}
    assert wanted == document.lines(wanted)
    assert {} == document.lines(["/b", "/a/b~0~1c/2", "/a/b~0~1c/-1", "/a/d/0", "/a/b~0~1c/00"])


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ([], ""),
        ([""], "/"),
        (["a", "0"], "/a/0"),
        (["a/b"], "/a~1b"),
        (["m~n"], "/m~0n"),
        (["~1"], "/~01"),
        (["/~/"], "/~1~0~1"),
    ],
)
def test_pointers(path: list[str], pointer: str) -> None:
    assert pointer == pointer_to(path)
    assert path == split_pointer(pointer)


@given(st.lists(st.text()))
def test_split_pointer_is_the_inverse(path: list[str]) -> None:
    assert path == split_pointer(pointer_to(path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", "abc"),
        ("abcdefghij", "abcdefghij"),
        ("abcdefghijk", "abcdefghi…"),
        ("a\nb", "a\\nb"),
        ("\u202e", "\\u202e"),
        ("\ud800", "\\ud800"),
        ("é😀", "é😀"),
        ("\0" * 10, "\\x00\\x00\\…"),
    ],
)
def test_shorten(text: str, expected: str) -> None:
    assert expected == shorten(text, 10)


# Properties


@given(JSON_VALUES, st.sampled_from([None, 0, 2]), st.booleans())
def test_any_value_comes_back_and_every_pointer_has_a_line(given_value: Json, indent: int, ascii_only: bool) -> None:
    text = json.dumps(given_value, indent=indent, ensure_ascii=ascii_only)
    document = parse(text.encode())
    assert isinstance(document, Document)
    assert repr(given_value) == repr(document.value)  # 1 == 1.0 == True, but they are not the same JSON
    known = list(pointers(given_value))
    lines = document.lines(known)
    assert set(known) == set(lines)
    assert 1 == lines[""]
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
    if indent is None or not isinstance(given_value, (dict, list)):
        assert {1} == set(lines.values())
    else:
        # Indented text has one value a line, in the order of the document.
        numbers = [lines[pointer] for pointer in known]
        assert sorted(set(numbers)) == numbers


def strict(text: str) -> bool:
    """Whether the text obeys every rule but nesting, told by other means than the parser's."""

    def distinct(pairs: list[tuple[str, object]]) -> object:
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys))
        return dict(pairs)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    def integer(digits: str) -> int:
        assert len(digits.lstrip("-")) <= 308
        return int(digits)

    def real(number: str) -> float:
        assert math.isfinite(float(number))
        return float(number)

    try:
        read = json.loads(text, object_pairs_hook=distinct, parse_constant=refuse, parse_int=integer, parse_float=real)
        json.dumps(read, ensure_ascii=False).encode()
    except (AssertionError, UnicodeEncodeError):
        return False
    return True


def well_formed(text: str) -> bool:
    try:
        json.loads(text, parse_int=float)
    except json.JSONDecodeError:
        return False
    return True


STRUCTURE = ["{", "}", "[", "]", ",", ":", '"', "\\", " ", "\n", '"a"', '"a":', '{"a":1,"a":2}', "[]", '"\\ud800"', "x"]
SCALARS = [
    "0",
    "1",
    "-",
    ".5",
    "e",
    "1e999",
    "9" * 309,
    "NaN",
    "Infinity",
    "true",
    "null",
    '"\\ud83d\\ude00"',
    "\u2028",
]
PIECES = st.sampled_from([*STRUCTURE, *SCALARS])


@settings(max_examples=200)
@given(st.binary(max_size=60) | st.lists(PIECES, max_size=12).map(lambda parts: "".join(parts).encode()))
@example(b"[NaNx]")
@example(b'{"a":1,"a":1}]')
def test_any_bytes_are_judged_as_python_judges_them(data: bytes) -> None:
    found = parse(data)
    kinds = set() if isinstance(found, Document) else {problem.kind for problem in found}
    assert isinstance(found, Document) == (not kinds)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        assert {"encoding"} == kinds
        return
    if "\0" in text or text.startswith("\ufeff"):
        assert {"encoding"} == kinds
    elif not well_formed(text):
        assert {"syntax"} == kinds
    elif strict(text):
        assert isinstance(found, Document)
        assert json.loads(text) == found.value
    else:
        assert kinds
        assert kinds <= {"duplicate-key", "not-finite", "overflow", "encoding"}


@settings(max_examples=60)
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), JSON_VALUES, min_size=1, max_size=4), st.data())
def test_a_duplicate_inserted_anywhere_is_found(members: dict[str, Json], data: st.DataObject) -> None:
    around = data.draw(st.lists(st.sampled_from(["list", "object"]), max_size=4))
    key = data.draw(st.sampled_from(sorted(members)))
    texts = [f"{json.dumps(name)}: {json.dumps(item)}" for name, item in members.items()]
    old = list(members).index(key)
    new = data.draw(st.integers(0, len(texts)))
    texts.insert(new, f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(data.draw(JSON_VALUES))}")
    text = "{" + ",\n".join(texts) + "}"
    path = [key]
    for wrapping in around:
        text = f"[0, {text}]" if wrapping == "list" else f'{{"in": {text}}}'
        path.insert(0, "1" if wrapping == "list" else "in")
    (problem,) = problems(text)
    later = max(new, old + (new <= old))
    assert ("duplicate-key", later + 1) == (problem.kind, problem.line)
    assert pointer_to(shorten(name, 200) for name in path) == problem.pointer
