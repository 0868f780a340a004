"""The equations between the figures of a run.

Each has one figure on its left and, on its right, what trusted code computes from other figures, from the declared
configuration and from our hardware table.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speedrun_ci.flops.architecture import DIMENSION_KEYS, PARAMETER_KEYS, NotCovered
from speedrun_ci.flops.formulas import BACKWARD_AND_FORWARD, flops_per_token, parameters
from speedrun_ci.numbers import number
from speedrun_ci.run_values import (
    BATCH_SIZE,
    DEVICE_FLOPS,
    FLOPS_PER_TOKEN,
    HARDWARE_FLOPS,
    MFU,
    MODEL_FLOPS,
    MODEL_SIZE,
    NUM_CHIPS,
    NUM_STEPS,
    REPLICAS,
    TOTAL_TOKENS,
    TRAINING_TIME,
    VOCAB_SIZE,
    evaluation_paths,
)
from speedrun_ci.strict_json import as_number, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from speedrun_ci.resources import Hardware
    from speedrun_ci.run_values import Path, Values
    from speedrun_ci.strict_json import Json
    from speedrun_ci.tolerances import Tolerances


@dataclass(frozen=True, slots=True)
class Identity:
    """One equation.

    Attributes:
        code: The rule that reports it.
        left: The figure on the left.
        compute: Computes the right-hand side; None where trusted code cannot.
        inputs: The values on the right, with the power in which each enters, or 0 where it is not a power.
        tolerance: Relative difference up to which both sides are equal.
        certain: Whether a difference proves something wrong, or only makes it likely.
        text: Writes the right-hand side with its values, for people.
    """

    code: str
    left: Path
    compute: Callable[[Values], float | None]
    inputs: Mapping[Path, int]
    tolerance: float
    certain: bool
    text: Callable[[Values], str]

    def right(self, values: Values) -> float | None:
        """Return the right-hand side, or None where it cannot be computed or is beyond a double."""
        value = self.compute(values)
        return value if value is not None and math.isfinite(value) else None

    def holds(self, values: Values) -> bool:
        """Whether both sides agree."""
        right = self.right(values)
        left = as_number(values.get(self.left))
        return right is not None and left is not None and close(left, right, self.tolerance)


def close(a: float, b: float, tolerance: float) -> bool:
    """Whether two figures are equal up to a relative tolerance."""
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=0.0)


def equations(values: Values, bounds: Tolerances) -> tuple[Identity, ...]:
    """Return every equation a run could have; the submitted values decide how the right sides are put together."""
    sequence, hardware = values.sequence_path, values.hardware
    # Also those that are absent: a key that was removed may be what is wrong.
    model_inputs: dict[Path, int] = {("model_config", key): 0 for key in DIMENSION_KEYS}
    if VOCAB_SIZE in values:
        model_inputs[VOCAB_SIZE] = 0
    with_length = {**model_inputs, **({sequence: 0} if sequence else {})}
    switches: dict[Path, int] = {
        ("model_config", key): 0 for key in PARAMETER_KEYS if isinstance(values.get(("model_config", key)), bool)
    }
    exact = bounds.product_tolerance
    return (
        _tokens(values, sequence, exact),
        _flops_per_token(with_length, exact),
        _model_flops(values, with_length, exact),
        _model_size({**model_inputs, **switches}, bounds.parameter_tolerance),
        _chips(values, hardware, exact),
        _peak(hardware, bounds.peak_tolerance if hardware.override is None else exact),
        _hardware_flops(values, hardware, exact),
        _mfu(exact),
        *(_bpb(dataset, bounds.bpb_tolerance) for dataset in _evaluated(values)),
    )


def _tokens(values: Values, sequence: Path | None, tolerance: float) -> Identity:
    submitted = values.get(BATCH_SIZE)

    @functools.cache
    def of_schedule(steps: float | None) -> float | None:
        """Sum the submitted schedule, which may be long and has no correction, once for each number of steps."""
        return _sequences(submitted, steps)

    def right(values: Values) -> float | None:
        steps, length = as_number(values.get(NUM_STEPS)), as_number(values.get(sequence)) if sequence else None
        batch = values.get(BATCH_SIZE)
        sequences = of_schedule(steps) if isinstance(batch, list) else _sequences(batch, steps)
        return None if sequences is None or length is None else sequences * length

    def text(values: Values) -> str:
        batch, steps, length = values.get(BATCH_SIZE), values.get(NUM_STEPS), values.get(sequence or ())
        size = number(batch) if isinstance(batch, (int, float)) else "scheduled"
        return f"{size} sequences x {number(steps)} steps x {number(length)} tokens"

    scheduled = isinstance(values.get(BATCH_SIZE), list)
    inputs = {BATCH_SIZE: 0 if scheduled else 1, NUM_STEPS: 0 if scheduled else 1}
    if sequence:
        inputs[sequence] = 1
    return Identity("SR301", TOTAL_TOKENS, right, inputs, tolerance, certain=True, text=text)


def _model_flops(values: Values, with_length: Mapping[Path, int], tolerance: float) -> Identity:
    per_token = FLOPS_PER_TOKEN in values

    def forward(values: Values) -> float | None:
        return as_number(values.get(FLOPS_PER_TOKEN)) if per_token else _formula(values)

    def right(values: Values) -> float | None:
        flops, tokens = forward(values), as_number(values.get(TOTAL_TOKENS))
        return None if flops is None or tokens is None else BACKWARD_AND_FORWARD * flops * tokens

    def text(values: Values) -> str:
        return f"3 x {number(forward(values))} FLOPs per token x {number(values.get(TOTAL_TOKENS))} tokens"

    inputs = {TOTAL_TOKENS: 1, **({FLOPS_PER_TOKEN: 1} if per_token else with_length)}
    return Identity("SR302", MODEL_FLOPS, right, inputs, tolerance, certain=True, text=text)


def _hardware_flops(values: Values, hardware: Hardware, tolerance: float) -> Identity:
    inputs = {TRAINING_TIME: 1}
    inputs |= {NUM_CHIPS: 1} if NUM_CHIPS in values else _count_inputs(values, hardware)
    inputs |= {DEVICE_FLOPS: 1} if DEVICE_FLOPS in values else _peak_inputs(hardware)

    def closest(values: Values) -> tuple[float, float, float] | None:
        """Return time, chips and peak, of all accepted readings those that come closest to what was submitted."""
        time, target = as_number(values.get(TRAINING_TIME)), as_number(values.get(HARDWARE_FLOPS))
        if time is None or target is None:
            return None
        readings = ((time, *pair) for pair in itertools.product(_chip_readings(values), _peak_readings(values)))
        return min(readings, key=lambda reading: abs(math.prod(reading) - target), default=None)

    def right(values: Values) -> float | None:
        reading = closest(values)
        return None if reading is None else math.prod(reading)

    def text(values: Values) -> str:
        time, chips, peak = closest(values) or (None, None, None)
        return f"{number(time)} s x {number(chips)} chip{'s' * (chips != 1)} x {number(peak)} FLOP/s"

    certain = DEVICE_FLOPS in values or _peak_is_certain(hardware)
    return Identity("SR303", HARDWARE_FLOPS, right, inputs, tolerance, certain=certain, text=text)


def _flops_per_token(inputs: Mapping[Path, int], tolerance: float) -> Identity:
    return Identity("SR304", FLOPS_PER_TOKEN, _formula, inputs, tolerance, certain=True, text=_model_text)


def _model_size(inputs: Mapping[Path, int], tolerance: float) -> Identity:
    def right(values: Values) -> float | None:
        model = values.architecture
        return None if isinstance(model, NotCovered) else parameters(model, values.vocabulary)

    return Identity("SR305", MODEL_SIZE, right, inputs, tolerance, certain=True, text=_model_text)


def _bpb(dataset: str, tolerance: float) -> Identity:
    bpb, loss, tokens, size = evaluation_paths(dataset)

    def right(values: Values) -> float | None:
        nats, count, length = (as_number(values.get(path)) for path in (loss, tokens, size))
        if nats is None or count is None or not length:
            return None
        return nats / math.log(2) * count / length

    def text(values: Values) -> str:
        nats, count, length = (number(values.get(path)) for path in (loss, tokens, size))
        return f"{nats} nats / ln 2 x {count} tokens / {length} bytes"

    inputs = {loss: 1, tokens: 1, size: -1}
    return Identity("SR306", bpb, right, inputs, tolerance, certain=True, text=text)


def _mfu(tolerance: float) -> Identity:
    def right(values: Values) -> float | None:
        flops, hardware = as_number(values.get(MODEL_FLOPS)), as_number(values.get(HARDWARE_FLOPS))
        return None if flops is None or not hardware else flops / hardware

    def text(values: Values) -> str:
        return f"{number(values.get(MODEL_FLOPS))} / {number(values.get(HARDWARE_FLOPS))} FLOPs"

    return Identity("SR307", MFU, right, {MODEL_FLOPS: 1, HARDWARE_FLOPS: -1}, tolerance, certain=True, text=text)


def _chips(values: Values, hardware: Hardware, tolerance: float) -> Identity:
    def right(values: Values) -> float | None:
        submitted = as_number(values.get(NUM_CHIPS)) or 0.0
        readings = values.hardware.chips
        return float(min(readings, key=lambda chips: abs(chips - submitted))) if readings else None

    def text(values: Values) -> str:
        hardware = values.hardware
        if hardware.slice is not None:
            return f"{number(hardware.count)} x {hardware.slice.name} with {number(hardware.slice.chips)} chips"
        named = hardware.accelerator.name if hardware.accelerator else hardware.name or f"unnamed {hardware.kind}"
        return f"{number(hardware.count)} x {shorten(named, 40)}"

    return Identity("SR401", NUM_CHIPS, right, _count_inputs(values, hardware), tolerance, certain=True, text=text)


def _peak(hardware: Hardware, tolerance: float) -> Identity:
    def right(values: Values) -> float | None:
        submitted = as_number(values.get(DEVICE_FLOPS)) or 0.0
        return min(values.hardware.peaks, key=lambda peak: abs(peak - submitted), default=None)

    def text(values: Values) -> str:
        hardware = values.hardware
        if hardware.override is not None:
            return "device_flops_override in resources"
        return f"the dense peak of one {hardware.accelerator.name}" if hardware.accelerator else "unknown hardware"

    certain = _peak_is_certain(hardware)
    return Identity("SR402", DEVICE_FLOPS, right, _peak_inputs(hardware), tolerance, certain=certain, text=text)


def _count_inputs(values: Values, hardware: Hardware) -> dict[Path, int]:
    inputs: dict[Path, int] = {}
    if hardware.count_key and ("resources", *hardware.count_key) in values:
        inputs["resources", *hardware.count_key] = 1
    if hardware.kind == "tpu" and hardware.name:
        inputs["resources", *hardware.name_key] = 0
    if REPLICAS in values:
        inputs[REPLICAS] = 1
    return inputs


def _peak_inputs(hardware: Hardware) -> dict[Path, int]:
    if hardware.override is not None:
        return {("resources", "device_flops_override"): 1}
    return {("resources", *hardware.name_key): 0} if hardware.name else {}


def _peak_is_certain(hardware: Hardware) -> bool:
    return hardware.override is not None or (hardware.accelerator is not None and hardware.accelerator.verified)


def _chip_readings(values: Values) -> tuple[float, ...]:
    chips = as_number(values.get(NUM_CHIPS))
    return tuple(map(float, values.hardware.chips)) if chips is None else (chips,)


def _peak_readings(values: Values) -> tuple[float, ...]:
    peak = as_number(values.get(DEVICE_FLOPS))
    return values.hardware.peaks if peak is None else (peak,)


def _formula(values: Values) -> float | None:
    model, length = values.architecture, values.length
    if isinstance(model, NotCovered) or length is None:
        return None
    return flops_per_token(model, values.vocabulary, length)


def _model_text(values: Values) -> str:
    return f"closed form of model_config, vocabulary {number(values.vocabulary)}"


def _evaluated(values: Values) -> tuple[str, ...]:
    return tuple(path[0][5:-4] for path in values if path[0].startswith("eval/") and path[0].endswith("/bpb"))


def _sequences(batch: Json, steps: float | None) -> float | None:
    """Return the sequences that all steps together take."""
    if steps is None:
        return None
    if not isinstance(batch, list):
        size = as_number(batch)
        return None if size is None else size * steps
    total = 0.0
    for entry, following in itertools.zip_longest(batch, batch[1:]):
        if not isinstance(entry, dict):
            return None
        start, size = as_number(entry.get("start")), as_number(entry.get("value"))
        end = as_number(following.get("start")) if isinstance(following, dict) else steps
        if start is None or size is None or end is None:
            return None
        total += size * max(min(end, steps) - start, 0.0)
    return total
