"""From a finished run to `speedrun_results.json`."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

from training.config import CpuOnlyConfig, SpeedrunConfig
from training.errors import RunError
from training.files import write_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from training.history import History
    from training.run_directory import Completion, Start

DEFAULT_DATA_SEED = 42
"""Seed of the order of the training data where the configuration says None."""

# levanter counts what it built; a model configuration's formula may forget norms and biases.
_MODEL_SIZE_TOLERANCE = 5e-4

_logger = logging.getLogger(__name__)


def build_results(config: SpeedrunConfig, start: Start, completion: Completion, history: History) -> dict[str, Any]:
    """Return the content of the results file of one run.

    Times are in seconds, FLOPs are counts. The figures that follow from the configuration are computed from it, those
    that follow from the training are taken from its history.

    Raises:
        RunError: The history is not that of a whole run, jax saw other devices than were declared, or a figure is not
            a finite number.
    """
    check_device_count(config, completion.device_count)
    dataset = config.dataset
    training_time = _training_time(config, history)
    data = config.as_plain_data()
    data["train_config"]["data_seed"] = data_seed(config)
    last_step = history.steps[config.train_config.num_train_steps - 1]
    evaluation = f"eval/{dataset.evaluation_set}"
    run_info = {
        **data,
        "run_completion_timestamp": completion.completed_at,
        "training_time": training_time,
        "total_tokens": config.total_tokens,
        "model_size": config.model_size,
        "model_flops_per_token": config.model_flops_per_token(),
        "model_flops": config.compute_model_flops(),
        "training_hardware_flops": training_time * config.num_chips * config.device_flops,
        "num_devices": completion.device_count,
        "num_chips": config.num_chips,
        "device_flops": config.device_flops,
        "wandb_run_link": history.summary.get("wandb_run_link"),
        "vocab_size": config.vocab_size,
        f"{evaluation}/bpb": last_step.get(f"{evaluation}/bpb"),
        f"{evaluation}/loss": last_step.get(f"{evaluation}/loss"),
        f"{evaluation}/tokens": completion.evaluation_tokens,
        f"{evaluation}/bytes": completion.evaluation_bytes,
        "tokenizer_hash": completion.tokenizer_hash,
        "data_hash": completion.data_hash,
        "argv": start.argv,
        "environment": start.environment,
        "provenance": {**completion.provenance, "wandb": history.summary.get("wandb")},
        "timing": history.timing(),
    }
    for key in (f"{evaluation}/bpb", f"{evaluation}/loss"):
        if not isinstance(run_info[key], int | float):
            raise RunError(
                f"{key}: expected a number after the last step, got {run_info[key]!r}; "
                "the evaluation failed, see the log of the run"
            )
    for key, number in _numbers(run_info, ""):
        if not math.isfinite(number):
            raise RunError(f"{key}: expected a finite number, got {number}; no results are written")
    _compare_model_size(config.model_size, history.summary.get("parameter_count"))
    return {"runs": [{"run_info": run_info}]}


def data_seed(config: SpeedrunConfig) -> int:
    """Return the seed of the order of the training data."""
    seed = config.train_config.data_seed
    return DEFAULT_DATA_SEED if seed is None else seed


def write_results(path: Path, results: dict[str, Any]) -> None:
    """Write a results file in one step, with sorted keys.

    Raises:
        OSError: The directory cannot be written.
    """
    write_json(path, results)


def check_device_count(config: SpeedrunConfig, device_count: int) -> None:
    """Check that jax shows as many devices as the declared hardware has.

    On CPU any number passes: there jax shows as many as it is told to.

    Raises:
        RunError: It does not.
    """
    resources = config.train_config.resources
    if isinstance(resources, CpuOnlyConfig) or device_count == resources.num_devices:
        return
    raise RunError(
        f"{type(resources).__name__}: expected {resources.num_devices} devices, as declared, got {device_count} from "
        "jax; declare the hardware that the run is on, since its FLOPs are computed from that"
    )


def format_timestamp(moment: datetime) -> str:
    """Return a moment in UTC as results files have it: `2025-06-27 06:41:56 UTC`."""
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _training_time(config: SpeedrunConfig, history: History) -> float:
    num_steps = config.train_config.num_train_steps
    missing = history.steps_without_duration(num_steps)
    if missing:
        raise RunError(
            f"training_time: expected the duration of all {num_steps} steps in the history, got none for "
            f"{len(missing)} of them, the first being step {missing[0]}; the history is not whole"
        )
    beyond = [step for step in history.steps if step >= num_steps]
    if beyond:
        raise RunError(
            f"training_time: expected {num_steps} steps in the history, got one more, step {max(beyond)}; "
            "the history is that of another run"
        )
    return history.training_time()


def _compare_model_size(formula: int, counted: Any) -> None:
    if counted is not None and abs(formula - counted) > _MODEL_SIZE_TOLERANCE * counted:
        _logger.warning(
            "model_size: the model configuration's formula gives %d parameters, the model that was trained has %d; "
            "correct total_trainable_params",
            formula,
            counted,
        )


def _numbers(value: Any, where: str) -> Iterator[tuple[str, float]]:
    """Yield every floating-point number in JSON data with the path to it."""
    if isinstance(value, float):
        yield where, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _numbers(item, f"{where}[{position}]")
