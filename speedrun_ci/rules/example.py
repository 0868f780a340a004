"""The honest submission that every rule's examples are edits of.

Its figures are those of no real run: the published 130M size, trained for 1,500 seconds on a v5p-32.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from speedrun_ci.results import RESULTS_NAME
from speedrun_ci.strict_json import split_pointer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from speedrun_ci.rules.base import Example

RUN_INFO: dict[str, Any] = {
    "author": {"name": "Ada Example", "affiliation": "Example University", "url": "https://example.org"},
    "description": "An honest run.",
    "device_flops": 459e12,
    "eval/paloma/c4_en/bpb": 1.18,
    "model_config": {
        "activation_function": "silu",
        "gradient_checkpointing": True,
        "head_dim": None,
        "hidden_dim": 512,
        "intermediate_dim": 1792,
        "num_heads": 8,
        "num_kv_heads": 8,
        "num_layers": 6,
        "rope": {"factor": 1.0, "theta": 10000},
        "seq_len": 4096,
        "tie_word_embeddings": False,
        "use_bias": False,
        "use_layer_norm_weight": True,
    },
    "model_flops": 2.107429813789655e18,
    "model_size": 154_147_328,
    "num_chips": 16,
    "num_devices": 16,
    "resources": {"device_flops_override": None, "slice_count": 1, "tpu_type": "v5p-32"},
    "run_completion_timestamp": "2025-10-02 06:24:34 UTC",
    "tokenized_dataset": "local_store/tokenized/fineweb-edu-10B",
    "total_tokens": 3_082_813_440,
    "train_config": {"learning_rate": 0.016, "num_train_steps": 5880, "train_batch_size": 128},
    "training_hardware_flops": 1.1016e19,
    "training_time": 1500.0,
    "wandb_run_link": "https://wandb.ai/example/speedrun/runs/abc123",
}


def edited(edits: Mapping[str, object], base: dict[str, Any] = RUN_INFO) -> dict[str, Any]:
    """Return a copy of a `run_info` with values replaced by JSON pointer; `...` removes the key."""
    info = copy.deepcopy(base)
    for pointer, value in edits.items():
        *parents, last = split_pointer(pointer)
        target = info
        for key in parents:
            target = target[key]
        if value is ...:
            del target[last]
        else:
            target[last] = value
    return info


def results_text(example: Example) -> str:
    """Return the results file of an example."""
    info = edited(example.edits or {})
    text = json.dumps({"runs": [{"run_info": info}]}, indent=2, sort_keys=True)
    if example.replace is not None:
        old, new = example.replace
        head, found, tail = text.rpartition(old) if old == "]" else text.partition(old)
        if not found:
            raise ValueError(f"example {example.text!r}: the results file does not contain {old!r}")
        text = head + new + tail
    return text


def directory(example: Example) -> dict[str, str | None]:
    """Return the files of an example's submission directory, by relative path; None stands for no such file."""
    return {
        "main.py": '"""Trains the example."""\n',
        "README.md": "# An example\n\nA Llama of 130M parameters with default settings.\n",
        RESULTS_NAME: results_text(example),
        **(example.files or {}),
    }
