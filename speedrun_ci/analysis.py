"""What arithmetic says about a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from speedrun_ci.identities import equations
from speedrun_ci.run_values import DEVICE_FLOPS, HARDWARE_FLOPS, TRAINING_TIME, values_of
from speedrun_ci.strict_json import as_number
from speedrun_ci.tolerances import DEFAULTS, Tolerances
from speedrun_ci.wrong_sets import LARGEST_SET, explain

if TYPE_CHECKING:
    from speedrun_ci.flops.architecture import Architecture, NotCovered
    from speedrun_ci.identities import Identity
    from speedrun_ci.resources import Hardware
    from speedrun_ci.results import Run
    from speedrun_ci.run_values import Values
    from speedrun_ci.wrong_sets import WrongSet


@dataclass(frozen=True, slots=True)
class Analysis:
    """What arithmetic says about a run.

    Attributes:
        values: The submitted values.
        corrected: The values after the first alternative of every wrong set.
        possible: Every equation a run could have, also those whose left side it does not state.
        identities: Those of them that could be written down.
        wrong: What is wrong; empty if every equation holds.
        architecture: The model's shape, or why no formula covers it.
        hardware: The hardware its resources name.
        bounds: The tolerances it was made with.
    """

    values: Values
    corrected: Values
    possible: tuple[Identity, ...]
    identities: tuple[Identity, ...]
    wrong: tuple[WrongSet, ...]
    architecture: Architecture | NotCovered
    hardware: Hardware
    bounds: Tolerances

    @property
    def peak(self) -> float | None:
        """The peak of one chip behind the hardware FLOPs, as stated or implied; None if it is unclear."""
        stated = as_number(self.values.get(DEVICE_FLOPS))
        time, product = (as_number(self.values.get(path)) for path in (TRAINING_TIME, HARDWARE_FLOPS))
        if stated is not None or self.wrong or not time or not product or not self.hardware.chips:
            return stated
        implied = [product / time / chips for chips in self.hardware.chips]
        pairs = [(accepted, it) for accepted in self.hardware.peaks for it in implied]
        accepted, _ = min(pairs, key=lambda pair: abs(pair[0] - pair[1]) / pair[0], default=(None, None))
        return accepted


def analyse(run: Run, bounds: Tolerances = DEFAULTS, largest: int = LARGEST_SET) -> Analysis:
    """Write down a run's equations and explain those that fail.

    Args:
        run: The run.
        bounds: The tolerances.
        largest: Figures that may be wrong at once; with 0 the equations that fail are named and not explained.
    """
    values = values_of(run)
    possible = equations(values, bounds)
    identities = tuple(
        identity for identity in possible if identity.left in values and identity.compute(values) is not None
    )
    wrong = tuple(explain(identities, values, largest))
    first = [correction for item in wrong if item.alternatives for correction in item.alternatives[0]]
    corrected = values.corrected({correction.path: correction.expected for correction in first}) if first else values
    return Analysis(values, corrected, possible, identities, wrong, values.architecture, values.hardware, bounds)
