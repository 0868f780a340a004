"""The history of a run: one JSON line for each thing that was logged, on local disk.

A line is `{"step": 12, "metrics": {...}}`, `{"summary": {...}}` or `{"hyperparameters": {...}}`. A resumed run appends
to the file, so steps after the last checkpoint appear again; the last value counts.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from training.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path

DURATION = "throughput/duration"
"""Key of the seconds that a step took."""

HOOKS = "throughput/hook_time"
"""Key of the seconds that evaluation, checkpoints and logging took after a step."""

LOADING = "throughput/loading_time"
"""Key of the seconds that a step waited for its batch."""

_EVALUATION = re.compile(r"eval/(?:.*/)?total_time")
"""Keys of the seconds that evaluations took."""

TRAIN_LOSS = "train/loss"


@dataclass(frozen=True)
class History:
    """What a run has logged: the last value for each step and key, and for each key of the summary."""

    steps: dict[int, dict[str, Any]] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)

    def training_time(self) -> float:
        """Return the seconds that the steps took, each step once; compilation is part of the first one."""
        return math.fsum(row[DURATION] for row in self.steps.values() if DURATION in row)

    def timing(self) -> dict[str, float]:
        """Return where the time went, in seconds.

        The first step holds the compilation; `typical_step` is the median of all others, so that the difference is what
        compiling took. `hooks` holds evaluation, checkpoints and logging; `evaluation` is the part of it that was
        evaluation. Only the steps count as training time.
        """
        rows = [self.steps[step] for step in sorted(self.steps)]
        durations = [row[DURATION] for row in rows if DURATION in row]
        evaluations = (value for row in rows for key, value in row.items() if _EVALUATION.fullmatch(key))
        return {
            "first_step": durations[0],
            "typical_step": statistics.median(durations[1:] or durations),
            "loading": math.fsum(row.get(LOADING, 0.0) for row in rows),
            "hooks": math.fsum(row.get(HOOKS, 0.0) for row in rows),
            "evaluation": math.fsum(evaluations),
        }

    def steps_without_duration(self, num_steps: int) -> list[int]:
        """Return which of the steps 0 to `num_steps` - 1 were not timed: for a whole run, none."""
        return [step for step in range(num_steps) if DURATION not in self.steps.get(step, {})]


def read_history(path: Path) -> History:
    """Read a history file. A missing file is an empty history.

    A last line without its end is what a kill in the middle of a write leaves; it is ignored.

    Raises:
        RunError: Another line is damaged.
    """
    history = History()
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return history
    # What follows the last line end is empty, or torn.
    for number, line in enumerate(lines[:-1], start=1):
        try:
            _add(history, json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError):
            shown = line[:60].decode(errors="backslashreplace")
            raise RunError(
                f"{path}:{number}: expected one JSON line of a training history, got {shown!r}; "
                "the file was damaged after it was written"
            ) from None
    return history


def _add(history: History, line: dict[str, Any]) -> None:
    if "step" in line:
        row = history.steps.setdefault(int(line["step"]), {})
        metrics = dict(line["metrics"])
        # levanter, started again on a run that is complete, logs a loss of zero for its last step.
        if metrics.get(TRAIN_LOSS) == 0.0 and TRAIN_LOSS in row:
            del metrics[TRAIN_LOSS]
        row.update(metrics)
    elif "summary" in line:
        history.summary.update(line["summary"])
    else:
        dict(line["hyperparameters"])


def drop_torn_line(path: Path) -> None:
    """Cut a last line without its end off, so that a resumed run can append to the file."""
    try:
        with path.open("r+b") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
    except FileNotFoundError:
        pass
