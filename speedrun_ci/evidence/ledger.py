"""The ledger of runs that are already known: `known_runs.csv`, committed, written by `scripts/known_runs.py`.

It holds what nobody can change afterwards: which W&B run it was, who published it, when, and what it reached.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
from dataclasses import dataclass
from pathlib import Path

LEDGER = Path(__file__).parent.parent / "known_runs.csv"


@dataclass(frozen=True, slots=True)
class KnownRun:
    """One row of the ledger. A W&B run that was published under several names has a row for each.

    Attributes:
        wandb: `entity/project/id` of the W&B run, in lower case.
        name: The directory it was published in.
        author: Who published it.
        completed: When training ended, as the results file has it.
        training_time: Seconds.
        model_flops: Model FLOPs of the whole training.
        bpb: Bits per byte on Paloma's C4.
    """

    wandb: str
    name: str
    author: str
    completed: str
    training_time: float
    model_flops: float
    bpb: float

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(field.name for field in dataclasses.fields(cls))

    def row(self) -> tuple[str | float, ...]:
        """Return the values of the columns."""
        return dataclasses.astuple(self)


@functools.cache
def known_runs() -> tuple[KnownRun, ...]:
    """Return every row of the ledger."""
    if not LEDGER.exists():
        return ()
    with LEDGER.open(encoding="utf-8", newline="") as file:
        return tuple(
            KnownRun(wandb, name, author, completed, float(time), float(flops), float(bpb))
            for wandb, name, author, completed, time, flops, bpb in list(csv.reader(file))[1:]
        )


@functools.cache
def _by_wandb() -> dict[str, tuple[KnownRun, ...]]:
    found: dict[str, tuple[KnownRun, ...]] = {}
    for run in known_runs():
        found[run.wandb] = (*found.get(run.wandb, ()), run)
    return found


def find_known(wandb: str | None) -> tuple[KnownRun, ...]:
    """Return the rows of a W&B run; none for a run that nobody knows."""
    return _by_wandb().get(wandb or "", ())


def best_known(model_flops: float, lead: float) -> KnownRun | None:
    """Return the known run of the fewest bits per byte among those of up to `lead` times the compute.

    None where the ledger does not reach that far: what lies beyond all known runs cannot be compared.

    Args:
        model_flops: Model FLOPs of the run that is compared.
        lead: The factor.
    """
    limit = model_flops * lead
    if not any(run.model_flops >= limit for run in known_runs()):
        return None
    return min((run for run in known_runs() if run.model_flops <= limit), key=lambda run: run.bpb, default=None)
