"""One training of a tiny run for all tests, and the same run killed and resumed."""

import contextlib
import io
import os
import runpy
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from training.run_directory import RunDirectory
from training.speedrun import default_speedrun, executor_main

REPOSITORY = Path(__file__).parents[2]
TINY_RUN = Path(__file__).with_name("tiny_run.py")

STOP_AT = 6
"""Step at which the killed run waits for its end; its last checkpoint is that of step 4."""

TORN_LINE = b'{"step": 6, "metrics": {"train/lo'

# Refuses and notes every connection and every name look-up that is not on this machine.
_NETWORK_GUARD = """
import os, socket

def note(what):
    with open(os.environ["NETWORK_NOTES"], "a") as file:
        file.write(what + "\\n")
    raise OSError("the tests allow no network: " + what)

def local(address):
    return not isinstance(address, tuple) or address[0] in ("127.0.0.1", "::1", "localhost", "", None)

def guarded(original):
    def connect(self, address, *rest):
        return original(self, address, *rest) if local(address) else note(f"connect {address}")
    return connect

look_up = socket.getaddrinfo
socket.socket.connect = guarded(socket.socket.connect)
socket.socket.connect_ex = guarded(socket.socket.connect_ex)
socket.getaddrinfo = lambda host, *a, **k: look_up(host, *a, **k) if local((host,)) else note(f"look up {host}")
"""

# Runs the tiny run's script, but waits at a step, after everything before it was logged.
_STOPPING_RUN = """
import runpy, sys, time
from pathlib import Path
from training.tracker import HistoryTracker

script, marker, stop_at = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
log = HistoryTracker.log

def stopping_log(self, metrics, *, step, commit=None):
    if step == stop_at:
        marker.touch()
        time.sleep(600)
    log(self, metrics, step=step, commit=commit)

HistoryTracker.log = stopping_log
sys.argv = [script, *sys.argv[4:]]
runpy.run_path(script, run_name="__main__")
"""


@dataclass(frozen=True)
class Run:
    """A finished run: its directory, the results file that was copied, and what the program printed."""

    directory: RunDirectory
    results: Path
    stdout: str
    stderr: str


@dataclass(frozen=True)
class ResumedRun(Run):
    """A run that was killed, and what it had left on disk then."""

    killed_by: int
    status_when_killed: str
    checkpoints_when_killed: tuple[str, ...]
    network: str


@pytest.fixture(scope="session")
def tiny_config():
    return runpy.run_path(str(TINY_RUN))["config"]


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    return tmp_path_factory.mktemp("prefix")


@pytest.fixture(scope="session")
def child_environment(tmp_path_factory):
    """Environment of child processes: no home, no keys, no network."""
    directory = tmp_path_factory.mktemp("child")
    guard = directory / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(_NETWORK_GUARD)
    home = directory / "home"
    home.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": f"{guard}:{REPOSITORY}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HF_HUB_OFFLINE": "1",
        "NETWORK_NOTES": str(directory / "network"),
        "SR_PRESET": "cpu",
        "SECRET_TOKEN": "not for the results",
    }


@pytest.fixture(scope="session")
def whole_run(tiny_config, prefix, tmp_path_factory):
    """The tiny run, trained without interruption in this process."""
    results = tmp_path_factory.mktemp("whole")
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        for name in [name for name in os.environ if name.startswith(("WANDB_", "SR_", "MARIN_"))]:
            patch.delenv(name)
        patch.setenv("HF_HUB_OFFLINE", "1")
        # Set by the training; noted here so that it is taken back.
        patch.setenv("MARIN_PREFIX", str(prefix))
        executor_main(
            steps=default_speedrun("whole", tiny_config),
            argv=["--prefix", str(prefix), "--results_dir", str(results)],
        )
    directory = RunDirectory(prefix / "checkpoints" / "speedrun" / "whole")
    return Run(directory, results / "speedrun_results.json", stdout.getvalue(), stderr.getvalue())


@pytest.fixture(scope="session")
def resumed_run(whole_run, prefix, child_environment, tmp_path_factory):
    """The same run in another process, killed at a step and resumed by the same command."""
    scratch = tmp_path_factory.mktemp("resumed")
    marker = scratch / "stopped"
    directory = RunDirectory(prefix / "checkpoints" / "speedrun" / "tiny")
    arguments = ["--prefix", str(prefix), "--results_dir", str(scratch)]
    with (scratch / "log").open("w") as log:
        child = subprocess.Popen(
            [sys.executable, "-c", _STOPPING_RUN, str(TINY_RUN), str(marker), str(STOP_AT), *arguments],
            env=child_environment,
            stdout=log,
            stderr=log,
        )
        try:
            deadline = time.monotonic() + 120
            while not (marker.exists() and directory.has_checkpoint()):
                assert child.poll() is None, (scratch / "log").read_text()
                assert time.monotonic() < deadline, (scratch / "log").read_text()
                time.sleep(0.05)
        finally:
            child.send_signal(signal.SIGKILL)
            killed_by = -child.wait()
    status = directory.status()
    checkpoints = tuple(path.parent.name for path in directory.checkpoints.glob("*/metadata.json"))
    with directory.history.open("ab") as history:
        history.write(TORN_LINE)
    finished = subprocess.run(
        [sys.executable, str(TINY_RUN), *arguments],
        env=child_environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    notes = Path(child_environment["NETWORK_NOTES"])
    return ResumedRun(
        directory,
        scratch / "speedrun_results.json",
        finished.stdout,
        finished.stderr,
        killed_by=killed_by,
        status_when_killed=str(status),
        checkpoints_when_killed=checkpoints,
        network=notes.read_text() if notes.exists() else "",
    )
