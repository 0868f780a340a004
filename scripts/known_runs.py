"""Writes `speedrun_ci/known_runs.csv`, the ledger of runs that are already known, from results files and boards.

Each argument is a results file, a directory of them, or a list of runs as the original contest's board has it. What the
ledger holds stays; what is new is added.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speedrun_ci.evidence.imprint import wandb_run
from speedrun_ci.evidence.ledger import LEDGER, KnownRun, known_runs
from speedrun_ci.results import C4, RESULTS_NAME, read_runs
from speedrun_ci.strict_json import Document, parse

if TYPE_CHECKING:
    from collections.abc import Iterator


def of_board(entries: list[dict[str, Any]]) -> Iterator[KnownRun]:
    """Yield the runs of a list as the original contest's board has it; a run without a link has no identity."""
    for entry in entries:
        identity = wandb_run(entry["wandb_link"])
        if identity is not None:
            yield KnownRun(
                wandb=identity,
                name=entry["run_name"],
                author=entry["author"]["name"],
                completed=entry["run_completion_timestamp"],
                training_time=entry["training_time"],
                model_flops=entry["model_flops"],
                bpb=entry["eval_paloma_c4_en_bpb"],
            )


def of_results(file: Path, root: Path) -> Iterator[KnownRun]:
    """Yield the runs of a results file on C4; their name is the directory, from the argument on.

    Raises:
        ValueError: The file is no strict JSON, or a run of it lacks a figure.
    """
    document = parse(file.read_bytes())
    if not isinstance(document, Document):
        raise ValueError(f"{file}: {document[0].expected} expected, found {document[0].submitted}")  # noqa: TRY004
    runs, _ = read_runs(str(file), document.value)
    for run in runs:
        info, evaluation, identity = run.info, run.evaluation, wandb_run(run.info.wandb_run_link)
        if identity is None or evaluation is None or evaluation.dataset != C4:
            continue
        facts = (info.completed, info.training_time, info.model_flops, evaluation.bpb)
        if info.author is None or info.author.name is None or None in facts:
            raise ValueError(f"{file}{run.pointer}: author, date, time, model FLOPs or bits per byte are missing")
        name = file.parent.relative_to(root).as_posix()
        yield KnownRun(identity, name, info.author.name, *facts)  # type: ignore[arg-type]  # none is None


def of_argument(argument: Path) -> Iterator[KnownRun]:
    """Yield the runs that an argument names."""
    if argument.is_dir():
        for file in sorted(argument.rglob(RESULTS_NAME)):
            yield from of_results(file, argument)
    elif argument.name == RESULTS_NAME:
        yield from of_results(argument, argument.parent.parent)
    else:
        yield from of_board(json.loads(argument.read_text(encoding="utf-8")))


def main() -> int:
    """Write the ledger and say what was added."""
    known = {(run.wandb, run.name): run for run in known_runs()}
    before = len(known)
    for argument in sys.argv[1:]:
        for run in of_argument(Path(argument)):
            known.setdefault((run.wandb, run.name), run)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(KnownRun.columns())
    writer.writerows(run.row() for _, run in sorted(known.items()))
    LEDGER.write_text(out.getvalue(), encoding="utf-8")
    print(f"{LEDGER.name}: {len(known)} runs, {len(known) - before} of them new")
    return 0


if __name__ == "__main__":
    sys.exit(main())
