"""SR111 and SR716: what a change does to the submissions of the base revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.evidence.imprint import same_person, same_run
from speedrun_ci.finding import Place, Severity
from speedrun_ci.rules.base import ANOTHER_RUN, Example, Rule, Subject, Tree, TreeRule
from speedrun_ci.strict_json import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.evidence.imprint import Imprint
    from speedrun_ci.finding import Finding


class SeveralSubmissions(TreeRule):
    """More than one submission was changed.

    What is wrong:
        Since the base revision, runs were added to several submissions.

    Why it matters:
        A pull request is judged as a whole: one wrong submission holds up the others.

    How to fix it:
        Open one pull request for each.
    """

    code = "SR111"
    name = "several-submissions"
    severity = Severity.WARNING
    since = "2026.12"
    fires = Example(
        "two submissions are new",
        beside={"other": ANOTHER_RUN},
        before={},
    )
    silent = Example(
        "one submission is new",
        beside={"other": ANOTHER_RUN},
        before={"other": ANOTHER_RUN},
    )

    def compare(self, tree: Tree) -> Iterator[tuple[int, Finding]]:
        """Report every submission with new runs, if there are several."""
        touched = {number: run.submission for number, run in tree.runs if run.added}
        if len(touched) > 1:
            for number, path in touched.items():
                yield (
                    number,
                    self.finding(
                        Place(path),
                        "pull request",
                        expected="new runs in one submission",
                        submitted=f"new runs in {len(touched):,} submissions",
                        hint="Open one pull request for each.",
                    ),
                )


class RunChanged(Rule):
    """A run that the base revision holds was changed.

    What is wrong:
        A run is gone from its results file, has other measurements, or has another author (an error) than at the base
        revision.

    Why it matters:
        Results are facts; whoever changes them rewrites a record, perhaps somebody else's.

    How to fix it:
        Restore the file, or say in the pull request what was wrong with it.
    """

    code = "SR716"
    name = "run-changed"
    severity = Severity.WARNING
    since = "2026.12"
    fires = Example(
        "the author of a run is replaced",
        edits={"/author/name": "Eve Example"},
        before={"example": Example("an honest submission")},
    )
    silent = Example("nothing was changed", before={"example": Example("an honest submission")})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every run of the base revision that is not as it was."""
        base = subject.base
        if base is None:
            return
        for entry in subject.submission.results:
            path = base.relative(subject.submission.locate(entry))
            here = [run.imprint for run in subject.runs if run.run.path == subject.submission.display(entry)]
            for old in base.before.get(path or "", ()):
                place = Place(subject.submission.display(entry))
                now = next((run for run in here if same_run(run, old)), None)
                if now is None:
                    yield self._changed(place, old, "no such run in this file")
                elif not same_person(now.author, old.author):
                    submitted = f"the same run by {shorten(now.author, 60) or 'nobody'}"
                    yield self._changed(now.place, old, submitted, severity=Severity.ERROR)
                elif (now.time, now.bpb) != (old.time, old.bpb):
                    yield self._changed(now.place, old, f"the same run with {now.measured}")

    def _changed(self, place: Place, old: Imprint, submitted: str, severity: Severity = Severity.WARNING) -> Finding:
        return self.finding(
            place,
            "run",
            expected=f"the run of {shorten(old.author, 60)} with {old.measured}, as before",
            submitted=submitted,
            hint="Restore the file, or say in the pull request what was wrong with it.",
            severity=severity,
        )
