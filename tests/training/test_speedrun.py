"""The command line of a submission, with a training that takes no time."""

import dataclasses
import fcntl
import json
import sys
import types

import pytest

from training.config import Author, CpuOnlyConfig, SimpleTrainConfig, SpeedrunConfig
from training.datasets import SYNTHETIC
from training.history import DURATION
from training.run_directory import Completion, RunDirectory, Status
from training.speedrun import default_speedrun, executor_main


@dataclasses.dataclass(frozen=True)
class Model:
    max_seq_len: int = 8

    def flops_per_token(self, vocab_size, context_length):
        return 1000.0

    def total_trainable_params(self, vocab_size):
        return 10_000


CONFIG = SpeedrunConfig(
    Author("a", "b"),
    "c",
    Model(),
    SimpleTrainConfig(CpuOnlyConfig(device_flops_override=1e9), 2, 2, 0.1),
    SYNTHETIC.name,
)


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MARIN_PREFIX", raising=False)


class Training:
    """Stands for the training: writes a history, or fails."""

    def __init__(self):
        self.calls = []
        self.error = None
        self.first_step = 0

    def __call__(self, step, directory, prefix, run_id):
        self.calls.append((step.name, run_id))
        with directory.history.open("a") as file:
            for number in range(self.first_step, 2):
                row = {DURATION: 1.5, "eval/synthetic/bpb": 0.8, "eval/synthetic/loss": 0.5}
                file.write(json.dumps({"step": number, "metrics": row}) + "\n")
                if self.error is not None:
                    break
        if self.error is not None:
            raise self.error
        return Completion("2025-06-27 06:41:56 UTC", 1, 100, 99, "sha256:aa", "sha256:bb", {"host_count": 1})


@pytest.fixture
def training(monkeypatch):
    fake = Training()
    monkeypatch.setattr("training.speedrun._train", fake)
    return fake


def run(*argv, steps=None):
    executor_main(steps=steps or default_speedrun("name", CONFIG), argv=list(argv))


def fails(capsys, code, *argv, steps=None):
    with pytest.raises(SystemExit) as stopped:
        run(*argv, steps=steps)
    printed = capsys.readouterr()
    assert code == stopped.value.code
    assert "" == printed.out
    return printed.err


def one_line(text):
    [line] = text.splitlines()
    assert line.startswith("error: ")
    return line


def test_dry_run_prints_the_run_info_only_and_writes_nothing(training, tmp_path, capsys):
    run("--dry_run", "true", "--prefix", "local_store", "--force_run_failed", "true")

    printed = capsys.readouterr()
    assert CONFIG.run_info() + "\n" == printed.out
    assert "" == printed.err
    assert [] == training.calls
    assert [] == list(tmp_path.iterdir())


def test_dry_run_shows_every_run_and_needs_no_prefix(capsys):
    other = dataclasses.replace(CONFIG, description="other")
    run("--dry_run=true", steps=[*default_speedrun("a", CONFIG), *default_speedrun("b", other)])

    assert CONFIG.run_info() + "\n" + other.run_info() + "\n" == capsys.readouterr().out


def test_dry_run_does_not_repeat_what_the_script_printed(capsys):
    CONFIG.print_run_info()
    run("--dry_run", "true")

    assert CONFIG.run_info() + "\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--dry_run", "yes"], ["--dry_run", "true or false", "'yes'"]),
        (["--dry_run"], ["--dry_run", "expected one argument"]),
        (["--dryrun", "true"], ["--dryrun", "--help"]),
        (["--dry", "true"], ["--dry", "--help"]),
        (["extra"], ["extra"]),
        ([], ["--prefix", "local_store"]),
        (["--prefix", ""], ["--prefix"]),
        (["--prefix", "gs://bucket/dir"], ["--prefix", "gs://bucket/dir", "not supported yet"]),
        (["--prefix", "file"], ["--prefix", "'file'"]),
    ],
)
def test_wrong_arguments_are_one_line_and_exit_2(training, tmp_path, capsys, argv, words):
    (tmp_path / "file").touch()

    line = one_line(fails(capsys, 2, *argv))

    assert [] == [word for word in words if word not in line], line
    assert [] == training.calls


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b", "x" * 121, "é"])
def test_names_that_are_no_directory(capsys, name):
    assert "default_speedrun name" in one_line(
        fails(capsys, 2, "--dry_run", "true", steps=default_speedrun(name, CONFIG))
    )


def test_two_runs_of_one_name(capsys):
    steps = [*default_speedrun("a", CONFIG), *default_speedrun("a", CONFIG)]

    assert "twice" in one_line(fails(capsys, 2, "--dry_run", "true", steps=steps))


def test_no_runs(capsys):
    with pytest.raises(SystemExit) as stopped:
        executor_main(steps=[], argv=["--dry_run", "true"])
    assert 2 == stopped.value.code
    assert "at least one run" in one_line(capsys.readouterr().err)


def test_wrong_configuration_is_found_before_anything_is_trained(training, tmp_path, capsys):
    train = dataclasses.replace(CONFIG.train_config, resources=CpuOnlyConfig())
    wrong = dataclasses.replace(CONFIG, train_config=train)
    steps = [*default_speedrun("right", CONFIG), *default_speedrun("wrong", wrong)]

    for argv in (["--dry_run", "true"], ["--prefix", "store"]):
        assert "CpuOnlyConfig.device_flops_override" in one_line(fails(capsys, 2, *argv, steps=steps))
    assert [] == training.calls
    assert [] == list(tmp_path.iterdir())


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as stopped:
        run("--help")

    assert 0 == stopped.value.code
    text = capsys.readouterr().out
    assert "--dry_run true\n" in text
    assert "--prefix local_store --force_run_failed true\n" in text


def test_training_writes_results_where_it_is_told(training, tmp_path, capsys):
    run("--prefix", "store", "--results_dir", "out")

    directory = tmp_path / "store" / "checkpoints" / "speedrun" / "name"
    results = json.loads((tmp_path / "out" / "speedrun_results.json").read_text())
    assert results == json.loads((directory / "speedrun_results.json").read_text())
    assert ["--prefix", "store", "--results_dir", "out"] == results["runs"][0]["run_info"]["argv"]
    assert {"status": "success"} == json.loads((directory / "status.json").read_text())
    printed = capsys.readouterr()
    assert "" == printed.out
    assert "name: training" in printed.err
    assert "eval/synthetic/bpb 0.8000 after 3.0 s of training; results in out/speedrun_results.json" in printed.err


def test_prefix_from_the_environment(training, tmp_path, monkeypatch):
    monkeypatch.setenv("MARIN_PREFIX", "elsewhere")
    run("--results_dir", "out")

    assert (tmp_path / "elsewhere" / "checkpoints" / "speedrun" / "name" / "history.jsonl").exists()


def test_several_runs_keep_their_results_apart(training, tmp_path):
    run(
        "--prefix",
        "s",
        "--results_dir",
        "out",
        steps=[*default_speedrun("1.2b", CONFIG), *default_speedrun("b", CONFIG)],
    )

    assert ["1.2b", "b"] == [name for name, _ in training.calls]
    assert ["1.2b/speedrun_results.json", "b/speedrun_results.json"] == sorted(
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.json")
    )


def test_results_go_beside_the_script(training, tmp_path, monkeypatch):
    script = tmp_path / "submissions" / "mine" / "main.py"
    monkeypatch.setitem(sys.modules, "__main__", types.SimpleNamespace(__file__=str(script), __spec__=None))
    run("--prefix", "store")

    assert (script.parent / "speedrun_results.json").exists()


def test_results_are_not_put_into_the_test_runner(training, tmp_path):
    run("--prefix", "store")

    assert [tmp_path / "store"] == list(tmp_path.iterdir())


def test_other_output_path(training, tmp_path):
    run("--prefix", "s", "--results_dir", "o", steps=default_speedrun("name", CONFIG, override_output_path="x/y"))

    assert (tmp_path / "s" / "x" / "y" / "history.jsonl").exists()


def test_failure_is_one_line_that_names_the_log(training, tmp_path, capsys):
    training.error = ValueError("the first line\nthe second line")
    error = fails(capsys, 1, "--prefix", "store", "--results_dir", "out")

    _, line = error.splitlines()
    log = f"store/checkpoints/speedrun/name/logs/{training.calls[0][1]}.log.log"
    assert f"error: name: training failed: ValueError: the first line; see {log}" == line
    assert "Traceback" in (tmp_path / log).read_text()
    assert "the second line" in (tmp_path / log).read_text()
    assert not (tmp_path / "out").exists()
    assert Status.FAILED is RunDirectory(tmp_path / "store/checkpoints/speedrun/name").status()


def test_failed_run_is_run_again_only_when_told(training, capsys):
    training.error = ValueError("boom")
    fails(capsys, 1, "--prefix", "store", "--results_dir", "out")

    line = one_line(fails(capsys, 1, "--prefix", "store", "--results_dir", "out"))
    assert "failed before" in line
    assert "--force_run_failed true" in line
    assert 1 == len(training.calls)

    training.error, training.first_step = None, 1
    run("--prefix", "store", "--results_dir", "out", "--force_run_failed", "true")
    assert "name: resuming" in capsys.readouterr().err
    assert training.calls[0] == training.calls[1]


def test_killed_run_resumes_without_being_told(training, tmp_path, capsys):
    training.error = KeyboardInterrupt()
    error = fails(capsys, 130, "--prefix", "store", "--results_dir", "out")
    assert "goes on from the last checkpoint" in error
    assert Status.RUNNING is RunDirectory(tmp_path / "store/checkpoints/speedrun/name").status()

    training.error = None
    run("--prefix", "store", "--results_dir", "out")
    assert "name: resuming" in capsys.readouterr().err
    assert training.calls[0] == training.calls[1]


def changed(**train):
    return default_speedrun(
        "name", dataclasses.replace(CONFIG, train_config=dataclasses.replace(CONFIG.train_config, **train))
    )


def test_changed_configuration_cannot_take_over_what_was_trained(training, tmp_path, capsys):
    training.error = ValueError("boom")
    fails(capsys, 1, "--prefix", "store")
    training.error = None

    steps = changed(learning_rate=0.2, data_seed=1)
    line = one_line(fails(capsys, 2, "--prefix", "store", "--force_run_failed", "true", steps=steps))
    assert "train_config.data_seed, train_config.learning_rate" in line
    assert "store/checkpoints/speedrun/name" in line


def test_changed_configuration_may_follow_an_attempt_without_a_step(training, tmp_path, capsys):
    training.error, training.first_step = ValueError("out of memory"), 2
    fails(capsys, 1, "--prefix", "store")
    training.error, training.first_step = None, 0
    run("--prefix", "store", "--force_run_failed", "true", steps=changed(learning_rate=0.2))

    assert 2 == len({run_id for _, run_id in training.calls})
    assert Status.SUCCESS is RunDirectory(tmp_path / "store/checkpoints/speedrun/name").status()


def test_incomplete_history_is_a_failure(training, tmp_path, capsys):
    training.first_step = 1
    error = fails(capsys, 1, "--prefix", "store", "--results_dir", "out")

    assert "expected the duration of all 2 steps" in error
    assert not (tmp_path / "out").exists()


def test_damaged_history_of_a_finished_run(training, tmp_path, capsys):
    run("--prefix", "store", "--results_dir", "out")
    capsys.readouterr()
    history = tmp_path / "store/checkpoints/speedrun/name/history.jsonl"
    history.write_text("damage\n" + history.read_text())

    line = one_line(fails(capsys, 1, "--prefix", "store", "--results_dir", "out").splitlines()[-1])
    assert "history.jsonl:1" in line
    assert "remove store/checkpoints/speedrun/name" in line


def test_two_processes_cannot_train_one_run(training, tmp_path, capsys):
    directory = tmp_path / "store" / "checkpoints" / "speedrun" / "name"
    directory.mkdir(parents=True)
    with (directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        line = one_line(fails(capsys, 1, "--prefix", "store"))

    assert "another process is training this run" in line
    assert [] == training.calls


def test_damaged_status(training, tmp_path, capsys):
    directory = tmp_path / "store" / "checkpoints" / "speedrun" / "name"
    directory.mkdir(parents=True)
    for text in ('{"status": "odd"}', "[]", "{"):
        (directory / "status.json").write_text(text)
        assert "status.json" in one_line(fails(capsys, 1, "--prefix", "store"))


def test_only_own_variables_are_recorded(training, tmp_path, monkeypatch):
    monkeypatch.setenv("SR_PRESET", "gpu")
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    run("--prefix", "store", "--results_dir", "out")

    text = (tmp_path / "out" / "speedrun_results.json").read_text()
    assert {"SR_PRESET": "gpu"} == json.loads(text)["runs"][0]["run_info"]["environment"]
    assert "secret" not in text


def test_a_script_that_takes_arguments_itself_records_all_of_them(training, tmp_path):
    prefix = tmp_path / "store"
    given = ["--prefix", str(prefix), "--results_dir", str(tmp_path)]

    executor_main(steps=default_speedrun("name", CONFIG), argv=given, recorded=["--sizes", "130m", *given])

    [run_info] = [run["run_info"] for run in json.loads((tmp_path / "speedrun_results.json").read_text())["runs"]]
    assert ["--sizes", "130m", *given] == run_info["argv"]
