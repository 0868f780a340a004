"""From submissions on disk to a report: load, analyse, run every rule, compare, decide.

Each submission is first judged by itself, several at a time where there are many; then all are compared with each
other and with the base revision.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speedrun_ci.analysis import analyse
from speedrun_ci.evidence.imprint import imprint_of
from speedrun_ci.figures import figure_rows, level_of, ranked_by
from speedrun_ci.finding import Level, Place, Report, RunReport, Severity, SubmissionReport, Totals, Verdict
from speedrun_ci.results import read_runs
from speedrun_ci.rules.base import CheckedRun, ResultsFile, Subject, Tree, TreeRule
from speedrun_ci.rules.registry import RULES
from speedrun_ci.rules.tool import EvidenceMissing, RuleCrashed
from speedrun_ci.settings import NO_SETTINGS, Settings
from speedrun_ci.spool import Spool, packed
from speedrun_ci.strict_json import Document, Problem, parse, pointer_to, split_pointer
from speedrun_ci.toml_table import TableError
from speedrun_ci.tracks import tracks_of
from speedrun_ci.wrong_sets import LARGEST_SET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path
    from typing import Literal

    from speedrun_ci.analysis import Analysis
    from speedrun_ci.evidence.base_tree import BaseTree
    from speedrun_ci.evidence.imprint import Imprint
    from speedrun_ci.finding import Excluded, Finding
    from speedrun_ci.results import Run
    from speedrun_ci.rules.base import Rule
    from speedrun_ci.submission import Entry, Submission
    from speedrun_ci.tolerances import Tolerances

NOT_AVAILABLE = "not available"
SKIPPED = "skipped"

MOST_EXPLAINED = 20
"""Runs of one file whose contradictions are explained: the search for an explanation may take 0.1 s."""

CHUNK = 16
"""Submissions handed to a process at once."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a check is made under.

    Attributes:
        now: When the check is made, with a time zone; no date may lie after it.
        settings: What the maintainers decided.
        base: What the repository held before, or None.
        dry_run: Whether dry runs are wanted. This version cannot execute any, and says so.
        wandb: Whether W&B runs are wanted. This version cannot read any, and says so.
        rules: The rules to apply.
    """

    now: datetime
    settings: Settings = NO_SETTINGS
    base: BaseTree | None = None
    dry_run: bool = True
    wandb: Literal["auto", "require", "skip"] = "auto"
    rules: tuple[type[Rule], ...] = RULES


@dataclass(frozen=True, slots=True)
class Examined:
    """One submission, judged by itself: its report, and what its runs are told from others by."""

    report: SubmissionReport
    imprints: tuple[Imprint, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """The same on its way between processes."""

    report: bytes
    totals: Totals
    imprints: tuple[Imprint, ...]


def check_all(
    submissions: Sequence[Submission],
    conditions: Conditions,
    *,
    jobs: int = 1,
    excluded: tuple[Excluded, ...] = (),
    progress: Callable[[Iterable[Packed]], Iterable[Packed]] = iter,
) -> Report:
    """Check submissions.

    Args:
        submissions: What to check.
        conditions: What the check is made under.
        jobs: Processes that check at the same time.
        excluded: What was passed over, for the report.
        progress: Goes through what is done as it is done; a progress bar, say.
    """
    spool, totals = Spool(), Totals.none()
    runs: list[tuple[int, Imprint]] = []
    for index, done in enumerate(progress(_examine_all(submissions, conditions, jobs))):
        spool.append(done.report)
        totals += done.totals
        runs.extend((index, imprint) for imprint in done.imprints)
    others = conditions.base.others([run for _, run in runs]) if conditions.base is not None else ()
    for index, found in _compare(Tree(tuple(runs), others), conditions, len(submissions)).items():
        report = spool[index]
        amended = _amended(report, found, submissions[index], conditions)
        spool[index] = amended
        totals = totals - Totals.of(report) + Totals.of(amended)
    return Report(
        submissions=spool,
        totals=totals,
        ruleset=conditions.settings.ruleset,
        dry_run=NOT_AVAILABLE if conditions.dry_run else SKIPPED,
        wandb=SKIPPED if conditions.wandb == "skip" else NOT_AVAILABLE,
        base=conditions.base.revision if conditions.base is not None else None,
        excluded=excluded,
    )


def _examine_all(submissions: Sequence[Submission], conditions: Conditions, jobs: int) -> Iterator[Packed]:
    if jobs == 1:
        yield from (_pack(examine(submission, conditions)) for submission in submissions)
        return
    import multiprocessing  # costs as much as checking a submission

    # Spawned, not forked: whoever calls this may have threads.
    with multiprocessing.get_context("spawn").Pool(jobs, _begin, (conditions,)) as pool:
        yield from pool.imap(_examine_in_process, submissions, CHUNK)


_conditions: Conditions
"""What a worker process checks under; the same for all it is handed."""


def _begin(conditions: Conditions) -> None:
    global _conditions
    _conditions = conditions


def _examine_in_process(submission: Submission) -> Packed:
    return _pack(examine(submission, _conditions))


def _pack(examined: Examined) -> Packed:
    return Packed(packed(examined.report), Totals.of(examined.report), examined.imprints)


def examine(submission: Submission, conditions: Conditions) -> Examined:
    """Judge one submission by itself; if the checker itself fails on it, the verdict is inconclusive and says so."""
    try:
        return _examine(submission, conditions)
    except TableError:
        raise  # our own table is wrong, which no verdict can make up for
    except Exception as error:  # noqa: BLE001 - one hostile submission must not keep the others from a verdict
        finding = RuleCrashed.report(submission.path, "reading the submission", error)
        return Examined(SubmissionReport(submission.path, Verdict.INCONCLUSIVE, (), (finding,)), ())


def check_submission(submission: Submission, conditions: Conditions) -> SubmissionReport:
    """Check one submission, compared with nothing but the base revision."""
    (report,) = check_all((submission,), conditions).submissions
    return report


def _examine(submission: Submission, conditions: Conditions) -> Examined:
    files: list[ResultsFile] = []
    documents: dict[str, Document] = {}
    for entry in submission.results:
        path = submission.display(entry)
        loaded, document = _load(submission, entry, path, conditions)
        files.append(loaded)
        if document is not None:
            documents[path] = document
    subject = Subject(submission, tuple(files), conditions.now, conditions.settings, conditions.base)
    findings: list[Finding] = []
    crashed = False
    for rule in conditions.rules:
        try:
            findings.extend(rule().check(subject))
        except TableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a rule raises must end as a finding, never as a pass
            crashed = True
            findings.append(RuleCrashed.report(submission.path, f"rule {rule.code} {rule.name}", error))
    demanded = conditions.wandb == "require"
    if demanded:
        findings.extend(EvidenceMissing.report(run.run.path) for run in subject.runs)
    final = tuple(_with_lines(_suppressed(findings, submission, conditions), documents))
    inconclusive = crashed or demanded
    of_run = _by_run(final)
    report = SubmissionReport(
        path=submission.path,
        verdict=_verdict(final, inconclusive=inconclusive),
        runs=tuple(
            _run_report(checked, of_run(checked.run.path, checked.run.pointer), conditions, inconclusive=inconclusive)
            for checked in subject.runs
        ),
        findings=final,
    )
    return Examined(report, tuple(checked.imprint for checked in subject.runs))


def _load(
    submission: Submission, entry: Entry, path: str, conditions: Conditions
) -> tuple[ResultsFile, Document | None]:
    data = submission.read(entry)
    if data is None:
        problem = Problem("syntax", "", None, "a regular file that can be read", "none")
        return ResultsFile(path, (problem,), (), ()), None
    document = parse(data)
    if not isinstance(document, Document):
        return ResultsFile(path, document, (), ()), None
    runs, faults = read_runs(path, document.value)
    file = submission.locate(entry)
    checked = tuple(
        CheckedRun(run, analysis, _imprint(run, submission, file, conditions))
        for run, analysis in zip(runs, _analysed(runs, conditions.settings.tolerances), strict=True)
    )
    return ResultsFile(path, (), faults, checked), document


def _analysed(runs: Iterable[Run], bounds: Tolerances) -> Iterator[Analysis]:
    """Yield what arithmetic says about each run. Of a file of contradictions the first are explained, all are named."""
    contradicting = 0
    for run in runs:
        analysis = analyse(run, bounds, LARGEST_SET if contradicting < MOST_EXPLAINED else 0)
        contradicting += bool(analysis.wrong)
        yield analysis


def _imprint(run: Run, submission: Submission, file: Path, conditions: Conditions) -> Imprint:
    base = conditions.base
    within = base.relative(file) if base is not None else conditions.settings.relative(file)
    name = (within or run.path).rpartition("/")[0]
    made = imprint_of(run, submission=submission.path, place=Place(run.path, run.pointer), name=name, added=None)
    if base is None:
        return made
    return dataclasses.replace(made, added=within is None or not base.held(within, made))


def _suppressed(findings: Iterable[Finding], submission: Submission, conditions: Conditions) -> Iterator[Finding]:
    """Yield the findings; those that a maintainer lets pass as information, with the reason."""
    settings = conditions.settings
    here = settings.relative(submission.root) if settings.suppressions else None
    active = {
        item.rule: item
        for item in settings.suppressions
        if item.submission == here and item.expires >= conditions.now.date()
    }
    for finding in findings:
        item = active.get(finding.code)
        if item is None:
            yield finding
        else:
            note = f"{finding.message} Suppressed until {item.expires} by speedrun.toml: {item.reason}"
            yield dataclasses.replace(finding, severity=Severity.INFO, message=note)


def _compare(tree: Tree, conditions: Conditions, count: int) -> dict[int, list[Finding]]:
    """Return what the rules about the whole tree find, by the number of the submission."""
    found: defaultdict[int, list[Finding]] = defaultdict(list)
    for rule in conditions.rules:
        if not issubclass(rule, TreeRule):
            continue
        try:
            for index, finding in rule().compare(tree):
                found[index].append(finding)
        except Exception as error:  # noqa: BLE001 - as above; what it would have found is unknown of every submission
            for index in range(count):
                found[index].append(RuleCrashed.report("", f"rule {rule.code} {rule.name}", error))
    return found


def _amended(
    report: SubmissionReport, found: list[Finding], submission: Submission, conditions: Conditions
) -> SubmissionReport:
    """Return a report with what comparing it found."""
    added = tuple(_with_lines(_suppressed(found, submission, conditions), _documents(submission, found)))
    crashed = any(finding.code == RuleCrashed.code for finding in added)
    of_run = _by_run(added)

    def again(before: Verdict, findings: Iterable[Finding]) -> Verdict:
        inconclusive = crashed or before is Verdict.INCONCLUSIVE
        return Verdict.FAIL if before is Verdict.FAIL else _verdict(findings, inconclusive=inconclusive)

    runs = []
    for run in report.runs:
        verdict = again(run.verdict, of_run(run.path, run.pointer))
        axes = run.ranked_by if verdict is Verdict.PASS else ()
        runs.append(dataclasses.replace(run, verdict=verdict, ranked_by=axes))
    findings = (*report.findings, *added)
    return SubmissionReport(report.path, again(report.verdict, added), tuple(runs), findings)


def _documents(submission: Submission, findings: Iterable[Finding]) -> dict[str, Document]:
    """Read once more the results files in which something was found."""
    wanted = {finding.place.path for finding in findings}
    documents = {}
    for entry in submission.results:
        path = submission.display(entry)
        data = submission.read(entry) if path in wanted else None
        document = parse(data) if data is not None else None
        if isinstance(document, Document):
            documents[path] = document
    return documents


def _with_lines(findings: Iterable[Finding], documents: dict[str, Document]) -> Iterator[Finding]:
    """Give every finding inside a results file the line it stands on, reading each file once."""
    kept = list(findings)
    lines: dict[str, dict[str, int]] = {}
    for path, document in documents.items():
        pointers = {finding.place.pointer for finding in kept if finding.place.path == path}
        if pointers:
            lines[path] = document.lines({prefix for pointer in pointers for prefix in _prefixes(pointer)})
    for finding in kept:
        place = finding.place
        if place.line is None and place.path in lines:
            known = lines[place.path]
            # A missing key has no line of its own; that of the object it is missing from is the best there is.
            line = next((known[prefix] for prefix in _prefixes(place.pointer) if prefix in known), 1)
            yield dataclasses.replace(finding, place=dataclasses.replace(place, line=line))
        else:
            yield finding


def _prefixes(pointer: str) -> Iterable[str]:
    """Yield a pointer and all that lead to it, longest first."""
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]
    yield ""


def _verdict(findings: Iterable[Finding], *, inconclusive: bool) -> Verdict:
    if any(finding.blocks for finding in findings):
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if inconclusive else Verdict.PASS


def _run_report(
    checked: CheckedRun, findings: tuple[Finding, ...], conditions: Conditions, *, inconclusive: bool
) -> RunReport:
    run, analysis = checked.run, checked.analysis
    level = level_of(analysis) if not run.faults else Level.DECLARED
    verdict = _verdict(findings, inconclusive=inconclusive)
    return RunReport(
        path=run.path,
        pointer=run.pointer,
        verdict=verdict,
        level=level,
        evidence=("identities",) if level is Level.CONSISTENT else (),
        figures=figure_rows(run, analysis),
        tracks=tracks_of(run, conditions.settings.tracks),
        ranked_by=ranked_by(run, analysis) if verdict is Verdict.PASS and level is not Level.DECLARED else (),
    )


def _by_run(findings: Iterable[Finding]) -> Callable[[str, str], tuple[Finding, ...]]:
    """Return a function that gives the findings inside a run, and those about the whole file around it."""
    grouped: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        keys = split_pointer(finding.place.pointer)
        inside = keys[:3] if keys[:1] == ["runs"] and len(keys) >= 3 else keys[:1] if keys[:1] == ["run_info"] else []
        grouped[finding.place.path, pointer_to(inside)].append(finding)

    def of(path: str, pointer: str) -> tuple[Finding, ...]:
        whole = grouped.get((path, ""), [])
        return (*grouped.get((path, pointer), []), *(whole if pointer else []))

    return of
