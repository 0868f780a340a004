"""SR707 and SR711 to SR713: whether a run is one of its own."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING

from speedrun_ci.evidence.imprint import telling
from speedrun_ci.finding import Confidence, Place, Severity
from speedrun_ci.rules.base import ANOTHER_RUN, HONEST, Example, Rule, Subject, Tree, TreeRule
from speedrun_ci.strict_json import pointer_to, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from speedrun_ci.evidence.imprint import Imprint
    from speedrun_ci.finding import Finding

type Entry = tuple[int | None, Imprint]
"""A run and the number of its submission; None for a run of the base revision."""


_MEASURED = {
    "/training_time": 1500.0625,
    "/training_hardware_flops": 459e12 * 16 * 1500.0625,
    "/eval~1paloma~1c4_en~1bpb": 1.1834567,
}
"""Figures with as many digits as a training has."""


class WandbRunTwice(Rule):
    """Two runs of a submission are the same W&B run.

    What is wrong:
        `wandb_run_link` of two runs names the same run.

    Why it matters:
        One training would stand on the board twice.

    How to fix it:
        Remove one of the runs, or correct its link.
    """

    code = "SR707"
    name = "wandb-run-twice"
    since = "2026.11"
    fires = Example("a second results file repeats the run", files={"again/speedrun_results.json": "@honest"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every run whose link stood in an earlier one."""
        seen: dict[str, str] = {}
        for checked in subject.runs:
            link = checked.imprint.wandb
            if link is None:
                continue
            here = f"{checked.run.path}{checked.run.pointer}"
            if link in seen:
                yield self.finding(
                    checked.place(("wandb_run_link",)),
                    "wandb_run_link",
                    expected="a run of its own",
                    submitted=f"the run of {seen[link]}",
                    hint="Remove one of the two, or correct the link.",
                )
            seen.setdefault(link, here)


class WandbRunElsewhere(TreeRule):
    """Another submission has the same W&B run.

    What is wrong:
        `wandb_run_link` names a run that another submission names, too. It is an error for the one that was added since
        the base revision, and a warning on both where nobody can tell which came first.

    Why it matters:
        One training would stand on the board twice, or somebody else's run would be submitted as new work.

    How to fix it:
        Submit a run of your own. Who moves a submission removes the old directory in the same change.
    """

    code = "SR711"
    name = "wandb-run-elsewhere"
    since = "2026.12"
    fires = Example("another submission names the same W&B run", beside={"other": HONEST})
    silent = Example("another submission names another run", beside={"other": ANOTHER_RUN})

    def compare(self, tree: Tree) -> Iterator[tuple[int, Finding]]:
        """Report every run that another submission has, too."""
        for group in _groups(tree, lambda run: run.wandb):
            for number, run, other in _pairs(group):
                if run.submission == other.submission:
                    continue  # SR707 says so
                yield (
                    number,
                    self.finding(
                        _place(run, "wandb_run_link"),
                        "wandb_run_link",
                        expected="a run that no other submission has",
                        submitted=f"{shorten(run.wandb or '', 120)}, which is also the run of {_named(other)}",
                        hint="Submit a run of your own." if run.added else "Keep it in one of the two.",
                        severity=Severity.ERROR if run.added else Severity.WARNING,
                    ),
                )


class ResultsCopied(TreeRule):
    """The results are those of another run.

    What is wrong:
        Training time and bits per byte are to the last digit those of another run (an error for the one that was added
        since the base revision, else a warning on both), or one of the two is (a warning).

    Why it matters:
        Two trainings never take the same time to the microsecond: the figures were copied under a new name.

    How to fix it:
        Commit the results that your own training wrote.
    """

    code = "SR712"
    name = "results-copied"
    since = "2026.12"
    fires = Example(
        "another submission has the same figures under another link",
        edits=_MEASURED,
        beside={"other": Example("", edits={**_MEASURED, "/wandb_run_link": None})},
    )

    def compare(self, tree: Tree) -> Iterator[tuple[int, Finding]]:
        """Report every run whose measurements are those of another that is not the same W&B run."""
        both = _groups(tree, lambda run: (run.time, run.bpb) if telling(run.time) and telling(run.bpb) else None)
        seen: set[tuple[int, str]] = set()
        for group in both:
            for number, run, other in _pairs(group):
                seen.add((number, _key(run)))
                if run.wandb is not None and run.wandb == other.wandb:
                    continue  # one training, and SR707 or SR711 says so
                yield (
                    number,
                    self.finding(
                        _place(run, "training_time"),
                        "training_time and bits per byte",
                        expected="measurements of its own",
                        submitted=f"{run.measured}, to the last digit those of {_named(other)}",
                        hint="Commit the results that your own training wrote.",
                        severity=Severity.ERROR if run.added else Severity.WARNING,
                    ),
                )
        figures: dict[str, Callable[[Imprint], float | None]] = {
            "training_time": lambda run: telling(run.time),
            "bits per byte": lambda run: telling(run.bpb),
        }
        for figure, value in figures.items():
            for group in _groups(tree, value):
                for number, run, other in _pairs(group):
                    if (number, _key(run)) not in seen:
                        yield (
                            number,
                            self.finding(
                                run.place,
                                figure,
                                expected="a measurement of its own",
                                submitted=f"{run.measured}; {figure} is to the last digit that of {_named(other)}",
                                hint="Say in the README how that came about, or commit what training wrote.",
                                severity=Severity.WARNING,
                                confidence=Confidence.MEDIUM,
                            ),
                        )


class SeedsRepeated(TreeRule):
    """Replicates record the same seed.

    What is wrong:
        Two runs have the same configuration and record the same seed. A seed that is null is none recorded.

    Why it matters:
        Replicates measure the noise between seeds; with the same seed they measure nothing.

    How to fix it:
        Train each replicate with a seed of its own, or submit one of them.
    """

    code = "SR713"
    name = "seeds-repeated"
    severity = Severity.WARNING
    confidence = Confidence.MEDIUM
    since = "2026.12"
    fires = Example(
        "two runs of one configuration record seed 7",
        edits={"/train_config/data_seed": 7},
        beside={"other": Example("", edits={"/train_config/data_seed": 7, "/wandb_run_link": None})},
    )
    silent = Example(
        "two runs of one configuration record seeds 7 and 8",
        edits={"/train_config/data_seed": 7},
        beside={"other": Example("", edits={"/train_config/data_seed": 8, "/wandb_run_link": None})},
    )

    def compare(self, tree: Tree) -> Iterator[tuple[int, Finding]]:
        """Report every run of whose configuration and seed there is another."""
        for group in _groups(tree, lambda run: run.recipe):
            for number, run, other in _pairs(group):
                if run.wandb is None or run.wandb != other.wandb:
                    yield (
                        number,
                        self.finding(
                            _place(run, "train_config"),
                            "train_config",
                            expected="a seed that no other run of this configuration has",
                            submitted=f"that of {_named(other)}",
                            hint="Train replicates with seeds of their own.",
                        ),
                    )


def _groups(tree: Tree, key: Callable[[Imprint], Hashable | None]) -> Iterable[list[Entry]]:
    """Return the runs that share a key, for every key that several have; runs whose key is None have none."""
    grouped: defaultdict[Hashable, list[Entry]] = defaultdict(list)
    entries: Iterable[Entry] = itertools.chain(tree.runs, ((None, run) for run in tree.others))
    for number, run in entries:
        value = key(run)
        if value is not None:
            grouped[value].append((number, run))
    return [group for group in grouped.values() if len(group) > 1]


def _pairs(group: list[Entry]) -> Iterator[tuple[int, Imprint, Imprint]]:
    """Yield every run of a group that is checked, each with the one it is compared with.

    Where one came first, only those that were added since are yielded.
    """
    first = next((entry for entry in group if not entry[1].added), None)
    came_first = first is not None and any(run.added for _, run in group)
    for number, run in group:
        if number is None or (came_first and not run.added):
            continue
        elsewhere = (it for _, it in group if it.submission != run.submission)
        beside = (it for _, it in group if it is not run)
        other = first[1] if came_first and first is not None else next(elsewhere, None) or next(beside)
        yield number, run, other


def _key(run: Imprint) -> str:
    return f"{run.place.path}#{run.place.pointer}"


def _named(run: Imprint) -> str:
    return f"{_key(run)} by {shorten(run.author, 40) or 'nobody'}"


def _place(run: Imprint, key: str) -> Place:
    return Place(run.place.path, run.place.pointer + pointer_to([key]))
