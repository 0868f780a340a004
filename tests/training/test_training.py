"""Training for real: what a run leaves on disk, and that a kill does not change it."""

import json
import math
import re

import pytest

from training import byte_tokenizer, corpus
from training.history import read_history
from training.provenance import PACKAGES
from training.run_directory import Status
from training.speedrun import default_speedrun, executor_main

STEPS = 12
KEYS = {
    "author", "description", "model_config", "train_config", "tokenized_dataset", "resources",
    "run_completion_timestamp", "training_time", "total_tokens", "model_size", "model_flops_per_token", "model_flops",
    "training_hardware_flops", "num_devices", "num_chips", "device_flops", "wandb_run_link", "vocab_size",
    "eval/synthetic/bpb", "eval/synthetic/loss", "eval/synthetic/tokens", "eval/synthetic/bytes",
    "tokenizer_hash", "data_hash", "argv", "environment", "provenance", "timing",
}  # fmt: skip


def run_info(path):
    document = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} in a results file"))
    assert ["runs"] == list(document)
    [run] = document["runs"]
    assert ["run_info"] == list(run)
    return run["run_info"]


def test_results_have_the_keys_of_the_contest(whole_run):
    info = run_info(whole_run.results)

    assert KEYS == set(info)
    assert {"name", "affiliation", "url"} == set(info["author"])
    assert "resources" not in info["train_config"]
    assert {"num_cpus": 1, "device_flops_override": 1e12} == info["resources"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", info["run_completion_timestamp"])
    assert info["wandb_run_link"] is None


def test_provenance_says_what_made_the_figures(whole_run):
    provenance = run_info(whole_run.results)["provenance"]

    assert {"software", "code", "device_kind", "device_count", "host_count", "data_seed", "wandb"} == set(provenance)
    assert "cpu" == provenance["device_kind"]
    assert (1, 1, 42) == tuple(provenance[key] for key in ("device_count", "host_count", "data_seed"))
    assert {"python", *PACKAGES} == set(provenance["software"])
    assert None not in provenance["software"].values()
    assert None is provenance["wandb"]


def test_timing_tells_compilation_evaluation_and_loading_apart(whole_run):
    info = run_info(whole_run.results)
    timing = info["timing"]

    assert {"first_step", "typical_step", "loading", "hooks", "evaluation"} == set(timing)
    assert timing["first_step"] > 10 * timing["typical_step"] > 0
    assert 0 < timing["evaluation"] <= timing["hooks"]
    assert timing["first_step"] + (STEPS - 1) * timing["typical_step"] == pytest.approx(info["training_time"], rel=0.5)


def test_results_are_sorted_and_indented(whole_run):
    text = whole_run.results.read_text()

    assert json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n" == text
    assert text == whole_run.directory.results.read_text()


def test_identities_hold(whole_run):
    info = run_info(whole_run.results)
    model, train = info["model_config"], info["train_config"]
    h, i, n, layers = model["hidden_dim"], model["intermediate_dim"], model["num_heads"], model["num_layers"]
    kv, s, vocab = model["num_kv_heads"], model["max_seq_len"], info["vocab_size"]
    d = h // n
    block = 2 * 3 * h * i + 2 * h * (n * d + 2 * kv * d) + 2 * n * d * h + 4 * s * n * d + 3 * s * n
    parameters = layers * (3 * h * i + h * d * (2 * n + 2 * kv) + 2 * h) + h + 2 * vocab * h

    assert 257 == vocab
    assert train["train_batch_size"] * train["num_train_steps"] * s == info["total_tokens"]
    assert layers * block + 2 * h * vocab == info["model_flops_per_token"]
    assert 3 * info["model_flops_per_token"] * info["total_tokens"] == info["model_flops"]
    assert parameters == info["model_size"]
    assert 1 == info["num_chips"] == info["num_devices"]
    assert 1e12 == info["device_flops"]
    hardware_flops = info["training_time"] * info["num_chips"] * info["device_flops"]
    assert hardware_flops == info["training_hardware_flops"]
    assert 0 < info["model_flops"] / hardware_flops < 1


def test_bits_per_byte_follow_from_the_loss(whole_run):
    info = run_info(whole_run.results)
    bpb = info["eval/synthetic/loss"] / math.log(2) * info["eval/synthetic/tokens"] / info["eval/synthetic/bytes"]

    # max_eval_batches is 1, of 32 sequences of 64 tokens; the first token of a sequence is not predicted.
    assert 32 * 63 == info["eval/synthetic/tokens"]
    assert pytest.approx(bpb, rel=1e-6) == info["eval/synthetic/bpb"]
    assert corpus.entropy_bits_per_byte() < info["eval/synthetic/bpb"] < 8.1


def test_results_record_what_was_used(whole_run):
    info = run_info(whole_run.results)

    assert 42 == info["train_config"]["data_seed"]
    assert byte_tokenizer.tokenizer_hash() == info["tokenizer_hash"]
    assert corpus.data_hash() == info["data_hash"]
    assert corpus.NAME == info["tokenized_dataset"]
    # The tokenizer's directory that levanter was given is no part of the declaration.
    assert info["model_config"]["tokenizer"] is None


def test_results_record_arguments_and_own_variables_only(resumed_run, prefix):
    info = run_info(resumed_run.results)

    assert ["--prefix", str(prefix), "--results_dir", str(resumed_run.results.parent)] == info["argv"]
    assert {"SR_PRESET": "cpu"} == info["environment"]


def test_history_has_every_step_and_the_training_time(whole_run):
    history = read_history(whole_run.directory.history)

    assert set(range(STEPS)) == set(history.steps)
    assert [] == history.steps_without_duration(STEPS)
    assert all(math.isfinite(row["train/loss"]) and row["train/loss"] > 0 for row in history.steps.values())
    evaluated = [step for step, row in sorted(history.steps.items()) if "eval/synthetic/bpb" in row]
    assert [4, 9, 11] == evaluated
    assert run_info(whole_run.results)["model_size"] == history.summary["parameter_count"]
    durations = [row["throughput/duration"] for row in history.steps.values()]
    assert pytest.approx(sum(durations)) == run_info(whole_run.results)["training_time"]


def test_training_learns(whole_run):
    history = read_history(whole_run.directory.history)

    assert history.steps[11]["train/loss"] < history.steps[0]["train/loss"] - 0.5


def test_training_prints_little_and_nothing_to_standard_output(resumed_run):
    assert "" == resumed_run.stdout
    lines = resumed_run.stderr.splitlines()
    assert any("eval/synthetic/bpb" in line for line in lines), resumed_run.stderr
    assert len(lines) < 15, resumed_run.stderr
    assert "Traceback" not in resumed_run.stderr


def test_log_is_short_and_kept(resumed_run):
    [log] = resumed_run.directory.logs.iterdir()

    assert resumed_run.directory.log(resumed_run.directory.start().run_id) == log
    # The killed process wrote to it, too.
    assert 10 < len(log.read_text().splitlines()) < 120


def test_killed_run_had_a_checkpoint_and_was_not_finished(resumed_run):
    assert 9 == resumed_run.killed_by
    assert "running" == resumed_run.status_when_killed
    assert ("step-4",) == resumed_run.checkpoints_when_killed
    assert Status.SUCCESS is resumed_run.directory.status()
    assert "tiny: resuming" in resumed_run.stderr


def test_resumed_run_logs_the_same_losses(whole_run, resumed_run):
    whole, resumed = read_history(whole_run.directory.history), read_history(resumed_run.directory.history)

    assert {step: row["train/loss"] for step, row in whole.steps.items()} == {
        step: row["train/loss"] for step, row in resumed.steps.items()
    }
    for key in ("eval/synthetic/bpb", "eval/synthetic/loss", "eval/synthetic/tokens", "eval/synthetic/bytes"):
        assert run_info(whole_run.results)[key] == run_info(resumed_run.results)[key]


def test_resumed_run_ends_in_the_same_parameters_bit_for_bit(whole_run, resumed_run, tiny_config):
    import equinox as eqx
    import haliax as hax
    import jax
    import numpy as np
    from levanter.checkpoint import latest_checkpoint_path, load_checkpoint

    template = eqx.filter_eval_shape(tiny_config.model_config.build, hax.Axis("vocab", 257), key=jax.random.PRNGKey(0))

    mesh = jax.sharding.Mesh(np.array(jax.devices()[:1]), ("data",))

    def parameters(run):
        path = latest_checkpoint_path(str(run.directory.checkpoints))
        assert path.endswith("step-11")
        model = load_checkpoint(template, path, subpath="model", axis_mapping={}, mesh=mesh)
        return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(model) if eqx.is_array(leaf)]

    expected = parameters(whole_run)
    assert len(expected) > 5
    assert expected == parameters(resumed_run)


def test_resumed_run_counts_each_step_once(resumed_run):
    lines = [json.loads(line) for line in resumed_run.directory.history.read_text().splitlines()]
    durations = {}
    for line in lines:
        if "throughput/duration" in line.get("metrics", {}):
            durations.setdefault(line["step"], []).append(line["metrics"]["throughput/duration"])

    assert set(range(STEPS)) == set(durations)
    # Step 5 was taken before the kill and again after it.
    assert len(set(durations[5])) == 2
    assert pytest.approx(sum(seen[-1] for seen in durations.values())) == run_info(resumed_run.results)["training_time"]


def test_training_needs_no_network(resumed_run):
    assert "" == resumed_run.network


def test_finished_run_is_not_trained_again(whole_run, tiny_config, prefix, tmp_path, capsys, monkeypatch):
    import dataclasses

    monkeypatch.setattr("training.speedrun._train", lambda *_: pytest.fail("trained again"))
    config = dataclasses.replace(tiny_config, description="A better description.")
    executor_main(
        steps=default_speedrun("whole", config), argv=["--prefix", str(prefix), "--results_dir", str(tmp_path)]
    )

    first, second = run_info(whole_run.results), run_info(tmp_path / "speedrun_results.json")
    assert {**first, "description": "A better description."} == second
    assert "already trained" in capsys.readouterr().err


def test_evaluation_of_a_complete_run_that_was_killed_before_its_results(whole_run, tiny_config, prefix, tmp_path):
    """levanter then runs only the last hooks, and logs a training loss of zero."""
    import shutil

    from training.run_directory import RunDirectory

    directory = RunDirectory(prefix / "copy")
    shutil.copytree(whole_run.directory.path, directory.path)
    (directory.path / "completion.json").unlink()
    directory.set_status(Status.RUNNING)
    [step] = default_speedrun("whole", tiny_config, override_output_path="copy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MARIN_PREFIX", str(prefix))
        executor_main(steps=[step], argv=["--prefix", str(prefix), "--results_dir", str(tmp_path)])

    first, second = run_info(whole_run.results), run_info(tmp_path / "speedrun_results.json")
    for key in KEYS - {"run_completion_timestamp", "argv", "timing"}:
        assert first[key] == second[key], key
    lines = [json.loads(line) for line in directory.history.read_text().splitlines()]
    assert any(line.get("metrics", {}).get("train/loss") == 0.0 for line in lines)
    assert read_history(directory.history).steps[11]["train/loss"] > 0


def test_another_configuration_under_the_same_name_is_refused(whole_run, tiny_config, prefix, tmp_path, capsys):
    import dataclasses

    train = dataclasses.replace(tiny_config.train_config, num_train_steps=11)
    config = dataclasses.replace(tiny_config, train_config=train)
    with pytest.raises(SystemExit) as stopped:
        executor_main(
            steps=default_speedrun("whole", config), argv=["--prefix", str(prefix), "--results_dir", str(tmp_path)]
        )

    assert 2 == stopped.value.code
    [line] = capsys.readouterr().err.splitlines()
    assert "train_config.num_train_steps" in line
    assert [] == list(tmp_path.iterdir())
