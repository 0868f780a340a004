"""The values of a run that enter its equations, by where they stand in the file."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from speedrun_ci.flops.architecture import (
    LENGTH_KEYS,
    Architecture,
    NotCovered,
    is_inert,
    read_architecture,
    relevant_keys,
)
from speedrun_ci.flops.formulas import DEFAULT_VOCABULARY
from speedrun_ci.resources import DEVICE_KEYS, RESOURCE_KEYS, Hardware, read_resources
from speedrun_ci.strict_json import Json, as_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from speedrun_ci.results import Run

type Path = tuple[str, ...]
"""Keys from the `run_info` object to a value."""

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

OVERRIDE: Path = ("resources", "device_flops_override")
REPLICAS: Path = ("resources", "replicas")

LARGEST_WHOLE = 2**48
"""No count that enters an equation is as large."""


class Values(dict[Path, Json]):
    """Every value of a run that enters an equation, by its path.

    It is never changed once it is made: corrections are made on copies. What follows from it is computed once.
    """

    @cached_property
    def architecture(self) -> Architecture | NotCovered:
        """The shape of the model, or why no formula covers it."""
        return read_architecture({path[1]: value for path, value in self.items() if path[0] == "model_config"})

    @cached_property
    def hardware(self) -> Hardware:
        """The hardware that the resources name."""
        nested: dict[str, Json] = {}
        for path, value in self.items():
            if path[0] != "resources":
                continue
            if len(path) == 2:
                nested[path[1]] = value
            else:
                inner = nested.setdefault(path[1], {})
                if isinstance(inner, dict):
                    inner[path[2]] = value
        return read_resources(nested)

    @property
    def vocabulary(self) -> int:
        """How many tokens the head scores."""
        return int(as_number(self.get(VOCAB_SIZE)) or DEFAULT_VOCABULARY)

    @property
    def sequence_path(self) -> Path | None:
        """Where the length of a training sequence stands: the first key that is set."""
        for path in (TRAIN_SEQ_LEN, *(("model_config", key) for key in LENGTH_KEYS)):
            if not is_inert(self.get(path)):
                return path
        return None

    @property
    def length(self) -> int | None:
        """The tokens of a training sequence, or None if they are no plausible whole number."""
        path = self.sequence_path
        length = as_number(self.get(path)) if path else None
        return int(length) if length is not None and length.is_integer() and 0 < length < LARGEST_WHOLE else None

    def corrected(self, changes: Mapping[Path, Json]) -> Values:
        """Return a copy with other values."""
        return Values({**self, **changes})


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
    return Values({path: value for path, value in values.items() if value is not None})


def evaluation_paths(dataset: str) -> tuple[Path, Path, Path, Path]:
    """Return the paths of an evaluation set's bits per byte, loss, tokens and bytes."""
    bpb, loss, tokens, size = ((f"eval/{dataset}/{name}",) for name in ("bpb", "loss", "tokens", "bytes"))
    return bpb, loss, tokens, size


def _leaves(resources: Mapping[str, Json]) -> Iterator[tuple[Path, Json]]:
    """Yield the values of `resources` that say what hardware it is. Others are not kept: there may be many."""
    for key in RESOURCE_KEYS:
        if key in resources:
            yield (key,), resources[key]
    device = resources.get("device")
    if isinstance(device, dict):
        yield from ((("device", key), device[key]) for key in DEVICE_KEYS if key in device)
