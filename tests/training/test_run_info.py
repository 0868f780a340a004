"""The text of print_run_info, against the text that the original contest published."""

import json
import math

import pytest

from training.config import Author, GpuConfig, SimpleTrainConfig, SpeedrunConfig
from training.run_info import format_json, format_run_info, print_run_info, print_unless_printed

DATASET = (
    "ExecutorStep(name='tokenized/subcache/fineweb-edu-10B', fn=<function _actually_download_pretokenized_cache at "
    "0x7c3779c26520>, config=PretokenizedCacheDownloadConfig(cache_path=OutputName(name=None)))"
)

# The configuration of the published example.
CONFIGURATION = {
    "author": {
        "name": "__SUBMISSION_AUTHOR_NAME__",
        "affiliation": "__SUBMISSION_AUTHOR_AFFILIATION__",
        "url": "__SUBMISSION_AUTHOR_URL__",
    },
    "description": "__SUBMISSION_DESCRIPTION__ (130m)",
    "model_config": {
        "cross_entropy_block_size": 4096,
        "seq_len": 4096,
        "head_dim": None,
        "layer_norm_epsilon": 0.00001,
        "attn_backend": "JAX_FLASH",
        "rope": {"theta": 10000, "factor": 1.0},
        "gradient_checkpointing": True,
        "initializer_range": 0.02,
    },
    "train_config": {
        "train_batch_size": 128,
        "learning_rate": 0.032,
        "skip_bad_steps": False,
        "steps_per_hf_export": -1,
        "optimizer_config": {"min_lr_ratio": 0, "rewarmup": 0.0, "epsilon": 1e-15, "max_grad_norm": 1},
        "watch": {"watch_targets": ["grads", "params"], "interval": 10},
        "profiler": False,
    },
    "tokenized_dataset": DATASET,
    "resources": {"gpu_count": 1, "accelerator_type": "A100-80G", "device_flops_override": None},
}

EXPECTED = f"""\
----- START OF PRINT RUN INFO -----
Speedrun Configuration:
{{
  "author":
  {{
    "name": "__SUBMISSION_AUTHOR_NAME__",
    "affiliation": "__SUBMISSION_AUTHOR_AFFILIATION__",
    "url": "__SUBMISSION_AUTHOR_URL__"
  }},
  "description": "__SUBMISSION_DESCRIPTION__ (130m)",
  "model_config":
  {{
    "cross_entropy_block_size": 4096,
    "seq_len": 4096,
    "head_dim": null,
    "layer_norm_epsilon": 0.00001,
    "attn_backend": "JAX_FLASH",
    "rope":
    {{
      "theta": 10000,
      "factor": 1.0
    }},
    "gradient_checkpointing": true,
    "initializer_range": 0.02
  }},
  "train_config":
  {{
    "train_batch_size": 128,
    "learning_rate": 0.032,
    "skip_bad_steps": false,
    "steps_per_hf_export": -1,
    "optimizer_config":
    {{
      "min_lr_ratio": 0,
      "rewarmup": 0.0,
      "epsilon": 1E-15,
      "max_grad_norm": 1
    }},
    "watch":
    {{
      "watch_targets":
      [
        "grads",
        "params"
      ],
      "interval": 10
    }},
    "profiler": false
  }},
  "tokenized_dataset": "{DATASET}",
  "resources":
  {{
    "gpu_count": 1,
    "accelerator_type": "A100-80G",
    "device_flops_override": null
  }}
}}
The rough estimated compute (calculated as (total model FLOPs / Assumed MFU)) for your run is probably between:
      * 4.21e+18 FLOPs assuming an MFU of 0.5, and
      * 1.05e+19 FLOPs assuming an MFU of 0.2.

This is calculated based on assumed MFU values and can be used as a rough estimate to guide your config/training setup.
Hardware and Model FLOPS Information:
Number of devices: 1
Number of chips: 1
Device FLOPs: 3.12e+14 FLOP/s
Total peak hardware FLOPs: 3.12e+14 FLOP/s
Model FLOPs: 2.11e+18 FLOP
Model size: 154.15 million parameters
----- END OF PRINT RUN INFO -----"""


def anchor_model_flops():
    return 3 * 227_868_672 * 128 * 5880 * 4096


def test_published_example():
    text = format_run_info(
        CONFIGURATION,
        model_flops=anchor_model_flops(),
        model_size=154_147_328,
        num_devices=1,
        num_chips=1,
        device_flops=3.12e14,
    )

    assert EXPECTED == text


def test_peak_is_multiplied_by_chips_not_by_devices():
    text = format_run_info({}, model_flops=1e18, model_size=1, num_devices=32, num_chips=16, device_flops=4.59e14)

    assert "Number of devices: 32\nNumber of chips: 16\nDevice FLOPs: 4.59e+14 FLOP/s" in text
    assert "Total peak hardware FLOPs: 7.34e+15 FLOP/s" in text


def test_published_anchor_from_levanters_llama(capsys):
    """154M parameters on one A100: the figures that the contest printed for it."""
    from levanter.layers.attention import AttentionBackend
    from levanter.models.llama import LlamaConfig

    config = SpeedrunConfig(
        author=Author("a", "b", "c"),
        description="d",
        model_config=LlamaConfig(
            max_seq_len=4096,
            hidden_dim=512,
            intermediate_dim=1792,
            num_layers=6,
            num_heads=8,
            num_kv_heads=8,
            attn_backend=AttentionBackend.JAX_FLASH,
        ),
        train_config=SimpleTrainConfig(GpuConfig(1, "A100-80G"), 128, 5880, 0.032),
    )
    config.print_run_info()
    printed = capsys.readouterr().out

    assert 227_868_672 == config.model_flops_per_token()
    assert 154_147_328 == config.model_size
    assert 128 * 5880 * 4096 == config.total_tokens
    assert anchor_model_flops() == config.compute_model_flops()
    assert EXPECTED.partition("\n}\n")[2] + "\n" == printed.partition("\n}\n")[2]
    assert '\n  "resources":\n  {\n    "gpu_count": 1,\n    "accelerator_type": "A100-80G",\n' in printed
    assert '\n    "attn_backend": "JAX_FLASH",\n' in printed
    assert '\n    "activation_function": "silu",\n' in printed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, "{}"),
        ([], "[]"),
        ({"a": {}, "b": []}, '{\n  "a": {},\n  "b": []\n}'),
        ([{}, {"a": 1}], '[\n  {},\n  {\n    "a": 1\n  }\n]'),
        ([[1], 2], "[\n  [\n    1\n  ],\n  2\n]"),
        (1e-5, "0.00001"),
        (1e-6, "0.000001"),
        (1e-7, "1E-7"),
        (1e22, "1E+22"),
        (1.0, "1.0"),
        (1, "1"),
        (-0.5, "-0.5"),
        (True, "true"),
        (None, "null"),
        ('a "quoted" \\ line\n', r'"a \"quoted\" \\ line\n"'),
        ("Zoë", '"Zoë"'),
    ],
)
def test_format_of_values(value, expected):
    text = "\n".join(format_json(value))

    assert expected == text
    assert value == json.loads(text)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_json_does_not_have(value):
    with pytest.raises(ValueError, match="JSON has no number"):
        list(format_json({"a": value}))


def test_a_script_that_prints_by_itself_is_not_printed_twice(capsys):
    print_run_info("one")
    print_unless_printed("one")
    assert "one\n" == capsys.readouterr().out
    print_unless_printed("one")
    assert "one\n" == capsys.readouterr().out
