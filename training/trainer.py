"""From a `SpeedrunConfig` to levanter's configuration, and the training itself.

Importing this module imports jax and levanter (about 8 seconds).
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import logging
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jax
import jmp
import levanter.tracker
from haliax.quantization import QuantizationConfig
from levanter.callbacks import LambdaCallback, StepInfo
from levanter.callbacks.profiler import ProfilerConfig
from levanter.callbacks.progress_watchdog import ProgressWatchdogConfig
from levanter.callbacks.watch import WatchConfig
from levanter.checkpoint import CheckpointerConfig
from levanter.main import train_lm
from levanter.optim.config import AdamConfig
from levanter.optim.model_averaging import EmaModelAveragingConfig
from levanter.tracker.wandb import WandbConfig
from levanter.trainer import DEFAULT_JAX_CONFIG, TrainerConfig
from levanter.utils.background_iterable import BackgroundIterator
from rigging.log_setup import configure_logging  # type: ignore[import-untyped]

from training.config import CpuOnlyConfig, SimpleTrainConfig, SpeedrunConfig
from training.data import EvaluationSize, PreparedData, evaluation_size, prepare
from training.errors import UsageError
from training.history import DURATION
from training.results import check_device_count, data_seed
from training.tracker import HistoryTrackerConfig, ProgressTrackerConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from levanter.tracker.tracker import TrackerConfig

    from training.run_directory import RunDirectory

# Runs on CPU are short and their models small; on accelerators a checkpoint takes time that training could use.
_CPU_CHECKPOINT_INTERVAL = timedelta(seconds=10)
_ACCELERATOR_CHECKPOINT_INTERVAL = timedelta(minutes=10)

_STEPS_PER_EVAL = 1000
_NO_EXPORT = -1

# At INFO these write about 190 lines a run into the log; two of them warn of nothing that matters, dozens of times.
_LOG_LEVELS = {
    "zephyr": logging.WARNING,
    "fray": logging.WARNING,
    "fray.device_flops": logging.ERROR,
    "jax": logging.WARNING,
    "rigging": logging.WARNING,
    "levanter.store": logging.WARNING,
    "levanter.data": logging.WARNING,
    "levanter.checkpoint": logging.WARNING,
    "levanter.kernels": logging.WARNING,
    "levanter.tensorstore_serialization": logging.ERROR,
}


@dataclass(frozen=True)
class Trained:
    """What is known after training that is not in the history."""

    device_count: int
    device_kind: str
    host_count: int
    evaluation: EvaluationSize
    tokenizer_hash: str
    data_hash: str


@dataclass(frozen=True)
class _DurationsFirst(ProgressWatchdogConfig):  # type: ignore[misc]  # levanter is not typed
    """Takes the place of levanter's (unused) watchdog, the first hook of a step, to log how long the step took.

    levanter logs it after the checkpoint and the evaluation; killed in between, a run would resume behind a step
    whose time was lost, and its results would have to be refused.
    """

    def create(self, **_: Any) -> LambdaCallback:
        return LambdaCallback(_log_duration)


def train(
    config: SpeedrunConfig, *, run_id: str, tags: Sequence[str], directory: RunDirectory, prefix: Path
) -> Trained:
    """Train a run to its end, from its last checkpoint if it has one.

    The history, checkpoints and log go to the run's directory; data and compiled programs, which runs share, to the
    prefix. A killed run that is trained again ends in the same parameters, bit for bit, as one that was not killed.

    Raises:
        UsageError: The configuration asks for something that is not possible.
        RunError: jax shows other devices than were declared.
    """
    # A helper library writes to the temporary directory and asks a metadata server when this is unset.
    os.environ["MARIN_PREFIX"] = str(prefix)
    if isinstance(config.train_config.resources, CpuOnlyConfig):
        # A machine may have an accelerator beside the CPU that the run declares.
        jax.config.update("jax_platforms", "cpu")
    data = prepare(config.dataset, prefix)
    levanter_config = _train_lm_config(config, run_id=run_id, tags=tags, directory=directory, prefix=prefix, data=data)
    with _quiet_logging():
        try:
            train_lm.main(levanter_config)
        finally:
            _stop_prefetching()
        max_batches = config.train_config.max_eval_batches
        evaluation = evaluation_size(
            data.config,
            config.dataset.evaluation_set,
            config.sequence_length,
            None if max_batches is None else max_batches * levanter_config.trainer.eval_batch_size,
        )
    return Trained(
        device_count=jax.device_count(),
        device_kind=jax.devices()[0].device_kind,
        host_count=jax.process_count(),
        evaluation=evaluation,
        tokenizer_hash=data.tokenizer_hash,
        data_hash=data.data_hash,
    )


def _train_lm_config(
    config: SpeedrunConfig,
    *,
    run_id: str,
    tags: Sequence[str],
    directory: RunDirectory,
    prefix: Path,
    data: PreparedData,
) -> train_lm.TrainLmConfig:
    train = config.train_config
    if train.steps_per_task_eval is not None:
        raise UsageError(
            f"SimpleTrainConfig.steps_per_task_eval: expected None, got {train.steps_per_task_eval}; "
            "the contest does not evaluate on tasks"
        )
    exports = train.steps_per_hf_export not in (None, _NO_EXPORT)
    keeps_data_order = train.initialize_from_checkpoint_path is not None and not train.reset_data_loader_on_init
    return train_lm.TrainLmConfig(
        data=data.config,
        trainer=_trainer_config(config, run_id=run_id, tags=tags, directory=directory, prefix=prefix),
        model=_with_local_tokenizer(config.model_config, data.tokenizer_directory),
        train_seq_len=config.sequence_length,
        optimizer=train.optimizer_config if train.optimizer_config is not None else _adam(train),
        z_loss_weight=train.z_loss_weight or 0.0,
        hf_save_path=str(directory.path / "hf") if exports else None,
        hf_save_steps=train.steps_per_hf_export if exports else 10_000,
        data_seed=data_seed(config),
        initialize_from_hf=train.initialize_from_hf or False,
        initialize_from_checkpoint_path=None if keeps_data_order else train.initialize_from_checkpoint_path,
    )


def _trainer_config(
    config: SpeedrunConfig, *, run_id: str, tags: Sequence[str], directory: RunDirectory, prefix: Path
) -> TrainerConfig:
    train = config.train_config
    on_cpu = isinstance(train.resources, CpuOnlyConfig)
    batch_size = train.train_batch_size
    evaluation_key = f"eval/{config.dataset.evaluation_set}/bpb"
    keeps_data_order = not train.reset_data_loader_on_init

    class CheckedTrainerConfig(TrainerConfig):  # type: ignore[misc]  # levanter is not typed
        def initialize(self) -> None:
            super().initialize()
            # As soon as jax knows the devices, and before anything is trained.
            check_device_count(config, jax.device_count())

    return CheckedTrainerConfig(
        id=run_id,
        log_dir=directory.logs,
        tracker=(
            # First, so that the history can note the link to the W&B run.
            *_wandb_trackers(run_id, tags, directory),
            HistoryTrackerConfig(str(directory.history)),
            ProgressTrackerConfig(train.num_train_steps, evaluation_key),
        ),
        mp=jmp.get_policy("f32" if on_cpu else "p=f32,c=bfloat16"),
        quantization=QuantizationConfig(int8=True) if train.int8 else None,
        model_averaging=None if train.ema_beta is None else EmaModelAveragingConfig(beta=train.ema_beta),
        # On CPU the statistics would cost a second compilation and a good part of each step.
        watch=WatchConfig(watch_targets=[]) if on_cpu else _watch(train.watch),
        profiler=_profiler(train),
        progress_watchdog=_DurationsFirst(),
        log_jaxprs=False,
        log_xla_hlo=False,
        train_batch_size=batch_size if isinstance(batch_size, int) else list(batch_size),
        per_device_eval_parallelism=-1
        if train.per_device_eval_parallelism is None
        else train.per_device_eval_parallelism,
        num_train_steps=train.num_train_steps,
        steps_per_eval=_STEPS_PER_EVAL if train.steps_per_eval is None else train.steps_per_eval,
        max_eval_batches=train.max_eval_batches,
        checkpointer=CheckpointerConfig(
            base_path=str(directory.checkpoints),
            append_run_id_to_base_path=False,
            save_interval=_CPU_CHECKPOINT_INTERVAL if on_cpu else _ACCELERATOR_CHECKPOINT_INTERVAL,
            keep=[{"every": train.steps_per_export}],
        ),
        initialize_from=train.initialize_from_checkpoint_path if keeps_data_order else None,
        allow_partial_checkpoint=train.allow_partial_checkpoint,
        jax_config={
            **DEFAULT_JAX_CONFIG,
            # By default only programs that took long to compile are kept.
            "jax_persistent_cache_min_compile_time_secs": 0,
            "jax_persistent_cache_min_entry_size_bytes": -1,
        },
        jax_compilation_cache_dir=os.environ.get("JAX_COMPILATION_CACHE_DIR") or str(prefix / "jax_cache"),
        require_accelerator=not on_cpu,
    )


def _log_duration(info: StepInfo) -> None:
    # Zero stands for a run that was complete already, of which only the last hooks are run again.
    if info.step_duration > 0:
        levanter.tracker.log({DURATION: info.step_duration}, step=info.step)


def _stop_prefetching() -> None:
    """Stop the threads with which levanter reads ahead, which go on after training for as long as the process lives.

    Python unwinds what is left of them at its end, and one that is inside jax then aborts the process.
    """
    for found in gc.get_objects():
        if issubclass(type(found), BackgroundIterator):
            found.stop()


def _adam(train: SimpleTrainConfig) -> AdamConfig:
    """Return Adam with the fields that are set."""
    settings = {
        "learning_rate": train.learning_rate,
        "weight_decay": train.weight_decay,
        "beta1": train.beta1,
        "beta2": train.beta2,
        "epsilon": train.epsilon,
        "max_grad_norm": train.max_grad_norm,
        "warmup": train.warmup,
        "decay": train.decay,
        "rewarmup": train.rewarmup,
        "lr_schedule": train.lr_schedule,
        "min_lr_ratio": train.min_lr_ratio,
        "cycle_length": train.cycle_length,
        "skip_bad_steps": train.skip_bad_steps,
    }
    return AdamConfig(**{name: value for name, value in settings.items() if value is not None})


def _profiler(train: SimpleTrainConfig) -> ProfilerConfig:
    if not train.profiler:
        # levanter complains of more steps than there are even where it profiles none.
        return ProfilerConfig(enabled=False, num_steps=0, start_step=0)
    return ProfilerConfig(enabled=True, start_step=train.profiler_start_step, num_steps=train.profiler_num_steps)


def _watch(watch: Any) -> WatchConfig:
    names = [item.name for item in dataclasses.fields(WatchConfig)]
    settings = {name: getattr(watch, name) for name in names if hasattr(watch, name)}
    return WatchConfig(**{**settings, "watch_targets": list(watch.watch_targets)})


def _with_local_tokenizer(model: Any, directory: Path) -> Any:
    """Return the model configuration with the tokenizer of the data, where it would ask the hub for one."""
    has_field = any(item.name == "tokenizer" for item in dataclasses.fields(model))
    if not has_field or model.tokenizer is not None:
        return model
    return dataclasses.replace(model, tokenizer=str(directory))


def _wandb_trackers(run_id: str, tags: Sequence[str], directory: RunDirectory) -> list[TrackerConfig]:
    """Return the W&B tracker if the environment asks for one, else nothing."""
    mode = os.environ.get("WANDB_MODE")
    if mode not in ("online", "offline") and (mode is not None or not os.environ.get("WANDB_API_KEY")):
        return []
    os.environ.setdefault("WANDB_DIR", str(directory.path))
    return [
        WandbConfig(
            entity=os.environ.get("WANDB_ENTITY"),
            project=os.environ.get("WANDB_PROJECT") or "speedrun",
            name=run_id,
            tags=["speedrun", *tags],
            id=run_id,
            mode=mode,
        )
    ]


@contextlib.contextmanager
def _quiet_logging() -> Iterator[None]:
    """Keep levanter's messages in its log file: on standard error only warnings, and little from its libraries."""
    configure_logging(logging.INFO)
    root = logging.getLogger()
    for handler in root.handlers:
        if type(handler) is logging.StreamHandler:
            handler.addFilter(_FOR_THE_USER)
    for name, level in _LOG_LEVELS.items():
        logging.getLogger(name).setLevel(level)
    before = list(root.handlers)
    try:
        yield
    finally:
        # levanter leaves its log file open; the next run would write to it, too.
        for handler in [handler for handler in root.handlers if handler not in before]:
            root.removeHandler(handler)
            handler.close()


class _ForTheUser(logging.Filter):
    """Passes warnings, and of the loggers that talk too much only errors."""

    # Kept here because progress bars log while the interpreter ends, when a module's own names are gone.
    _quiet = tuple(_LOG_LEVELS)
    _warning, _error = logging.WARNING, logging.ERROR

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= (self._error if record.name.startswith(self._quiet) else self._warning)


_FOR_THE_USER = _ForTheUser()
