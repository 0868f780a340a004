"""What a submission declares: author, model, training, data set and hardware.

Names and fields are those of the original contest, so that porting a submission changes its import lines only.
Nothing here imports jax or levanter.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
import math
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from speedrun_ci.flops.architecture import Architecture, read_architecture
from speedrun_ci.flops.formulas import flops_per_token
from speedrun_ci.hardware import TpuSlice, find_accelerator, parse_slice
from training import run_info
from training.datasets import FINEWEB_EDU_10B, Dataset, find_dataset
from training.errors import UsageError


class ModelConfig(Protocol):
    """What a model configuration must offer. Every language-model configuration of levanter does."""

    def flops_per_token(self, vocab_size: int, context_length: int) -> float | None:
        """Return the FLOPs of the forward pass for one token, or None when nobody wrote the formula."""

    def total_trainable_params(self, vocab_size: int) -> float:
        """Return the number of trainable parameters."""


class BatchSizeStep(Protocol):
    """One entry of a batch-size schedule: from step `start` on, a batch has `value` sequences."""

    start: int
    value: int


@dataclass(frozen=True)
class Author:
    """Who made a submission."""

    name: str
    affiliation: str
    url: str | None = None


@dataclass(frozen=True)
class GpuConfig:
    """GPUs of one kind in one machine. `accelerator_type` is a name such as "A100-80G" or "H100"."""

    gpu_count: int = 1
    accelerator_type: str | None = None
    device_flops_override: float | None = None

    @property
    def num_devices(self) -> int:
        """Devices that jax shows."""
        return self.gpu_count

    @property
    def num_chips(self) -> int:
        """Chips, by which compute is multiplied. A half of a two-die card is one, as it is to jax."""
        return self.gpu_count

    @property
    def device_flops(self) -> float:
        """Peak of one chip in FLOP/s, dense bfloat16.

        Raises:
            UsageError: The accelerator is unknown and no override is given.
        """
        return _peak_flops("GpuConfig.accelerator_type", self.accelerator_type, "A100-80G", self.device_flops_override)


@dataclass(frozen=True)
class TpuPodConfig:
    """One or more equal TPU slices. `tpu_type` is a slice name such as "v5p-32"."""

    tpu_type: str
    slice_count: int = 1
    device_flops_override: float | None = None

    @property
    def num_devices(self) -> int:
        """Devices that jax shows.

        Raises:
            UsageError: The slice name is unknown.
        """
        return _tpu_slice(self.tpu_type).devices * self.slice_count

    @property
    def num_chips(self) -> int:
        """Chips, by which compute is multiplied.

        Raises:
            UsageError: The slice name is unknown.
        """
        return _tpu_slice(self.tpu_type).chips * self.slice_count

    @property
    def device_flops(self) -> float:
        """Peak of one chip in FLOP/s, dense bfloat16.

        Raises:
            UsageError: The slice name is unknown and no override is given.
        """
        if self.device_flops_override is not None:
            return _valid_override("TpuPodConfig", self.device_flops_override)
        return _tpu_slice(self.tpu_type).accelerator.peak_flops


@dataclass(frozen=True)
class CpuOnlyConfig:
    """The CPU of one machine, which jax shows as one device and which counts as one chip.

    No table of CPU peaks exists, so a run must state its own in `device_flops_override` (FLOP/s, for the whole CPU).
    """

    num_cpus: int = 1
    device_flops_override: float | None = None

    @property
    def num_devices(self) -> int:
        """Devices that jax shows."""
        return 1

    @property
    def num_chips(self) -> int:
        """Chips, by which compute is multiplied."""
        return 1

    @property
    def device_flops(self) -> float:
        """Peak of the CPU in FLOP/s.

        Raises:
            UsageError: No override is given.
        """
        if self.device_flops_override is None:
            raise UsageError(
                "CpuOnlyConfig.device_flops_override: expected the peak of this CPU in FLOP/s, got None; "
                "CPUs have no table of peaks, so state a figure, for example device_flops_override=1e11"
            )
        return _valid_override("CpuOnlyConfig", self.device_flops_override)


Resources = GpuConfig | TpuPodConfig | CpuOnlyConfig


@dataclass(frozen=True)
class WatchConfig:
    """Which statistics of gradients and parameters are logged, and every how many steps. Never on CPU."""

    watch_targets: Sequence[str] = ("grads", "params")
    include_norms: bool = True
    include_per_parameter_norms: bool = True
    include_histograms: bool = False
    split_scan_layers: bool = True
    interval: int = 10


@dataclass(frozen=True)
class SimpleTrainConfig:
    """How to train. A field left at None takes the default of levanter, unless said otherwise.

    `train_batch_size` is in sequences: a number, or a list of levanter's `ScheduleStep(start, value)`.
    `optimizer_config` is an optimizer configuration of levanter and, when given, settles everything
    about the optimizer; when it is None, Adam is built from the fields above it.
    """

    resources: Resources
    train_batch_size: int | Sequence[BatchSizeStep]
    num_train_steps: int
    learning_rate: float
    data_seed: int | None = None
    """Seed of the order of the training data. None means 42."""
    weight_decay: float | None = None
    beta1: float | None = None
    beta2: float | None = None
    epsilon: float | None = None
    max_grad_norm: float | None = None
    warmup: float | None = None
    decay: float | None = None
    rewarmup: float | None = None
    lr_schedule: str | None = None
    min_lr_ratio: float | None = None
    cycle_length: int | Sequence[int] | None = None
    z_loss_weight: float | None = None
    ema_beta: float | None = None
    skip_bad_steps: bool = False
    steps_per_eval: int | None = None
    """Evaluate every so many steps, and always after the last one. None means 1000."""
    steps_per_export: int = 10_000
    """Keep a checkpoint every so many steps. Others are written for resuming and replaced."""
    steps_per_task_eval: int | None = None
    steps_per_hf_export: int | None = None
    per_device_eval_parallelism: int | None = None
    max_eval_batches: int | None = None
    initialize_from_checkpoint_path: str | None = None
    initialize_from_hf: str | None = None
    reset_data_loader_on_init: bool = True
    allow_partial_checkpoint: bool = False
    int8: bool = False
    optimizer_config: Any = None
    watch: Any = field(default_factory=WatchConfig)
    profiler: bool = False
    profiler_start_step: int = 5
    profiler_num_steps: int = 100
    train_seq_len: int | None = None
    """Tokens in a training sequence. None means the model's maximum."""


@dataclass(frozen=True)
class SpeedrunConfig:
    """One run: everything that decides its figures, and whose it is."""

    author: Author
    description: str
    model_config: Any
    """A levanter model configuration; see `ModelConfig` for what is used of it here."""
    train_config: SimpleTrainConfig
    tokenized_dataset: str = FINEWEB_EDU_10B.name
    """Name of a data set; see `training.datasets`."""

    @property
    def dataset(self) -> Dataset:
        """The data set that `tokenized_dataset` names.

        Raises:
            UsageError: There is none of this name.
        """
        return find_dataset(self.tokenized_dataset)

    @property
    def vocab_size(self) -> int:
        """Number of tokens that the tokenizer of the data set knows."""
        return self.dataset.vocab_size

    @property
    def sequence_length(self) -> int:
        """Tokens in a training sequence.

        Raises:
            UsageError: Neither the training nor the model configuration gives it.
        """
        candidates = (
            self.train_config.train_seq_len,
            getattr(self.model_config, "max_seq_len", None),
            getattr(self.model_config, "seq_len", None),
        )
        for length in candidates:
            if length is not None:
                return int(length)
        raise UsageError(
            "SpeedrunConfig.model_config: expected max_seq_len or seq_len, got neither; "
            "set one, or train_seq_len in the SimpleTrainConfig"
        )

    @property
    def total_tokens(self) -> int:
        """Tokens that the whole training sees, repeated ones included."""
        sequences = total_sequences(self.train_config.train_batch_size, self.train_config.num_train_steps)
        return sequences * self.sequence_length

    @property
    def model_size(self) -> int:
        """Trainable parameters, by the model configuration's own formula."""
        model: ModelConfig = self.model_config
        return int(model.total_trainable_params(self.vocab_size))

    def model_flops_per_token(self) -> float:
        """Return the FLOPs of the forward pass for one token.

        They come from the checker's closed form where one covers the configuration: levanter's own formula takes
        heads to be `hidden_dim / num_heads` wide even where `head_dim` says otherwise. Other models state their own.

        Raises:
            UsageError: No closed form covers the model configuration, and it has none of its own.
        """
        model: ModelConfig = self.model_config
        architecture = read_architecture(plain_data(model))
        if isinstance(architecture, Architecture):
            return flops_per_token(architecture, self.vocab_size, self.sequence_length)
        flops = model.flops_per_token(self.vocab_size, self.sequence_length)
        if flops is None:
            raise UsageError(
                f"SpeedrunConfig.model_config: expected {type(model).__name__}.flops_per_token(vocab_size, "
                "context_length) to return a number, got None; write the formula of the forward pass"
            )
        return float(flops)

    def compute_model_flops(self) -> float:
        """Return the FLOPs that the model needs for the whole training: forward, and twice that for backward."""
        return 3 * self.model_flops_per_token() * self.total_tokens

    @property
    def device_flops(self) -> float:
        """Peak of one chip in FLOP/s."""
        return self.train_config.resources.device_flops

    @property
    def num_devices(self) -> int:
        """Devices that jax shows on the declared hardware."""
        return self.train_config.resources.num_devices

    @property
    def num_chips(self) -> int:
        """Chips of the declared hardware."""
        return self.train_config.resources.num_chips

    def as_plain_data(self) -> dict[str, Any]:
        """Return the configuration as JSON data, with the keys and their order in the contest's files."""
        return {
            "author": plain_data(self.author),
            "description": self.description,
            "model_config": plain_data(self.model_config),
            "train_config": _train_config_data(self.train_config),
            "tokenized_dataset": self.tokenized_dataset,
            "resources": plain_data(self.train_config.resources),
        }

    def run_info(self) -> str:
        """Return the text that `print_run_info` prints.

        Raises:
            UsageError: Something in the configuration is unknown or missing.
        """
        return run_info.format_run_info(
            self.as_plain_data(),
            model_flops=self.compute_model_flops(),
            model_size=self.model_size,
            num_devices=self.num_devices,
            num_chips=self.num_chips,
            device_flops=self.device_flops,
        )

    def print_run_info(self) -> None:
        """Print the configuration and an estimate of the compute, as pull requests must show it."""
        run_info.print_run_info(self.run_info())


def total_sequences(batch_size: int | Sequence[BatchSizeStep], num_steps: int) -> int:
    """Return how many sequences `num_steps` steps take, with one batch size or a schedule of them.

    Raises:
        UsageError: A size or a number of steps is not positive, or the schedule does not start at step 0 or
            does not go forward.
    """
    if num_steps <= 0:
        raise UsageError(f"SimpleTrainConfig.num_train_steps: expected at least 1, got {num_steps}")
    if isinstance(batch_size, int):
        if batch_size <= 0:
            raise UsageError(f"SimpleTrainConfig.train_batch_size: expected at least 1, got {batch_size}")
        return batch_size * num_steps
    starts = [step.start for step in batch_size]
    if starts[:1] != [0] or any(a >= b for a, b in itertools.pairwise(starts)):
        raise UsageError(
            f"SimpleTrainConfig.train_batch_size: expected a schedule of increasing steps from 0, got starts {starts}"
        )
    if any(step.value <= 0 for step in batch_size):
        raise UsageError(
            "SimpleTrainConfig.train_batch_size: expected at least 1 sequence in every part of the schedule, "
            f"got {[step.value for step in batch_size]}"
        )
    ends = [*starts[1:], num_steps]
    return sum(
        step.value * max(0, min(end, num_steps) - step.start) for step, end in zip(batch_size, ends, strict=True)
    )


def plain_data(value: Any) -> Any:
    """Return a configuration value as JSON data.

    Dataclasses become objects with their fields in order, enumeration members their names (as levanter writes
    them), functions and classes their qualified names; anything else that JSON does not know becomes its text.
    """
    if isinstance(value, enum.Enum):
        return value.name
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UsageError(f"configuration: expected finite numbers, got {value}; JSON has no such number")
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain_data(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [plain_data(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain_data(item) for item in value), key=str)
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, pathlib.PurePath):
        return str(value)
    return str(value)


def _train_config_data(train: SimpleTrainConfig) -> dict[str, Any]:
    """Return the training configuration as the contest's files have it.

    The resources stand beside it, and `train_seq_len`, which the original files do not have, appears only when set.
    """
    data: dict[str, Any] = plain_data(train)
    del data["resources"]
    if data["train_seq_len"] is None:
        del data["train_seq_len"]
    return data


def _peak_flops(where: str, name: str | None, example: str, override: float | None) -> float:
    if override is not None:
        return _valid_override(where.partition(".")[0], override)
    accelerator = None if name is None else find_accelerator(name)
    if accelerator is None:
        raise UsageError(
            f"{where}: expected a known accelerator such as {example!r}, got {name!r}; "
            "correct the name, or state its dense bfloat16 peak in FLOP/s as device_flops_override"
        )
    return accelerator.peak_flops


def _valid_override(where: str, override: float) -> float:
    if not (math.isfinite(override) and override > 0):
        raise UsageError(f"{where}.device_flops_override: expected a positive number of FLOP/s, got {override}")
    return float(override)


def _tpu_slice(name: str) -> TpuSlice:
    found = parse_slice(name)
    if found is None:
        raise UsageError(
            f"TpuPodConfig.tpu_type: expected a TPU slice such as 'v5p-32' or 'v5litepod-64', got {name!r}; "
            "correct the name: without it the number of chips is unknown"
        )
    return found
