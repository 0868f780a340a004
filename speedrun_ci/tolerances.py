"""How far figures may be apart, and what they can be: every such bound, with the reason for it.

`[tolerances]` in speedrun.toml replaces any of them by name; a verdict then names its ruleset with `+speedrun.toml`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


def _bound(value: float, reason: str) -> Any:
    return dataclasses.field(default=value, metadata={"reason": reason})


@dataclass(frozen=True, slots=True)
class Tolerances:
    """The bounds. Those called tolerance are relative differences; each field's metadata has its `reason`."""

    product_tolerance: float = _bound(
        1e-6, "Products of figures that the file prints with 16 digits; older files carry a rounding or two more."
    )
    parameter_tolerance: float = _bound(
        5e-4, "Honest formulas leave out small norms and sinks: up to 8.7e-5 in real files."
    )
    peak_tolerance: float = _bound(
        1e-3, "Datasheets print three or four digits: one part is 989, 989.4 or 989.5 TFLOP/s in good faith."
    )
    bpb_tolerance: float = _bound(
        1e-3,
        "levanter averages the bits per byte of evaluation batches weighted by tokens, which differs from the ratio of "
        "the sums in the second order of the spread between batches.",
    )
    least_mfu: float = _bound(
        1e-4, "The slowest real run, a toy model on an A100, reached 0.0042; a real size below 0.0001 idles."
    )
    least_bpb: float = _bound(0.5, "The best open models of 2025 reach about 0.7 bits per byte on English web text.")
    largest_bpb: float = _bound(
        12.0,
        "Guessing among 128,256 tokens of 4.4 bytes on average costs 17 / 4.4 = 3.9; an untrained model can be a few "
        "times worse than guessing.",
    )
    compute_lead: float = _bound(
        5.0,
        "Of all known runs none is better than every other of up to five times its compute; the largest such lead, of "
        "a 75M model, is 4.05.",
    )
    epochs: float = _bound(10.0, "The data set has 10 billion tokens; repeating them more than ten times is no plan.")
    clock_skew_days: float = _bound(1.0, "Clocks and time zones of training hosts are wrong by less than a day.")
    demo_entropy_share: float = _bound(
        0.98,
        "The entropy of the built-in source bounds whole documents. An evaluation cuts them into sequences and does "
        "not score the first byte of each, which shifts a sample of some thousand bytes by well under 2%.",
    )
    readme_factor: float = _bound(
        2.0, "A README may leave out the embedding: a real one says 1.4B of a model of 2,136,049,664 parameters."
    )


DEFAULTS = Tolerances()
"""The bounds of the ruleset."""


def reasons() -> dict[str, tuple[float, str]]:
    """Return every bound's value in the ruleset and the reason for it, by name."""
    return {
        field.name: (getattr(DEFAULTS, field.name), field.metadata["reason"])
        for field in dataclasses.fields(Tolerances)
    }
