"""Hostile submissions against the real command, in a process of bounded memory, time and output."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from speedrun_ci.results import RESULTS_NAME
from speedrun_ci.rules.base import HONEST
from speedrun_ci.rules.example import results_text

MEMORY = 400 * 1024 * 1024
"""Bytes of address space: a few times what the command takes for an honest submission."""

SECONDS = 10
"""Processor time, far more than any of these takes: a bound that fails on a slow machine would say nothing."""

TEXT = results_text(HONEST)
COMMAND = "from speedrun_ci.cli import main; main(prog_name='speedrun-ci')"


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def check(path: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", COMMAND, "check", str(path), "--format", "json", *options]
    return subprocess.run(command, capture_output=True, check=False, timeout=60, preexec_fn=limited)


def long_string(place: Path) -> None:
    (place / RESULTS_NAME).write_text(TEXT.replace("An honest run.", "a" * 30_000_000))


def long_key(place: Path) -> None:
    (place / RESULTS_NAME).write_text(TEXT.replace("description", "k" * 900_000))


def brackets(place: Path) -> None:
    (place / RESULTS_NAME).write_text("[" * 200_000 + "]" * 200_000)


def objects(place: Path) -> None:
    (place / RESULTS_NAME).write_text('{"a":' * 150_000 + "1" + "}" * 150_000)


def digits(place: Path) -> None:
    (place / RESULTS_NAME).write_text(TEXT.replace("154147328", "9" * 6000))


def many_digits(place: Path) -> None:
    (place / RESULTS_NAME).write_text(TEXT.replace("154147328", "9" * 1_000_000))


def overflow(place: Path) -> None:
    (place / RESULTS_NAME).write_text(TEXT.replace("1500.0", "1e999"))


def utf_16(place: Path) -> None:
    (place / RESULTS_NAME).write_bytes(TEXT.encode("utf-16"))


def nul(place: Path) -> None:
    (place / RESULTS_NAME).write_bytes(TEXT.encode().replace(b"honest", b"hon\0est"))


def keys(place: Path) -> None:
    (place / RESULTS_NAME).write_text("{" + ",".join(f'"k{number}":1' for number in range(80_000)) + "}")


def runs(place: Path) -> None:
    (place / RESULTS_NAME).write_text('{"runs":[' + ",".join(["{}"] * 200_000) + "]}")


def contradictions(place: Path) -> None:
    info = json.loads(TEXT)["runs"][0]["run_info"]
    for number, key in enumerate(("model_flops", "model_size", "training_time", "num_chips", "total_tokens")):
        info[key] = 3 + 7 * number
    entries = [{"run_info": {**info, "wandb_run_link": f"https://wandb.ai/a/b/runs/{number}"}} for number in range(300)]
    (place / RESULTS_NAME).write_text(json.dumps({"runs": entries}))


def link(place: Path) -> None:
    (place / RESULTS_NAME).symlink_to("/etc/passwd")


def endless_link(place: Path) -> None:
    (place / RESULTS_NAME).symlink_to("/dev/zero")


def loop(place: Path) -> None:
    (place / RESULTS_NAME).symlink_to(RESULTS_NAME)


def directory(place: Path) -> None:
    (place / RESULTS_NAME).mkdir()


def pipe(place: Path) -> None:
    os.mkfifo(place / RESULTS_NAME)


def device(place: Path) -> None:
    try:
        os.mknod(place / RESULTS_NAME, 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root may make a device")


def sparse(place: Path) -> None:
    with (place / RESULTS_NAME).open("wb") as file:
        file.truncate(1 << 40)


def crowd(place: Path) -> None:
    (place / RESULTS_NAME).write_text(TEXT)
    for number in range(5000):
        (place / f"file{number}").touch()


def deep(place: Path) -> None:
    (place / RESULTS_NAME).write_text(TEXT)
    down = place
    for _ in range(60):
        down = down / "d"
    down.mkdir(parents=True)


def names(place: Path) -> None:
    (place / RESULTS_NAME).write_text(TEXT)
    for name in ("\x1b[2J", "::error::x\n::warning::y", "\u202etxt.py", "a" * 250, " ", "-rf", "\udce4"):
        (place / name).touch()


HOSTILE = [
    long_string, long_key, brackets, objects, digits, many_digits, overflow, utf_16, nul, keys, runs, contradictions,
    link, endless_link, loop, directory, pipe, device, sparse, crowd, deep, names,
]  # fmt: skip


@pytest.mark.parametrize("build", HOSTILE, ids=lambda build: build.__name__)
def test_it_fails_in_bounded_time_and_memory(tmp_path: Path, build: Callable[[Path], None]) -> None:
    place = tmp_path / "submissions" / "hostile"
    place.mkdir(parents=True)
    (place / "main.py").write_text('"""Trains."""\n')
    (place / "README.md").write_text("# A run\n")
    honest = tmp_path / "submissions" / "honest"
    honest.mkdir()
    (honest / "main.py").write_text('"""Trains."""\n')
    (honest / RESULTS_NAME).write_text(TEXT.replace("abc123", "def456"))
    done = check(tmp_path / "submissions")
    assert b"" == done.stderr
    assert 1 == done.returncode
    document = json.loads(done.stdout)
    verdicts = {item["path"].rpartition("/")[2]: item["verdict"] for item in document["submissions"]}
    assert {"honest": "pass", "hostile": "fail"} == verdicts  # and the neighbour has its verdict
    assert "SR001" not in {finding["code"] for item in document["submissions"] for finding in item["findings"]}
    assert len(done.stdout) < 3_000_000
    assert not any(byte < 32 and byte != 10 for byte in done.stdout)
