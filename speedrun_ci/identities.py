"""The equations between the figures of a run, and the smallest set of figures that is wrong.

Each equation has one figure on its left and, on its right, what trusted code computes from other figures, from the
declared configuration and from our hardware table. The equations overlap, so one wrong figure breaks several of
them: `explain` therefore looks for the smallest set of figures whose correction makes every equation hold.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speedrun_ci.flops.architecture import (
    DIMENSION_KEYS,
    LENGTH_KEYS,
    PARAMETER_KEYS,
    Architecture,
    NotCovered,
    is_inert,
    read_architecture,
    relevant_keys,
)
from speedrun_ci.flops.formulas import BACKWARD_AND_FORWARD, DEFAULT_VOCABULARY, flops_per_token, parameters
from speedrun_ci.hardware import PEAK_TOLERANCE, accelerators
from speedrun_ci.numbers import number
from speedrun_ci.resources import DEVICE_KEYS, RESOURCE_KEYS, Hardware, read_resources
from speedrun_ci.strict_json import as_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from speedrun_ci.results import Run
    from speedrun_ci.strict_json import Json

type Path = tuple[str, ...]
"""Keys from the `run_info` object to a value."""

type Values = Mapping[Path, Json]
"""Every value of a run that enters an equation, by its path. Corrections are made on copies."""

EXACT = 1e-6
"""Relative tolerance of products: files print 16 digits, and older ones carry a rounding or two more."""

PARAMETER_TOLERANCE = 5e-4
"""Honest formulas leave out small norms and sinks: up to 8.7e-5 in real files."""

BPB_TOLERANCE = 1e-3
"""levanter averages the bits per byte of evaluation batches weighted by tokens, which is not exactly the ratio of the
sums: the difference is of second order in the spread between batches."""

LARGEST_SET = 3
"""More than three figures wrong at once has no smallest explanation worth reading."""

TOTAL_TOKENS: Path = ("total_tokens",)
FLOPS_PER_TOKEN: Path = ("model_flops_per_token",)
MODEL_FLOPS: Path = ("model_flops",)
MODEL_SIZE: Path = ("model_size",)
TRAINING_TIME: Path = ("training_time",)
HARDWARE_FLOPS: Path = ("training_hardware_flops",)
NUM_DEVICES: Path = ("num_devices",)
NUM_CHIPS: Path = ("num_chips",)
DEVICE_FLOPS: Path = ("device_flops",)
MFU: Path = ("mfu",)
VOCAB_SIZE: Path = ("vocab_size",)
BATCH_SIZE: Path = ("train_config", "train_batch_size")
NUM_STEPS: Path = ("train_config", "num_train_steps")
TRAIN_SEQ_LEN: Path = ("train_config", "train_seq_len")

_WHOLE = {TOTAL_TOKENS, MODEL_SIZE, NUM_CHIPS, VOCAB_SIZE, BATCH_SIZE, NUM_STEPS, TRAIN_SEQ_LEN}
_LARGEST_WHOLE = 2**48


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
    """

    values: Values
    corrected: Values
    possible: tuple[Identity, ...]
    identities: tuple[Identity, ...]
    wrong: tuple[WrongSet, ...]
    architecture: Architecture | NotCovered
    hardware: Hardware


def close(a: float, b: float, tolerance: float) -> bool:
    """Whether two figures are equal up to a relative tolerance."""
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=0.0)


def analyse(run: Run) -> Analysis:
    """Write down a run's equations and explain those that fail."""
    values = values_of(run)
    possible = _possible(values)
    identities = tuple(
        identity for identity in possible if identity.left in values and identity.compute(values) is not None
    )
    wrong = tuple(explain(identities, values))
    corrected = dict(values)
    for item in wrong:
        for correction in item.alternatives[0] if item.alternatives else ():
            corrected[correction.path] = correction.expected
    return Analysis(values, corrected, possible, identities, wrong, _architecture(values), _hardware(values))


def values_of(run: Run) -> Values:
    """Return every well-formed value of a run that can enter an equation, by path."""
    info, train = run.info, run.info.train_config
    values: dict[Path, Json] = {
        TOTAL_TOKENS: info.total_tokens,
        FLOPS_PER_TOKEN: info.model_flops_per_token,
        MODEL_FLOPS: info.model_flops,
        MODEL_SIZE: info.model_size,
        TRAINING_TIME: info.training_time,
        HARDWARE_FLOPS: info.training_hardware_flops,
        NUM_DEVICES: info.num_devices,
        NUM_CHIPS: info.num_chips,
        DEVICE_FLOPS: info.device_flops,
        MFU: info.mfu,
        VOCAB_SIZE: info.vocab_size,
    }
    if train is not None:
        batch: Json = train.batch_size  # type: ignore[assignment]  # a schedule is JSON
        values |= {BATCH_SIZE: batch, NUM_STEPS: train.num_steps, TRAIN_SEQ_LEN: train.sequence}
    if run.evaluation is not None:
        figures = (run.evaluation.bpb, run.evaluation.loss, run.evaluation.tokens, run.evaluation.bytes)
        values |= zip(evaluation_paths(run.evaluation.dataset), figures, strict=True)
    values |= {("model_config", key): value for key, value in relevant_keys(run.model_keys).items()}
    values |= {("resources", *path): value for path, value in _leaves(run.resource_keys)}
    return {path: value for path, value in values.items() if value is not None}


def evaluation_paths(dataset: str) -> tuple[Path, Path, Path, Path]:
    """Return the paths of an evaluation set's bits per byte, loss, tokens and bytes."""
    bpb, loss, tokens, size = ((f"eval/{dataset}/{name}",) for name in ("bpb", "loss", "tokens", "bytes"))
    return bpb, loss, tokens, size


def sequence_path(values: Values) -> Path | None:
    """Return where the length of a training sequence stands: the first key that is set."""
    for path in (TRAIN_SEQ_LEN, *(("model_config", key) for key in LENGTH_KEYS)):
        if not is_inert(values.get(path)):
            return path
    return None


def explain(identities: Sequence[Identity], values: Values) -> Iterator[WrongSet]:
    """Yield the smallest wrong set of every group of equations that fail together.

    Args:
        identities: The equations.
        values: The submitted values.
    """
    broken = [identity for identity in identities if not identity.holds(values)]
    for group in _groups(broken):
        others = [identity for identity in broken if identity not in group]
        relevant = [identity for identity in identities if identity not in others]
        alternatives: tuple[tuple[Correction, ...], ...] = ()
        for size in range(1, LARGEST_SET + 1):
            found = (_mend(relevant, values, chosen) for chosen in _suspects(group, relevant, size))
            alternatives = tuple(corrections for corrections in found if corrections)
            if alternatives:
                break
        yield WrongSet(_reported_as(group, alternatives), tuple(group), alternatives)


def _suspects(group: list[Identity], relevant: list[Identity], size: int) -> Iterator[tuple[Path, ...]]:
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
    candidates = own if size == 1 else list(dict.fromkeys([*own, *tied]))
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


def _mend(identities: Sequence[Identity], values: Values, free: tuple[Path, ...]) -> tuple[Correction, ...]:
    """Return corrections of exactly the free values that make every equation hold, or nothing."""
    broken = [identity for identity in identities if not identity.holds(values)]
    for identity in broken:
        unknown = [path for path in free if path == identity.left or path in identity.inputs]
        if not unknown:
            return ()
        if len(unknown) > 1:
            continue
        path = unknown[0]
        rest = tuple(other for other in free if other != path)
        for expected in _solutions(identity, path, values):
            if expected == values.get(path):
                continue
            changed = {**values, path: expected}
            correction = Correction(path, values.get(path), expected)
            if not rest:
                if all(identity.holds(changed) for identity in identities):
                    return (correction,)
            elif further := _mend(identities, changed, rest):
                return (correction, *further)
        return ()
    return ()


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
    elif 1 <= round(value) < _LARGEST_WHOLE:
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
        if key == "head_dim":
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
        return identity.right({**values, path: candidate}) or 0.0

    low, high = 1, 2**32
    while low < high:
        middle = (low + high) // 2
        if right(middle) < target * (1 - identity.tolerance):
            low = middle + 1
        else:
            high = middle
    yield low


def _other_hardware(values: Values) -> Iterator[Json]:
    hardware = _hardware(values)
    chips = as_number(values.get(NUM_CHIPS)) or (hardware.chips[0] if hardware.chips else 1)
    for part in accelerators():
        if hardware.kind == "gpu" and part.kind == "gpu":
            yield part.name
        elif hardware.kind == "tpu" and part.kind == "tpu" and hardware.count:
            per_chip = (part.cores_per_chip or 1) if part.slice_counts == "cores" else 1
            size = round(chips * per_chip / hardware.count)
            yield from (f"{prefix}-{size}" for prefix in part.slice_prefixes)


def _possible(values: Values) -> tuple[Identity, ...]:
    """Return every equation a run could have; the submitted values decide how the right sides are put together."""
    sequence, hardware = sequence_path(values), _hardware(values)
    model_inputs: dict[Path, int] = {
        ("model_config", key): 0 for key in DIMENSION_KEYS if ("model_config", key) in values
    }
    if VOCAB_SIZE in values:
        model_inputs[VOCAB_SIZE] = 0
    with_length = {**model_inputs, **({sequence: 0} if sequence else {})}
    switches: dict[Path, int] = {
        ("model_config", key): 0 for key in PARAMETER_KEYS if isinstance(values.get(("model_config", key)), bool)
    }
    return (
        _tokens(values, sequence),
        _flops_per_token(with_length),
        _model_flops(values, with_length),
        _model_size({**model_inputs, **switches}),
        _chips(values, hardware),
        _peak(hardware),
        _hardware_flops(values, hardware),
        _mfu(),
        *(_bpb(dataset) for dataset in _evaluated(values)),
    )


def _tokens(values: Values, sequence: Path | None) -> Identity:
    def right(values: Values) -> float | None:
        steps, length = as_number(values.get(NUM_STEPS)), as_number(values.get(sequence)) if sequence else None
        sequences = _sequences(values.get(BATCH_SIZE), steps)
        return None if sequences is None or length is None else sequences * length

    def text(values: Values) -> str:
        batch, steps, length = values.get(BATCH_SIZE), values.get(NUM_STEPS), values.get(sequence or ())
        size = number(batch) if isinstance(batch, (int, float)) else "scheduled"
        return f"{size} sequences x {number(steps)} steps x {number(length)} tokens"

    scheduled = isinstance(values.get(BATCH_SIZE), list)
    inputs = {BATCH_SIZE: 0 if scheduled else 1, NUM_STEPS: 0 if scheduled else 1}
    if sequence:
        inputs[sequence] = 1
    return Identity("SR301", TOTAL_TOKENS, right, inputs, EXACT, certain=True, text=text)


def _model_flops(values: Values, with_length: Mapping[Path, int]) -> Identity:
    per_token = FLOPS_PER_TOKEN in values

    def forward(values: Values) -> float | None:
        return as_number(values.get(FLOPS_PER_TOKEN)) if per_token else _formula(values)

    def right(values: Values) -> float | None:
        flops, tokens = forward(values), as_number(values.get(TOTAL_TOKENS))
        return None if flops is None or tokens is None else BACKWARD_AND_FORWARD * flops * tokens

    def text(values: Values) -> str:
        return f"3 x {number(forward(values))} FLOPs per token x {number(values.get(TOTAL_TOKENS))} tokens"

    inputs = {TOTAL_TOKENS: 1, **({FLOPS_PER_TOKEN: 1} if per_token else with_length)}
    return Identity("SR302", MODEL_FLOPS, right, inputs, EXACT, certain=True, text=text)


def _hardware_flops(values: Values, hardware: Hardware) -> Identity:
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
    return Identity("SR303", HARDWARE_FLOPS, right, inputs, EXACT, certain=certain, text=text)


def _flops_per_token(inputs: Mapping[Path, int]) -> Identity:
    return Identity("SR304", FLOPS_PER_TOKEN, _formula, inputs, EXACT, certain=True, text=_model_text)


def _model_size(inputs: Mapping[Path, int]) -> Identity:
    def right(values: Values) -> float | None:
        model = _architecture(values)
        return None if isinstance(model, NotCovered) else parameters(model, _vocabulary(values))

    return Identity("SR305", MODEL_SIZE, right, inputs, PARAMETER_TOLERANCE, certain=True, text=_model_text)


def _bpb(dataset: str) -> Identity:
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
    return Identity("SR306", bpb, right, inputs, BPB_TOLERANCE, certain=True, text=text)


def _mfu() -> Identity:
    def right(values: Values) -> float | None:
        flops, hardware = as_number(values.get(MODEL_FLOPS)), as_number(values.get(HARDWARE_FLOPS))
        return None if flops is None or not hardware else flops / hardware

    def text(values: Values) -> str:
        return f"{number(values.get(MODEL_FLOPS))} / {number(values.get(HARDWARE_FLOPS))} FLOPs"

    return Identity("SR307", MFU, right, {MODEL_FLOPS: 1, HARDWARE_FLOPS: -1}, EXACT, certain=True, text=text)


def _chips(values: Values, hardware: Hardware) -> Identity:
    def right(values: Values) -> float | None:
        submitted = as_number(values.get(NUM_CHIPS)) or 0.0
        readings = _hardware(values).chips
        return float(min(readings, key=lambda chips: abs(chips - submitted))) if readings else None

    def text(values: Values) -> str:
        hardware = _hardware(values)
        if hardware.slice is not None:
            return f"{number(hardware.count)} x {hardware.slice.name} with {number(hardware.slice.chips)} chips"
        return f"{number(hardware.count)} x {hardware.accelerator.name if hardware.accelerator else hardware.kind}"

    return Identity("SR401", NUM_CHIPS, right, _count_inputs(values, hardware), EXACT, certain=True, text=text)


def _peak(hardware: Hardware) -> Identity:
    def right(values: Values) -> float | None:
        submitted = as_number(values.get(DEVICE_FLOPS)) or 0.0
        return min(_hardware(values).peaks, key=lambda peak: abs(peak - submitted), default=None)

    def text(values: Values) -> str:
        hardware = _hardware(values)
        if hardware.override is not None:
            return "device_flops_override in resources"
        return f"the dense peak of one {hardware.accelerator.name}" if hardware.accelerator else "unknown hardware"

    tolerance = PEAK_TOLERANCE if hardware.override is None else EXACT
    certain = _peak_is_certain(hardware)
    return Identity("SR402", DEVICE_FLOPS, right, _peak_inputs(hardware), tolerance, certain=certain, text=text)


def _count_inputs(values: Values, hardware: Hardware) -> dict[Path, int]:
    inputs: dict[Path, int] = {}
    if hardware.count_key and ("resources", *hardware.count_key) in values:
        inputs["resources", *hardware.count_key] = 1
    if hardware.kind == "tpu" and hardware.name:
        inputs["resources", *hardware.name_key] = 0
    return inputs


def _peak_inputs(hardware: Hardware) -> dict[Path, int]:
    if hardware.override is not None:
        return {("resources", "device_flops_override"): 1}
    return {("resources", *hardware.name_key): 0} if hardware.name else {}


def _peak_is_certain(hardware: Hardware) -> bool:
    return hardware.override is not None or (hardware.accelerator is not None and hardware.accelerator.verified)


def _chip_readings(values: Values) -> tuple[float, ...]:
    chips = as_number(values.get(NUM_CHIPS))
    return tuple(map(float, _hardware(values).chips)) if chips is None else (chips,)


def _peak_readings(values: Values) -> tuple[float, ...]:
    peak = as_number(values.get(DEVICE_FLOPS))
    return _hardware(values).peaks if peak is None else (peak,)


def _formula(values: Values) -> float | None:
    model, length = _architecture(values), _length(values)
    if isinstance(model, NotCovered) or length is None:
        return None
    return flops_per_token(model, _vocabulary(values), length)


def _model_text(values: Values) -> str:
    return f"closed form of model_config, vocabulary {number(_vocabulary(values))}"


def _length(values: Values) -> int | None:
    """Return the tokens of a training sequence, or None if they are no plausible whole number."""
    path = sequence_path(values)
    length = as_number(values.get(path)) if path else None
    return int(length) if length is not None and length.is_integer() and 0 < length < _LARGEST_WHOLE else None


def _vocabulary(values: Values) -> int:
    return int(as_number(values.get(VOCAB_SIZE)) or DEFAULT_VOCABULARY)


def _architecture(values: Values) -> Architecture | NotCovered:
    return read_architecture({path[1]: value for path, value in values.items() if path[0] == "model_config"})


def _hardware(values: Values) -> Hardware:
    nested: dict[str, Json] = {}
    for path, value in values.items():
        if path[0] != "resources":
            continue
        if len(path) == 2:
            nested[path[1]] = value
        else:
            inner = nested.setdefault(path[1], {})
            if isinstance(inner, dict):
                inner[path[2]] = value
    return read_resources(nested)


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


def _leaves(resources: Mapping[str, Json]) -> Iterator[tuple[Path, Json]]:
    """Yield the values of `resources` that say what hardware it is. Others are not kept: there may be many."""
    for key in RESOURCE_KEYS:
        if key in resources:
            yield (key,), resources[key]
    device = resources.get("device")
    if isinstance(device, dict):
        yield from ((("device", key), device[key]) for key in DEVICE_KEYS if key in device)
