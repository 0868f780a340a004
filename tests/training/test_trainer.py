"""levanter's configuration from ours."""

import dataclasses
from datetime import timedelta

import jax.numpy as jnp
import pytest
from levanter.tracker.wandb import WandbConfig

from training import trainer
from training.config import GpuConfig
from training.data import prepare
from training.datasets import SYNTHETIC
from training.errors import RunError, UsageError
from training.run_directory import RunDirectory
from training.tracker import HistoryTrackerConfig


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return prepare(SYNTHETIC, tmp_path_factory.mktemp("data"))


@pytest.fixture
def build(tiny_config, data, tmp_path, monkeypatch):
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_ENTITY", "WANDB_PROJECT", "JAX_COMPILATION_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))

    def build(**changes):
        train = dataclasses.replace(tiny_config.train_config, **changes)
        return trainer._train_lm_config(
            dataclasses.replace(tiny_config, train_config=train),
            run_id="run-1",
            tags=["tag"],
            directory=RunDirectory(tmp_path / "run"),
            prefix=tmp_path,
            data=data,
        )

    return build


def test_cpu(build, tmp_path):
    config = build()

    assert jnp.float32 == config.trainer.mp.compute_dtype == config.trainer.mp.param_dtype
    assert config.trainer.require_accelerator is False
    assert not config.trainer.watch.is_enabled
    assert (False, False) == (config.trainer.log_jaxprs, config.trainer.log_xla_hlo)
    assert timedelta(seconds=10) == config.trainer.checkpointer.save_interval
    assert [{"every": 4}] == config.trainer.checkpointer.keep
    assert str(tmp_path / "run" / "checkpoints") == config.trainer.checkpointer.expanded_path("run-1")
    assert str(tmp_path / "jax_cache") == config.trainer.jax_compilation_cache_dir
    assert "run-1" == config.trainer.id


def test_accelerator(build):
    config = build(resources=GpuConfig(8, "H100"))

    assert jnp.bfloat16 == config.trainer.mp.compute_dtype
    assert jnp.float32 == config.trainer.mp.param_dtype
    assert config.trainer.require_accelerator is True
    assert ["grads", "params"] == config.trainer.watch.watch_targets
    assert timedelta(minutes=10) == config.trainer.checkpointer.save_interval


def test_wrong_devices_stop_a_run_before_it_trains(build, monkeypatch):
    config = build(resources=GpuConfig(8, "H100"))
    monkeypatch.setattr("levanter.trainer.TrainerConfig.initialize", lambda self: None)

    with pytest.raises(RunError, match="GpuConfig: expected 8 devices, as declared, got 1 from jax"):
        config.trainer.initialize()


def test_model_gets_the_tokenizer_of_the_data(build, data):
    assert str(data.tokenizer_directory) == build().model.tokenizer == build().data.tokenizer


def test_adam_takes_what_is_set(build):
    optimizer = build(weight_decay=0.05, beta1=0.8, min_lr_ratio=0.2, lr_schedule="linear", decay=0.3).optimizer

    assert (5e-3, 0.05, 0.8, 0.9) == (
        optimizer.learning_rate, optimizer.weight_decay, optimizer.beta1, optimizer.beta2
    )  # fmt: skip
    assert (0.2, "linear", 0.3, 2) == (
        optimizer.min_lr_ratio, optimizer.lr_schedule, optimizer.decay, optimizer.warmup
    )  # fmt: skip
    assert (1e-8, 1.0) == (optimizer.epsilon, optimizer.max_grad_norm)


def test_optimizer_config_settles_everything(build):
    from levanter.optim.muon import MuonConfig

    muon = MuonConfig(learning_rate=0.02)

    assert muon is build(optimizer_config=muon, beta1=0.1).optimizer


@pytest.mark.parametrize(("seed", "expected"), [(None, 42), (0, 0), (7, 7)])
def test_data_seed(build, seed, expected):
    assert expected == build(data_seed=seed).data_seed


def test_schedules_and_the_rest(build):
    from levanter.schedule import ScheduleStep

    schedule = (ScheduleStep(0, 4), ScheduleStep(6, 8))
    config = build(
        train_batch_size=schedule, train_seq_len=32, z_loss_weight=1e-4, ema_beta=0.99, int8=True, profiler=True,
        steps_per_eval=None, per_device_eval_parallelism=None, max_eval_batches=3,
    )  # fmt: skip

    assert list(schedule) == config.trainer.train_batch_size
    assert 32 == config.train_seq_len
    assert 1e-4 == config.z_loss_weight
    assert 0.99 == config.trainer.model_averaging.beta
    assert config.trainer.quantization.int8
    assert config.trainer.profiler.is_enabled
    assert (1000, -1, 3) == (
        config.trainer.steps_per_eval, config.trainer.per_device_eval_parallelism, config.trainer.max_eval_batches
    )  # fmt: skip


@pytest.mark.parametrize(("steps", "path"), [(None, None), (-1, None), (500, "hf")])
def test_export_only_when_asked_for(build, tmp_path, steps, path):
    assert (None if path is None else str(tmp_path / "run" / path)) == build(steps_per_hf_export=steps).hf_save_path


def test_starting_from_a_checkpoint(build):
    fresh = build(initialize_from_checkpoint_path="somewhere")
    assert ("somewhere", None) == (fresh.initialize_from_checkpoint_path, fresh.trainer.initialize_from)
    going_on = build(initialize_from_checkpoint_path="somewhere", reset_data_loader_on_init=False)
    assert (None, "somewhere") == (going_on.initialize_from_checkpoint_path, going_on.trainer.initialize_from)


def test_task_evaluation_is_refused(build):
    with pytest.raises(UsageError, match="steps_per_task_eval"):
        build(steps_per_task_eval=10)


def trackers(config):
    return [type(tracker) for tracker in config.trainer.tracker]


@pytest.mark.parametrize(
    ("variables", "mode"),
    [
        ({"WANDB_MODE": "offline"}, "offline"),
        ({"WANDB_MODE": "online"}, "online"),
        ({"WANDB_API_KEY": "key"}, None),
    ],
)
def test_wandb_beside_our_history(build, monkeypatch, variables, mode):
    for name, value in {**variables, "WANDB_ENTITY": "team", "WANDB_PROJECT": "contest"}.items():
        monkeypatch.setenv(name, value)
    config = build()

    # W&B comes first: our tracker notes its link when it starts.
    assert [WandbConfig, HistoryTrackerConfig] == trackers(config)[:2]
    wandb = config.trainer.tracker[0]
    assert ("team", "contest", "run-1", mode) == (wandb.entity, wandb.project, wandb.id, wandb.mode)
    assert ["speedrun", "tag"] == wandb.tags


@pytest.mark.parametrize("variables", [{}, {"WANDB_MODE": "disabled", "WANDB_API_KEY": "key"}, {"WANDB_API_KEY": ""}])
def test_no_wandb_otherwise(build, monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert WandbConfig not in trackers(build())


def test_link_of_the_wandb_run_is_noted(tmp_path, monkeypatch):
    import sys
    import types

    from training.history import read_history

    link = "https://wandb.ai/team/contest/runs/run-1"
    run = types.SimpleNamespace(url=link, entity="team", project="contest", id="run-1")
    monkeypatch.setitem(sys.modules, "wandb", types.SimpleNamespace(run=run))
    path = tmp_path / "history.jsonl"
    HistoryTrackerConfig(str(path)).init("run-1").finish()

    named = {"entity": "team", "project": "contest", "id": "run-1"}
    assert {"wandb_run_link": link, "wandb": named} == read_history(path).summary
