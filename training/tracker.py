"""The tracker of levanter that keeps the history of a run (`training.history`) on local disk."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from levanter.tracker.tracker import NoopTracker, Tracker, TrackerConfig

from training.history import TRAIN_LOSS, drop_torn_line

_SECONDS_BETWEEN_LINES = 5.0


class HistoryTracker(Tracker):  # type: ignore[misc]  # levanter is not typed
    """Appends what is logged to a file, a line at a time, so that a kill loses at most the last line."""

    name = "history"

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        drop_torn_line(path)
        self._file = path.open("a", encoding="utf-8")

    def log(self, metrics: Mapping[str, Any], *, step: int | None, commit: bool | None = None) -> None:  # noqa: ARG002
        """Append the metrics of one step. Metrics without a step go to the summary."""
        row = {str(key): _plain(value) for key, value in metrics.items()}
        self._append({"summary": row} if step is None else {"step": int(step), "metrics": row})

    def log_summary(self, metrics: Mapping[str, Any]) -> None:
        """Append facts of the whole run."""
        self._append({"summary": _plain(metrics)})

    def log_hyperparameters(self, hparams: Mapping[str, Any]) -> None:
        """Append the configuration that levanter was given."""
        self._append({"hyperparameters": _plain(hparams)})

    def log_artifact(self, artifact_path: Any, *, name: str | None = None, type: str | None = None) -> None:  # noqa: A002
        """Do nothing: artifacts stay where they are."""

    def finish(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


@TrackerConfig.register_subclass("speedrun_history")
@dataclass
class HistoryTrackerConfig(TrackerConfig):  # type: ignore[misc]  # levanter is not typed
    """Where the history is kept. Only the first process of a run keeps one."""

    path: str = ""

    def init(self, run_id: str | None) -> Tracker:  # noqa: ARG002
        """Open the history, and note the link of the W&B run, if one was started before."""
        if jax.process_index() != 0:
            return NoopTracker()
        tracker = HistoryTracker(Path(self.path))
        wandb_run = getattr(sys.modules.get("wandb"), "run", None)
        link = getattr(wandb_run, "url", None)
        if link is not None:
            tracker.log_summary({"wandb_run_link": link})
        if wandb_run is not None:
            names = ("entity", "project", "id")
            tracker.log_summary({"wandb": {name: getattr(wandb_run, name, None) for name in names}})
        return tracker


class ProgressTracker(Tracker):  # type: ignore[misc]  # levanter is not typed
    """Says on standard error how far training is: at each evaluation, and every five seconds."""

    name = "progress"

    def __init__(self, num_train_steps: int, evaluation_key: str) -> None:
        self._num_train_steps = num_train_steps
        self._evaluation_key = evaluation_key
        self._next_line = 0.0
        self._last_evaluated = -1

    def log(self, metrics: Mapping[str, Any], *, step: int | None, commit: bool | None = None) -> None:  # noqa: ARG002
        """Print a line if it is time for one."""
        if step is None:
            return
        at = f"step {int(step) + 1}/{self._num_train_steps}"
        if self._evaluation_key in metrics and step != self._last_evaluated:
            self._last_evaluated = int(step)
            _say(f"{at}  {self._evaluation_key} {float(metrics[self._evaluation_key]):.4f}")
        elif metrics.get(TRAIN_LOSS) and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _SECONDS_BETWEEN_LINES
            _say(f"{at}  {TRAIN_LOSS} {float(metrics[TRAIN_LOSS]):.4f}")

    def log_summary(self, metrics: Mapping[str, Any]) -> None:
        """Do nothing."""

    def log_hyperparameters(self, hparams: Mapping[str, Any]) -> None:
        """Do nothing."""

    def log_artifact(self, artifact_path: Any, *, name: str | None = None, type: str | None = None) -> None:  # noqa: A002
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


@TrackerConfig.register_subclass("speedrun_progress")
@dataclass
class ProgressTrackerConfig(TrackerConfig):  # type: ignore[misc]  # levanter is not typed
    """What progress is measured against. Only the first process of a run says anything."""

    num_train_steps: int = 0
    evaluation_key: str = ""

    def init(self, run_id: str | None) -> Tracker:  # noqa: ARG002
        """Make the tracker."""
        if jax.process_index() != 0:
            return NoopTracker()
        return ProgressTracker(self.num_train_steps, self.evaluation_key)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _plain(value: Any) -> Any:
    """Return a logged value as JSON data: arrays as (lists of) numbers, what JSON does not know as text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        return np.asarray(value).tolist()
    return str(value)
