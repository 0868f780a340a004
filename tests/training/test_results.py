"""Results from a history: what is refused, and that files are written in one step."""

import dataclasses
import datetime as dt
import json
import math
import stat

import pytest

from training.config import Author, CpuOnlyConfig, GpuConfig, SimpleTrainConfig, SpeedrunConfig, TpuPodConfig
from training.datasets import SYNTHETIC
from training.errors import RunError
from training.files import read_json, write_json
from training.history import DURATION, History
from training.results import build_results, format_timestamp, write_results
from training.run_directory import Completion, Start


@dataclasses.dataclass(frozen=True)
class Model:
    max_seq_len: int = 8

    def flops_per_token(self, vocab_size, context_length):
        return 1000.0

    def total_trainable_params(self, vocab_size):
        return 10_000


START = Start("run-1", {}, ["--prefix", "x"], {"SR_A": "1"})
COMPLETION = Completion("2025-06-27 06:41:56 UTC", 1, 100, 99, "sha256:aa", "sha256:bb", {"host_count": 1})


def config(resources=None, **train):
    settings = SimpleTrainConfig(resources or CpuOnlyConfig(device_flops_override=1e9), 2, 3, 0.1, **train)
    return SpeedrunConfig(Author("a", "b"), "c", Model(), settings, SYNTHETIC.name)


def history(**changes):
    steps = {step: {DURATION: 1.0 + step} for step in range(3)}
    steps[2].update({"eval/synthetic/bpb": 0.8, "eval/synthetic/loss": 0.5})
    return dataclasses.replace(History(steps, {"parameter_count": 10_001}), **changes)


def build(config=None, completion=COMPLETION, history=None):
    built = build_results(config or globals()["config"](), START, completion, history or globals()["history"]())
    return built["runs"][0]["run_info"]


def test_figures():
    info = build()

    assert 6.0 == info["training_time"]
    assert 48 == info["total_tokens"]
    assert 3 * 1000 * 48 == info["model_flops"]
    assert 6.0 * 1e9 == info["training_hardware_flops"]
    assert (0.8, 0.5, 100, 99) == tuple(info[f"eval/synthetic/{key}"] for key in ("bpb", "loss", "tokens", "bytes"))
    assert (["--prefix", "x"], {"SR_A": "1"}) == (info["argv"], info["environment"])
    assert "2025-06-27 06:41:56 UTC" == info["run_completion_timestamp"]


def test_compute_is_multiplied_by_chips():
    info = build(config(TpuPodConfig("v5p-8", slice_count=2)), dataclasses.replace(COMPLETION, device_count=8))

    assert (8, 8) == (info["num_devices"], info["num_chips"])
    assert pytest.approx(6.0 * 8 * 459e12) == info["training_hardware_flops"]


@pytest.mark.parametrize(("seed", "expected"), [(None, 42), (7, 7), (0, 0)])
def test_data_seed_that_was_used_is_recorded(seed, expected):
    assert expected == build(config(data_seed=seed))["train_config"]["data_seed"]


def test_wandb_link():
    assert build()["wandb_run_link"] is None
    link = "https://wandb.ai/team/speedrun/runs/run-1"
    assert link == build(history=history(summary={"wandb_run_link": link}))["wandb_run_link"]


@pytest.mark.parametrize("resources", [GpuConfig(4, "A100"), TpuPodConfig("v5p-8")])
def test_devices_that_contradict_the_declaration_are_refused(resources):
    with pytest.raises(RunError) as error:
        build(config(resources), dataclasses.replace(COMPLETION, device_count=2))

    message = str(error.value)
    assert "\n" not in message
    assert f"{type(resources).__name__}: expected 4 devices, as declared, got 2 from jax" in message


def test_any_number_of_cpu_devices_passes():
    assert 4 == build(completion=dataclasses.replace(COMPLETION, device_count=4))["num_devices"]


def test_missing_step_is_refused():
    steps = history().steps
    del steps[1]

    with pytest.raises(RunError, match=r"training_time: expected the duration of all 3 steps.* step 1"):
        build(history=history(steps=steps))


def test_step_beyond_the_last_is_refused():
    with pytest.raises(RunError, match="got one more, step 7"):
        build(history=history(steps={**history().steps, 7: {DURATION: 1.0}}))


@pytest.mark.parametrize("key", ["eval/synthetic/bpb", "eval/synthetic/loss"])
def test_missing_evaluation_of_the_last_step_is_refused(key):
    steps = history().steps
    steps[1][key] = steps[2].pop(key)

    with pytest.raises(RunError, match=f"{key}: expected a number after the last step"):
        build(history=history(steps=steps))


@pytest.mark.parametrize(
    ("step", "key", "where"),
    [(2, "eval/synthetic/bpb", "eval/synthetic/bpb"), (0, DURATION, "training_time")],
)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_json_does_not_have_are_refused(step, key, where, value):
    steps = history().steps
    steps[step][key] = value

    with pytest.raises(RunError, match=f"{where}: expected a finite number"):
        build(history=history(steps=steps))


def test_wrong_formula_of_the_model_size_is_told(caplog):
    build(history=history(summary={"parameter_count": 10_004}))
    assert [] == caplog.messages
    build(history=history(summary={"parameter_count": 10_100}))
    [message] = caplog.messages
    assert "model_size: the model configuration's formula gives 10000 parameters" in message
    assert "the model that was trained has 10100" in message


def test_timestamp():
    moment = dt.datetime(2025, 6, 27, 6, 41, 56, 999, dt.UTC)

    assert "2025-06-27 06:41:56 UTC" == format_timestamp(moment)


def test_file_is_replaced_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "results.json"
    write_results(path, {"b": 1.5, "a": [1]})
    assert '{\n  "a": [\n    1\n  ],\n  "b": 1.5\n}\n' == path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) & 0o400

    def crash(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", crash)
    with pytest.raises(OSError, match="the disk is full"):
        write_results(path, {"c": 1})

    assert {"a": [1], "b": 1.5} == json.loads(path.read_text())
    assert [path] == list(path.parent.iterdir())


def test_nan_never_reaches_a_file(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": math.nan})
    assert [] == list(tmp_path.iterdir())


def test_damaged_json_is_one_clear_line(tmp_path):
    path = tmp_path / "status.json"
    path.write_text('{"status": ')

    with pytest.raises(RunError, match=r"status\.json: expected JSON"):
        read_json(path)
    assert read_json(tmp_path / "missing.json") is None
