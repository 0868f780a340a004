"""The smallest set of figures that is wrong.

The equations overlap, so one wrong figure breaks several of them: `explain` looks for the smallest set of figures whose
correction makes every equation hold.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speedrun_ci.flops.architecture import PARAMETER_KEYS, Architecture, is_inert, least_dimension
from speedrun_ci.hardware import accelerators
from speedrun_ci.run_values import (
    BATCH_SIZE,
    DEVICE_FLOPS,
    HARDWARE_FLOPS,
    LARGEST_WHOLE,
    MODEL_SIZE,
    NUM_CHIPS,
    NUM_STEPS,
    OVERRIDE,
    REPLICAS,
    TOTAL_TOKENS,
    TRAIN_SEQ_LEN,
    TRAINING_TIME,
    VOCAB_SIZE,
)
from speedrun_ci.strict_json import as_number
from speedrun_ci.tolerances import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from speedrun_ci.identities import Identity
    from speedrun_ci.run_values import Path, Values
    from speedrun_ci.strict_json import Json

LARGEST_SET = 3
"""More than three figures wrong at once has no smallest explanation worth reading."""

_WHOLE = {TOTAL_TOKENS, MODEL_SIZE, NUM_CHIPS, VOCAB_SIZE, BATCH_SIZE, NUM_STEPS, TRAIN_SEQ_LEN}


@dataclass(frozen=True, slots=True)
class Correction:
    """What one figure would have to be.

    Attributes:
        path: The figure.
        submitted: What it is.
        expected: What it would have to be.
    """

    path: Path
    submitted: Json
    expected: Json


@dataclass(frozen=True, slots=True)
class WrongSet:
    """A group of equations that fail together, and the smallest corrections that mend them.

    Attributes:
        identity: The equation under which it is reported.
        broken: All equations of the group.
        alternatives: Sets of corrections, all of the same smallest size; empty if none was found.
    """

    identity: Identity
    broken: tuple[Identity, ...]
    alternatives: tuple[tuple[Correction, ...], ...]

    @property
    def certain(self) -> bool:
        """Whether something is proved wrong."""
        return any(identity.certain for identity in self.broken)


def explain(identities: Sequence[Identity], values: Values, largest: int = LARGEST_SET) -> Iterator[WrongSet]:
    """Yield the smallest wrong set of every group of equations that fail together.

    Args:
        identities: The equations.
        values: The submitted values.
        largest: Figures that may be wrong at once; with 0 nothing is searched for.
    """
    broken = [identity for identity in identities if not identity.holds(values)]
    for group in _groups(broken):
        others = [identity for identity in broken if identity not in group]
        relevant = [identity for identity in identities if identity not in others]
        search = _Search(relevant, values)
        alternatives: tuple[tuple[Correction, ...], ...] = ()
        for size in range(1, largest + 1):
            found = (search.mend(chosen) for chosen in _suspects(group, relevant, values, size))
            alternatives = tuple(corrections for corrections in found if corrections)
            if alternatives:
                break
        yield WrongSet(_reported_as(group, alternatives), tuple(group), alternatives)


def _suspects(group: list[Identity], relevant: list[Identity], values: Values, size: int) -> Iterator[tuple[Path, ...]]:
    """Yield the sets of values that might mend a group: one of its own, and others that equations tie to them.

    A second wrong value may hide behind the first: cut FLOPs per token and model FLOPs alike, and only the formula
    for the former fails. Of these others only reported figures are tried, since they are what gets adjusted to fit.
    """
    own = list(dict.fromkeys(path for identity in group for path in (identity.left, *identity.inputs)))
    tied = [
        path
        for identity in relevant
        if {identity.left, *identity.inputs} & set(own)
        for path in (identity.left, *identity.inputs)
        if len(path) == 1 and path not in own
    ]
    # A key that is absent may be what is wrong, but together with another it explains anything.
    stated = [path for path in own if path in values]
    candidates = own if size == 1 else list(dict.fromkeys([*stated, *tied]))
    if size > 2:
        candidates = [path for path in candidates if len(path) == 1 or path[0] == "train_config"]
    for chosen in itertools.combinations(candidates, size):
        # Two wrong dimensions of a model explain anything; two wrong figures still mean something.
        dimensions = sum(path[0] == "model_config" for path in chosen)
        if dimensions <= 1 and any(path in own for path in chosen):
            yield chosen


def _groups(broken: list[Identity]) -> list[list[Identity]]:
    """Join the broken equations that share a value."""
    groups: list[tuple[set[Path], list[Identity]]] = []
    for identity in broken:
        paths = {identity.left, *identity.inputs}
        members = [identity]
        rest = []
        for group_paths, group in groups:
            if group_paths & paths:
                paths |= group_paths
                members = [*group, *members]
            else:
                rest.append((group_paths, group))
        groups = [*rest, (paths, members)]
    return [members for _, members in groups]


def _reported_as(group: list[Identity], alternatives: tuple[tuple[Correction, ...], ...]) -> Identity:
    blamed = [correction.path for corrections in alternatives for correction in corrections]
    for identity in group:
        if identity.left in blamed:
            return identity
    return group[0]


class _Search:
    """Looks for corrections that mend equations. What it found out once it knows: many sets of values share a step."""

    def __init__(self, identities: Sequence[Identity], values: Values) -> None:
        self._identities = identities
        self._values = values
        self._broken: dict[object, list[Identity]] = {}
        self._solved: dict[object, tuple[Json, ...]] = {}

    def mend(self, free: tuple[Path, ...], made: tuple[Correction, ...] = ()) -> tuple[Correction, ...]:
        """Return corrections of exactly the free values that after those made mend every equation, or nothing."""
        state = tuple((correction.path, correction.expected) for correction in made)
        values = self._values.corrected(dict(state)) if state else self._values
        if not free:
            return made if all(identity.holds(values) for identity in self._identities) else ()
        if state not in self._broken:
            self._broken[state] = [identity for identity in self._identities if not identity.holds(values)]
        broken = self._broken[state]
        if any(not _involved(identity, free) for identity in broken):
            return ()
        for identity in broken:
            involved = _involved(identity, free)
            if len(involved) > 1:
                continue
            path = involved[0]
            rest = tuple(other for other in free if other != path)
            step = (state, identity.left, path)
            if step not in self._solved:
                self._solved[step] = tuple(_possible(identity, path, values))
            for expected in self._solved[step]:
                found = self.mend(rest, (*made, Correction(path, values.get(path), expected)))
                if found:
                    return found
        return ()


def _possible(identity: Identity, path: Path, values: Values) -> Iterator[Json]:
    """Yield the other values of one figure that make one equation hold and a model that can be built."""
    for expected in _solutions(identity, path, values):
        if expected != values.get(path) and not _unbuildable(path, values.corrected({path: expected})):
            yield expected


def _involved(identity: Identity, free: tuple[Path, ...]) -> list[Path]:
    """Return those of the free values that enter an equation."""
    return [path for path in free if path == identity.left or path in identity.inputs]


def _unbuildable(path: Path, values: Values) -> bool:
    """Whether a correction makes a model that nobody would build."""
    model = values.architecture
    return path[0] == "model_config" and isinstance(model, Architecture) and (bool(model.flaw) or model.is_uneven)


def _solutions(identity: Identity, path: Path, values: Values) -> Iterator[Json]:
    """Yield the values of one figure that make one equation hold, given all other figures."""
    right = identity.right(values)
    left = as_number(values.get(identity.left))
    if left is None:
        return
    if path == identity.left:
        if right is not None:
            yield from _rounded(path, right)
        return
    power = identity.inputs[path]
    value = values.get(path)
    if path == OVERRIDE:
        yield None  # our own peak
    if path == REPLICAS and values.hardware.slice is not None:
        # As a number of hosts they do not multiply, so the equation need not follow them.
        chips = as_number(values.get(NUM_CHIPS)) or _chips_at_the_peak(values)
        yield from _rounded(path, chips / values.hardware.slice.chips)
    if power and right and isinstance(value, (int, float)):
        yield from _rounded(path, value * (left / right) if power > 0 else value * (right / left))
    else:
        yield from _searched(identity, path, values, left)


def _rounded(path: Path, value: float) -> Iterator[Json]:
    if not math.isfinite(value):
        return
    counted = path in _WHOLE or path[-1].endswith(("/tokens", "/bytes"))
    whole = counted or (path[0] in ("model_config", "resources") and path[-1] != "device_flops_override")
    if not whole:
        yield value
    elif 1 <= round(value) < LARGEST_WHOLE:
        yield round(value)


def _searched(identity: Identity, path: Path, values: Values, target: float) -> Iterator[Json]:
    key = path[-1]
    if key in PARAMETER_KEYS:
        yield is_inert(values.get(path))
    elif path[0] == "resources":
        yield from _other_hardware(values)
    elif path == BATCH_SIZE and not isinstance(values.get(path), int):
        return  # a schedule has no single correction
    else:
        if key == "head_dim" or least_dimension(key) == 0:
            yield None
        if key == "num_heads":
            yield from _head_counts(values)  # not monotone: heads grow narrower as they grow more
        yield from _bisected(identity, path, values, target)


def _head_counts(values: Values) -> Iterator[int]:
    """Yield the numbers of heads that divide the width of the model, up to a thousand."""
    hidden = as_number(values.get(("model_config", "hidden_dim"))) or 0.0
    yield from (heads for heads in range(1, 1025) if hidden % heads == 0)


def _bisected(identity: Identity, path: Path, values: Values, target: float) -> Iterator[int]:
    """Yield the whole number at which a right-hand side that grows with it reaches the target."""

    def right(candidate: int) -> float:
        return identity.right(values.corrected({path: candidate})) or 0.0

    low, high = 1, 2**32
    while low < high:
        middle = (low + high) // 2
        if right(middle) < target * (1 - identity.tolerance):
            low = middle + 1
        else:
            high = middle
    yield low


def _other_hardware(values: Values) -> Iterator[Json]:
    """Yield the names of other parts or slices, those first whose own peak is what was submitted."""
    hardware = values.hardware
    stated = as_number(values.get(NUM_CHIPS)) or (hardware.chips[0] if hardware.chips else 1)
    rate = _rate(values)
    used = as_number(values.get(DEVICE_FLOPS)) or (rate / stated if rate else 0.0)
    rounding = DEFAULTS.peak_tolerance
    for part in sorted(accelerators(), key=lambda part: abs(part.peak_flops - used) > part.peak_flops * rounding):
        if hardware.kind == "gpu" and part.kind == "gpu":
            yield part.name
        elif hardware.kind == "tpu" and part.kind == "tpu" and hardware.count:
            per_chip = (part.cores_per_chip or 1) if part.slice_counts == "cores" else 1
            for chips in dict.fromkeys((stated, rate / part.peak_flops if rate else stated)):
                size = chips * per_chip / hardware.count
                if math.isfinite(size):
                    yield from (f"{prefix}-{round(size)}" for prefix in part.slice_prefixes)


def _chips_at_the_peak(values: Values) -> float:
    """Return the chips that the hardware FLOPs imply, or 0."""
    rate, peaks = _rate(values), values.hardware.peaks
    return rate / peaks[0] if rate and peaks else 0.0


def _rate(values: Values) -> float | None:
    """Return the FLOP/s of all chips together that the hardware FLOPs imply."""
    time, product = as_number(values.get(TRAINING_TIME)), as_number(values.get(HARDWARE_FLOPS))
    return product / time if time and product else None
