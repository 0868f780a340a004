"""The hello world submission, and the results file that its training wrote."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from training import byte_tokenizer, corpus

REPOSITORY = Path(__file__).parents[2]
SUBMISSION = REPOSITORY / "submissions" / "hello_world"


@pytest.fixture(scope="module")
def info():
    [run] = json.loads((SUBMISSION / "speedrun_results.json").read_text())["runs"]
    return run["run_info"]


@pytest.fixture(scope="module")
def dry_run(child_environment, tmp_path_factory):
    prefix = tmp_path_factory.mktemp("dry") / "local_store"
    finished = subprocess.run(
        [sys.executable, "-m", "submissions.hello_world.main", "--prefix", str(prefix), "--dry_run", "true"],
        env=child_environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert not prefix.exists()
    return finished.stdout


def printed_configuration(text):
    start, end = text.index("\n{\n"), text.index("\n}\n") + 2
    return json.loads(text[start:end])


def test_dry_run_prints_the_run_info_only(dry_run):
    lines = dry_run.splitlines()

    assert "----- START OF PRINT RUN INFO -----" == lines[0]
    assert "----- END OF PRINT RUN INFO -----" == lines[-1]
    assert 1 == dry_run.count("START OF PRINT RUN INFO")


def test_results_are_of_the_configuration_in_the_script(dry_run, info):
    for key, value in printed_configuration(dry_run).items():
        assert value == info[key], key
    assert f"Model FLOPs: {info['model_flops']:.2e} FLOP" in dry_run


def test_results_were_written_by_the_documented_command(info):
    assert ["--prefix", "local_store", "--force_run_failed", "true"] == info["argv"]
    command = "python -m submissions.hello_world.main " + " ".join(info["argv"])
    assert command in (SUBMISSION / "README.md").read_text()
    assert command in (SUBMISSION / "main.py").read_text()


def test_results_are_of_today_s_corpus(info):
    assert corpus.NAME == info["tokenized_dataset"]
    assert corpus.data_hash() == info["data_hash"]
    assert byte_tokenizer.tokenizer_hash() == info["tokenizer_hash"]


def test_quality_is_said_to_be_that_of_the_synthetic_corpus(info):
    assert ["eval/synthetic/bpb", "eval/synthetic/bytes", "eval/synthetic/loss", "eval/synthetic/tokens"] == sorted(
        key for key in info if key.startswith("eval/")
    )


def test_quality_approaches_the_entropy_from_above(info):
    entropy = corpus.entropy_bits_per_byte()

    assert entropy < info["eval/synthetic/bpb"] < 1.2 * entropy


def test_identities_hold(info):
    train, model = info["train_config"], info["model_config"]
    bpb = info["eval/synthetic/loss"] / math.log(2) * info["eval/synthetic/tokens"] / info["eval/synthetic/bytes"]

    assert train["train_batch_size"] * train["num_train_steps"] * model["max_seq_len"] == info["total_tokens"]
    assert 3 * info["model_flops_per_token"] * info["total_tokens"] == info["model_flops"]
    assert info["training_time"] * info["num_chips"] * info["device_flops"] == info["training_hardware_flops"]
    assert 0 < info["model_flops"] / info["training_hardware_flops"] < 1
    assert pytest.approx(bpb, rel=1e-6) == info["eval/synthetic/bpb"]
    assert 100_000 < info["model_size"] < 500_000
