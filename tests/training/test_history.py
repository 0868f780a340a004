"""The history file: what a kill leaves, what a resumed run repeats, and what is damage."""

import json
import math

import jax.numpy as jnp
import numpy as np
import pytest

from training.errors import RunError
from training.history import DURATION, drop_torn_line, read_history
from training.tracker import HistoryTracker


def lines(*rows):
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def metrics(step, **values):
    return {"step": step, "metrics": {key.replace("_", "/"): value for key, value in values.items()}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "history.jsonl"


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return read_history(path)


def test_tracker_writes_what_the_reader_reads(path):
    tracker = HistoryTracker(path)
    tracker.log_hyperparameters({"trainer": {"path": path, "seed": 0}})
    tracker.log_summary({"parameter_count": np.int64(7), "nested": {"kind": "cpu"}})
    tracker.log({"train/loss": jnp.float32(1.5), DURATION: 2.0}, step=np.int32(0))
    tracker.log({"eval/synthetic/bpb": np.float32(0.75), "histogram": np.arange(2)}, step=0)
    tracker.log({"note": "no step"}, step=None)
    tracker.log_artifact("somewhere")
    tracker.finish()
    history = read_history(path)

    expected = {"train/loss": 1.5, DURATION: 2.0, "eval/synthetic/bpb": 0.75, "histogram": [0, 1]}
    assert {0: expected} == history.steps
    assert {"parameter_count": 7, "nested": {"kind": "cpu"}, "note": "no step"} == history.summary


def test_each_line_is_on_disk_at_once(path):
    tracker = HistoryTracker(path)
    tracker.log({DURATION: 2.0}, step=0)

    assert 2.0 == read_history(path).training_time()
    tracker.finish()


def test_no_file_is_an_empty_history(path):
    assert {} == read_history(path).steps


def test_last_value_of_a_step_counts(path):
    history = write(
        path, lines(metrics(0, train_loss=3.0), metrics(1, train_loss=2.0, a=1), metrics(1, train_loss=2.5))
    )

    assert {0: {"train/loss": 3.0}, 1: {"train/loss": 2.5, "a": 1}} == history.steps


def test_training_time_counts_each_step_once(path):
    rows = [
        metrics(step, throughput_duration=value) for step, value in ((0, 8.0), (1, 1.0), (2, 1.0), (1, 2.0), (2, 3.0))
    ]

    assert 8.0 + 2.0 + 3.0 == write(path, lines(*rows)).training_time()


def test_steps_without_duration(path):
    history = write(path, lines(metrics(0, throughput_duration=1.0), metrics(1, train_loss=1.0)))

    assert [1, 2] == history.steps_without_duration(3)


def test_loss_of_zero_of_a_run_that_was_complete_is_ignored(path):
    history = write(path, lines(metrics(9, train_loss=1.25), metrics(9, train_loss=0.0, eval_bpb=1.0)))

    assert {9: {"train/loss": 1.25, "eval/bpb": 1.0}} == history.steps


WHOLE = lines(metrics(0, throughput_duration=1.0), metrics(1, throughput_duration=2.0))


@pytest.mark.parametrize("cut", range(1, len(lines(metrics(1, throughput_duration=2.0)))))
def test_torn_last_line_is_ignored(path, cut):
    assert {0: {DURATION: 1.0}} == write(path, WHOLE[:-cut]).steps


def test_resuming_cuts_the_torn_line_off(path):
    write(path, WHOLE + b'{"step": 2, "met')
    tracker = HistoryTracker(path)
    tracker.log({DURATION: 4.0}, step=2)
    tracker.finish()

    assert 7.0 == read_history(path).training_time()
    assert WHOLE + lines({"step": 2, "metrics": {DURATION: 4.0}}) == path.read_bytes()


def test_cutting_leaves_whole_files_alone(path):
    write(path, WHOLE)
    drop_torn_line(path)
    assert WHOLE == path.read_bytes()
    drop_torn_line(path.with_name("missing"))


@pytest.mark.parametrize(
    "damage",
    [
        b'{"step": 1, "metrics": {"a"\n',
        b"\n",
        b"\xff\xfe\n",
        b"[1, 2]\n",
        b"5\n",
        b'{"other": 1}\n',
        b'{"step": "x", "metrics": {}}\n',
        b'{"step": 1, "metrics": [1]}\n',
        b'{"step": 1}\n',
        b'{"summary": 3}\n',
    ],
)
def test_damage_is_one_clear_line_with_its_place(path, damage):
    with pytest.raises(RunError) as error:
        write(path, WHOLE + damage + WHOLE)

    assert "\n" not in str(error.value)
    assert f"{path}:3: expected one JSON line" in str(error.value)


def test_nan_is_read_as_logged(path):
    tracker = HistoryTracker(path)
    tracker.log({"a": math.nan}, step=0)
    tracker.finish()

    assert math.isnan(read_history(path).steps[0]["a"])
