"""The configuration: hardware, schedules, sequence length, and its JSON data."""

import dataclasses
import enum
import math
import subprocess
import sys
from dataclasses import dataclass, field

import pytest

from training.config import (
    Author,
    CpuOnlyConfig,
    GpuConfig,
    SimpleTrainConfig,
    SpeedrunConfig,
    TpuPodConfig,
    plain_data,
    total_sequences,
)
from training.datasets import SYNTHETIC
from training.errors import UsageError


@dataclass(frozen=True)
class Model:
    """A model configuration without levanter."""

    max_seq_len: int | None = 8
    seq_len: int | None = None

    def flops_per_token(self, vocab_size, context_length):
        return 10 * vocab_size + context_length

    def total_trainable_params(self, vocab_size):
        return 2 * vocab_size


class Color(enum.StrEnum):
    RED = "red"


def speedrun(model=None, **train):
    settings = {
        "resources": GpuConfig(1, "A100"), "train_batch_size": 2, "num_train_steps": 3, "learning_rate": 0.1, **train
    }  # fmt: skip
    return SpeedrunConfig(Author("a", "b"), "c", model or Model(), SimpleTrainConfig(**settings))


def step(start, value):
    from levanter.schedule import ScheduleStep

    return ScheduleStep(start=start, value=value)


def test_importing_it_imports_neither_jax_nor_levanter():
    code = "import sys, training.speedrun, training.config; print({'jax', 'levanter', 'numpy'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert "set()\n" == printed


@pytest.mark.parametrize(
    ("resources", "devices", "chips", "flops"),
    [
        (GpuConfig(1, "A100-80G"), 1, 1, 312e12),
        (GpuConfig(4, "A100"), 4, 4, 312e12),
        (GpuConfig(8, "unheard of", 1e15), 8, 8, 1e15),
        (GpuConfig(2, None, 1e15), 2, 2, 1e15),
        (TpuPodConfig("v5p-32"), 16, 16, 459e12),
        (TpuPodConfig("v5p-32", slice_count=2), 32, 32, 459e12),
        (TpuPodConfig("v5litepod-64"), 64, 64, 197e12),
        (TpuPodConfig("v5p-8", device_flops_override=1e14), 4, 4, 1e14),
        (CpuOnlyConfig(device_flops_override=1e11), 1, 1, 1e11),
        (CpuOnlyConfig(num_cpus=8, device_flops_override=1e11), 1, 1, 1e11),
    ],
)
def test_hardware(resources, devices, chips, flops):
    assert devices == resources.num_devices
    assert chips == resources.num_chips
    assert pytest.approx(flops, rel=1e-2) == resources.device_flops


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        (GpuConfig(1, "A1000000"), ["GpuConfig.accelerator_type", "'A100-80G'", "'A1000000'", "device_flops_override"]),
        (GpuConfig(1), ["GpuConfig.accelerator_type", "None", "device_flops_override"]),
        (TpuPodConfig("v5p-33"), ["TpuPodConfig.tpu_type", "'v5p-32'", "'v5p-33'"]),
        (TpuPodConfig("H100"), ["TpuPodConfig.tpu_type", "'H100'"]),
        (CpuOnlyConfig(), ["CpuOnlyConfig.device_flops_override", "None", "1e11"]),
        (CpuOnlyConfig(device_flops_override=0.0), ["CpuOnlyConfig.device_flops_override", "positive", "0.0"]),
        (GpuConfig(1, "A100", math.nan), ["GpuConfig.device_flops_override", "nan"]),
    ],
)
def test_unknown_hardware_is_one_clear_line(resources, words):
    with pytest.raises(UsageError) as error:
        _ = resources.device_flops

    message = str(error.value)
    assert "\n" not in message
    assert [] == [word for word in words if word not in message], message


def test_resources_in_json():
    assert {"gpu_count": 1, "accelerator_type": "A100-80G", "device_flops_override": None} == plain_data(
        GpuConfig(1, "A100-80G")
    )
    assert {"tpu_type": "v5p-32", "slice_count": 1, "device_flops_override": None} == plain_data(TpuPodConfig("v5p-32"))
    assert {"num_cpus": 1, "device_flops_override": 1e11} == plain_data(CpuOnlyConfig(device_flops_override=1e11))


def test_one_batch_size():
    assert 128 * 5880 == total_sequences(128, 5880)


def test_batch_size_schedule_is_summed_as_levanter_does():
    from levanter.schedule import BatchSchedule

    schedule = [step(0, 8), step(10, 16), step(30, 4)]

    for steps in (1, 10, 11, 29, 30, 31, 100):
        assert BatchSchedule(schedule).global_data_offset_by_step(steps) == total_sequences(schedule, steps)
    assert 10 * 8 + 20 * 16 + 70 * 4 == total_sequences(schedule, 100)
    assert 100 * 4 * 8 == speedrun(train_batch_size=[step(0, 4)], num_train_steps=100).total_tokens


@pytest.mark.parametrize(
    ("batch_size", "steps", "words"),
    [
        (0, 10, "train_batch_size"),
        (4, 0, "num_train_steps"),
        ([(5, 4)], 10, "schedule of increasing steps from 0"),
        ([(0, 4), (0, 8)], 10, "schedule of increasing steps from 0"),
        ([], 10, "schedule of increasing steps from 0"),
        ([(0, 4), (5, 0)], 10, "at least 1 sequence"),
    ],
)
def test_impossible_batch_sizes(batch_size, steps, words):
    schedule = batch_size if isinstance(batch_size, int) else [step(*pair) for pair in batch_size]

    with pytest.raises(UsageError, match=words):
        total_sequences(schedule, steps)


@pytest.mark.parametrize(
    ("model", "train_seq_len", "expected"),
    [(Model(8, 16), 4, 4), (Model(8, 16), None, 8), (Model(None, 16), None, 16)],
)
def test_sequence_length(model, train_seq_len, expected):
    config = speedrun(model, train_seq_len=train_seq_len)

    assert expected == config.sequence_length
    assert 2 * 3 * expected == config.total_tokens
    assert 3 * (10 * 128_256 + expected) * 6 * expected == config.compute_model_flops()


def test_missing_sequence_length():
    with pytest.raises(UsageError, match="max_seq_len or seq_len"):
        _ = speedrun(Model(None, None)).sequence_length


def test_missing_flops_formula():
    class NoFormula(Model):
        def flops_per_token(self, vocab_size, context_length):
            return None

    with pytest.raises(UsageError, match=r"NoFormula\.flops_per_token"):
        speedrun(NoFormula()).compute_model_flops()


def test_vocabulary_is_that_of_the_data_set():
    config = speedrun()

    assert 128_256 == config.vocab_size
    assert 257 == dataclasses.replace(config, tokenized_dataset=SYNTHETIC.name).vocab_size
    with pytest.raises(UsageError, match=r"synthetic/markov-words-v1.*'nothing'"):
        _ = dataclasses.replace(config, tokenized_dataset="nothing").vocab_size


def test_keys_of_the_train_config_are_those_of_the_contest():
    data = speedrun().as_plain_data()

    assert ["author", "description", "model_config", "train_config", "tokenized_dataset", "resources"] == list(data)
    assert [
        "train_batch_size", "num_train_steps", "learning_rate", "data_seed", "weight_decay", "beta1", "beta2",
        "epsilon", "max_grad_norm", "warmup", "decay", "rewarmup", "lr_schedule", "min_lr_ratio",
        "cycle_length", "z_loss_weight", "ema_beta", "skip_bad_steps", "steps_per_eval", "steps_per_export",
        "steps_per_task_eval", "steps_per_hf_export", "per_device_eval_parallelism", "max_eval_batches",
        "initialize_from_checkpoint_path", "initialize_from_hf", "reset_data_loader_on_init",
        "allow_partial_checkpoint", "int8", "optimizer_config", "watch", "profiler", "profiler_start_step",
        "profiler_num_steps",
    ] == list(data["train_config"])  # fmt: skip
    assert {
        "watch_targets": ["grads", "params"],
        "include_norms": True,
        "include_per_parameter_norms": True,
        "include_histograms": False,
        "split_scan_layers": True,
        "interval": 10,
    } == data["train_config"]["watch"]


def test_train_seq_len_appears_when_set():
    assert 4 == speedrun(train_seq_len=4).as_plain_data()["train_config"]["train_seq_len"]


def test_plain_data():
    @dataclass
    class Everything:
        color: Color = Color.RED
        pairs: tuple[int, ...] = (1, 2)
        nested: dict = field(default_factory=lambda: {"b": [Color.RED], "a": None})
        function: object = math.sqrt
        type: object = Model

    assert {
        "color": "RED",
        "pairs": [1, 2],
        "nested": {"b": ["RED"], "a": None},
        "function": "math.sqrt",
        "type": f"{Model.__module__}.Model",
    } == plain_data(Everything())
    with pytest.raises(UsageError, match="finite"):
        plain_data({"a": [math.inf]})


def test_an_explicit_head_dim_counts():
    llama = {
        "max_seq_len": 4096,
        "hidden_dim": 512,
        "intermediate_dim": 1792,
        "num_layers": 6,
        "num_heads": 8,
        "num_kv_heads": 8,
    }
    plain, wide = (
        dataclasses.make_dataclass("Llama", [(key, object, value) for key, value in keys.items()], frozen=True)()
        for keys in (llama, {**llama, "head_dim": 512})
    )
    flops = [speedrun(model).model_flops_per_token() for model in (plain, wide)]
    assert flops[1] - flops[0] == 6 * 8 * (512 - 64) * (8 * 512 + 4 * 4096)
