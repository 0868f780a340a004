"""SR714 and SR715: runs that the ledger of known runs holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.evidence.imprint import same_person
from speedrun_ci.evidence.ledger import find_known
from speedrun_ci.finding import Severity
from speedrun_ci.identities import close
from speedrun_ci.numbers import pair
from speedrun_ci.results import C4
from speedrun_ci.rules.base import Example, Rule, Subject
from speedrun_ci.rules.results_form import parse_timestamp
from speedrun_ci.run_values import MODEL_FLOPS, TRAINING_TIME, evaluation_paths
from speedrun_ci.strict_json import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.evidence.ledger import KnownRun
    from speedrun_ci.finding import Finding
    from speedrun_ci.rules.base import CheckedRun
    from speedrun_ci.run_values import Path

_KNOWN_LINK = "https://wandb.ai/marin-community/marin/runs/llama_nano_gpu_speedrun-62030f"


class WandbRunKnown(Rule):
    """The W&B run is one that was published before.

    What is wrong:
        The ledger of known runs (`speedrun_ci/known_runs.csv`) holds this W&B run. It is an error if the run was added
        since the base revision under another name or by another author, else nothing is wrong.

    Why it matters:
        A copied hello-world run was submitted as new work three times to the original contest.

    How to fix it:
        Submit a run of your own; who moves a known run keeps its directory's name and its author.
    """

    code = "SR714"
    name = "wandb-run-known"
    severity = Severity.INFO
    since = "2026.12"
    fires = Example(
        "a run of the original contest is new under another name", edits={"/wandb_run_link": _KNOWN_LINK}, before={}
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every run that the ledger holds."""
        for checked in subject.runs:
            imprint = checked.imprint
            known = find_known(imprint.wandb)
            if not known:
                continue
            same = [
                run for run in known if same_person(run.author, imprint.author) and _is_named(imprint.name, run.name)
            ]
            first = (same or known)[0]
            copied = bool(imprint.added) and not same
            yield self.finding(
                checked.place(("wandb_run_link",)),
                "wandb_run_link",
                expected="a run of your own" if copied else "new work, or a known run under its own name and author",
                submitted=f"{shorten(first.wandb, 120)}, published as {first.name} by {first.author} "
                f"on {first.completed[:10]}",
                hint="Train, and submit that run."
                if copied
                else "Nothing to do: the run is known, and cannot be submitted as new work under another name.",
                severity=Severity.ERROR if copied else Severity.INFO,
            )


class KnownRunFigures(Rule):
    """A known run has other figures than it was published with.

    What is wrong:
        The ledger of known runs holds this W&B run with another training time, other model FLOPs, other bits per byte
        or another date. It is an error if the run was added since the base revision with a better figure, else a
        warning.

    Why it matters:
        A training that is over does not change any more: the figure was edited afterwards.

    How to fix it:
        Commit the file that training wrote. If the ledger is wrong, say so in an issue.
    """

    code = "SR715"
    name = "known-run-figures"
    severity = Severity.WARNING
    since = "2026.12"
    fires = Example(
        "a published run has got better",
        edits={
            "/wandb_run_link": "https://wandb.ai/marin-community/marin/runs/llama_130m_adamw_4096-ab2740",
            "/eval~1paloma~1c4_en~1bpb": 1.1,
        },
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every figure of a known run that is not the ledger's."""
        bounds = subject.settings.tolerances
        for checked in subject.runs:
            for run in find_known(checked.imprint.wandb)[:1]:
                for path, expected, submitted in _figures(checked, run):
                    if submitted is not None and not close(expected, submitted, bounds.product_tolerance):
                        shown, got = pair(expected, submitted)
                        yield self._report(checked, path, shown, got, run, better=submitted < expected)
                told, known = checked.run.info.completed, parse_timestamp(run.completed)
                moment = parse_timestamp(told) if told is not None else None
                if told is not None and moment is not None and known is not None and moment != known:
                    path = ("run_completion_timestamp",)
                    yield self._report(checked, path, run.completed, shorten(told), run, better=moment < known)

    def _report(
        self, checked: CheckedRun, path: Path, expected: str, submitted: str, run: KnownRun, *, better: bool
    ) -> Finding:
        return self.finding(
            checked.place(path),
            path[-1],
            expected=f"{expected}, as {run.author} published it in {run.name}",
            submitted=submitted,
            hint="Commit the file that training wrote; if the ledger is wrong, open an issue.",
            severity=Severity.ERROR if better and checked.imprint.added else Severity.WARNING,
        )


def _figures(checked: CheckedRun, run: KnownRun) -> Iterator[tuple[Path, float, float | None]]:
    """Yield path, known value and submitted value of every figure that the ledger has."""
    info, evaluation = checked.run.info, checked.run.evaluation
    yield TRAINING_TIME, run.training_time, info.training_time
    yield MODEL_FLOPS, run.model_flops, info.model_flops
    if evaluation is not None and evaluation.dataset == C4:
        yield evaluation_paths(C4)[0], run.bpb, evaluation.bpb


def _is_named(path: str, name: str) -> bool:
    """Whether a results file's directory ends with the name a run was published under."""
    return path == name or path.endswith(f"/{name}")
