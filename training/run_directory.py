"""What one run keeps on disk, and in what state it is."""

from __future__ import annotations

import contextlib
import enum
import fcntl
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from training.errors import RunError
from training.files import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Status(enum.StrEnum):
    """State of a run, as `status.json` has it. A run that was killed still says `running`."""

    RUNNING = "running"
    FAILED = "failed"
    SUCCESS = "success"


@dataclass(frozen=True)
class Start:
    """What is known when a run starts.

    `configuration` is the part of the configuration that decides the figures: all but author and description.
    `argv` are the arguments of the program and `environment` its `SR_*` variables.
    """

    run_id: str
    configuration: dict[str, Any]
    argv: list[str]
    environment: dict[str, str]


@dataclass(frozen=True)
class Completion:
    """What is known when a run is complete and stands neither in its configuration nor in its history.

    `completed_at` is in the format of results files, `device_count` what jax said, `provenance` as results files have
    it.
    """

    completed_at: str
    device_count: int
    evaluation_tokens: int
    evaluation_bytes: int
    tokenizer_hash: str
    data_hash: str
    provenance: dict[str, Any]


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run. Nothing is written until it is asked for."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        """Directory of the checkpoints, from which a run resumes."""
        return self.path / "checkpoints"

    @property
    def history(self) -> Path:
        """The history (`training.history`)."""
        return self.path / "history.jsonl"

    @property
    def results(self) -> Path:
        """The results file."""
        return self.path / "speedrun_results.json"

    @property
    def logs(self) -> Path:
        """Directory of the log."""
        return self.path / "logs"

    def log(self, run_id: str) -> Path:
        """Return the path of the log. levanter adds the ending twice."""
        return self.logs / f"{run_id}.log.log"

    def status(self) -> Status | None:
        """Return the state, or None when nothing was run here.

        Raises:
            RunError: The file is damaged.
        """
        path = self.path / "status.json"
        data = read_json(path)
        if data is None:
            return None
        try:
            return Status(data["status"])
        except (KeyError, TypeError, ValueError):
            raise RunError(f"{path}: expected a status of {', '.join(Status)}, got {data!r}") from None

    def set_status(self, status: Status) -> None:
        """Write the state."""
        write_json(self.path / "status.json", {"status": status})

    def start(self) -> Start | None:
        """Return what was written when the run started, or None.

        Raises:
            RunError: The file is damaged.
        """
        return _read(self.path / "start.json", Start)

    def set_start(self, start: Start) -> None:
        """Write what is known when the run starts."""
        write_json(self.path / "start.json", asdict(start))

    def completion(self) -> Completion | None:
        """Return what was written when the run was complete, or None.

        Raises:
            RunError: The file is damaged.
        """
        return _read(self.path / "completion.json", Completion)

    def set_completion(self, completion: Completion) -> None:
        """Write what is known when the run is complete."""
        write_json(self.path / "completion.json", asdict(completion))

    def has_checkpoint(self) -> bool:
        """Return whether there is a complete checkpoint to resume from."""
        return any(self.checkpoints.glob("*/metadata.json"))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process out of the directory, which is made if it is missing.

        Raises:
            RunError: Another process is in it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunError(
                    f"{self.path}: another process is training this run; wait for it, or choose another --prefix"
                ) from None
            yield


def _read[T](path: Path, kind: type[T]) -> T | None:
    data = read_json(path)
    if data is None:
        return None
    try:
        return kind(**data)
    except TypeError:
        raise RunError(f"{path}: expected the fields of {kind.__name__}, got {data!r}") from None
