"""How figures are written."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from speedrun_ci.numbers import number, pair

FIGURES = st.floats(allow_nan=False) | st.integers(-(10**308) + 1, 10**308 - 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "nothing"),
        (True, "True"),
        ("v5p-32", "v5p-32"),
        (0, "0"),
        (0.0, "0"),
        (-0.0, "0"),
        (1, "1"),
        (16.0, "16"),
        (-16, "-16"),
        (999, "999"),
        (1000, "1,000"),
        (2_599_944_192, "2,599,944,192"),
        (2_599_944_192.0, "2,599,944,192"),
        (999_999_999_999, "999,999,999,999"),
        (1_000_000_000_000, "1.000e12"),
        (1125.36, "1,125.4"),
        (-1125.36, "-1,125.4"),
        (1.18, "1.180"),
        (0.42, "0.4200"),
        (0.001, "0.001000"),
        (0.00099, "9.900e-4"),
        (9_999_999.5, "9,999,999.5"),
        (10_000_000.5, "1.000e7"),
        (8.265e18, "8.265e18"),
        (-8.265e18, "-8.265e18"),
        (4.59e14, "4.590e14"),
        (5e-324, "4.941e-324"),
        (1.7976931348623157e308, "1.798e308"),
        (10**308 - 1, "1.000e308"),
        (math.inf, "more than a double holds"),
        (-math.inf, "more than a double holds"),
        (math.nan, "nothing that is a number"),
    ],
)
def test_number(value: object, expected: str) -> None:
    assert expected == number(value)


def test_digits() -> None:
    assert ["3.1", "3.14", "3.14159"] == [number(math.pi, digits) for digits in (2, 3, 6)]
    assert ["1.2e20", "1.235e20"] == [number(1.23456e20, digits) for digits in (2, 4)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((16, 32), ("16", "32")),
        ((1.18, 1.19), ("1.180", "1.190")),
        ((1.0001, 1.0002), ("1.00010", "1.00020")),
        ((1.1016e19, 1.1017e19), ("1.10160e19", "1.10170e19")),
        ((1500, 1500.00001), ("1,500", "1,500.0")),
        ((2**60, 2**60 + 1), ("1152921504606846976", "1152921504606846977")),
        ((1.0, math.nextafter(1.0, 2)), ("1", "1.000")),
        ((1e20, math.nextafter(1e20, 1e21)), ("1.0000000000000000e20", "1.0000000000000002e20")),
        ((None, "nothing"), ("None", "'nothing'")),
        ((True, "True"), ("True", "'True'")),
        ((None, 1), ("nothing", "1")),
        ((4, 4), ("4", "4")),
    ],
)
def test_pair(values: tuple[object, object], expected: tuple[str, str]) -> None:
    assert expected == pair(*values)


@given(FIGURES, FIGURES)
def test_pair_differs_when_the_values_differ(a: float, b: float) -> None:
    if a != b:
        assert pair(a, b)[0] != pair(a, b)[1]


@given(FIGURES)
@example(2**53)
@example(-(10**308) + 1)
def test_pair_differs_for_neighbours(a: float) -> None:
    b = a + 1 if isinstance(a, int) else math.nextafter(a, math.inf)
    if a != b:
        assert pair(a, b)[0] != pair(a, b)[1]


@given(FIGURES)
def test_number_is_one_short_line_that_says_about_the_same(value: float) -> None:
    text = number(value)
    assert text.isprintable()
    assert len(text) < 26
    if abs(value) < 1e308:  # rounded up, the largest are beyond a double
        assert math.isclose(float(text.replace(",", "")), float(value), rel_tol=1e-3)
