"""How figures are written for people."""

from __future__ import annotations

import math

_PLAIN_BELOW = 1e7
_WHOLE_BELOW = 10**12
"""Above this, digits say less than the exponent."""


def number(value: object, digits: int = 4) -> str:
    """Return a figure as messages and tables print it, such as `2,599,944,192`, `1,125.4` or `8.265e18`.

    Args:
        value: An integer or a float; anything else is written as it prints.
        digits: Significant digits of what is not a whole number.
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if not math.isfinite(value):
        return "nothing that is a number" if math.isnan(value) else "more than a double holds"
    if float(value).is_integer() and abs(value) < _WHOLE_BELOW:
        return f"{int(value):,}"
    if 1e-3 <= abs(value) < _PLAIN_BELOW:
        decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 1)
        return f"{value:,.{decimals}f}"
    mantissa, exponent = f"{float(value):.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def pair(expected: object, submitted: object) -> tuple[str, str]:
    """Return two figures with just enough digits to tell them apart, if they differ."""
    for digits in (4, 6, 9, 12, 17):
        written = number(expected, digits), number(submitted, digits)
        if written[0] != written[1]:
            return written
    return written if expected == submitted else (repr(expected), repr(submitted))
