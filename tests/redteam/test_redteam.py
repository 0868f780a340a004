"""Tamperings of honest files: what is caught, what is not, and what is rejected although it is honest.

Each tampering is tried on the honest files, a different one first for each, until it applied to a few of them. With
`REDTEAM=all` in the environment it is tried on all of them, which takes some minutes.
"""

import datetime as dt
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from speedrun_ci.check import Conditions, check_submission
from speedrun_ci.finding import Finding, Level, Severity, SubmissionReport, Verdict
from speedrun_ci.results import RESULTS_NAME
from speedrun_ci.submission import find_submissions

from .arithmetic import C4, forward, model_mfu, tokens
from .catalogue import CLASSES, OFFLINE, Info, Tampering
from .tamperings import TAMPERINGS

ROOT = Path(__file__).parents[2]
REAL_FILES = ROOT.parent / "shared" / "data" / "marin"
NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)

COPIES = 10_000 if os.environ.get("REDTEAM") == "all" else 0
"""Copies of each kind; 0 for those below."""

ENOUGH = {"format": 3}
"""Copies of a kind that hardly depends on the file; eight of all others."""

STRIDE = 31
"""A step through the honest files that reaches all of them, unless they are a multiple of it."""

LACKS = {"declared-accelerator-is-auto": {"hardware", "verified"}, "gpu-unverified-peak": {"verified"}}
"""What is not known of a base file; of others whose name begins with `declared-`, the formula."""


@dataclass(frozen=True, slots=True)
class Base:
    """An honest results file."""

    name: str
    text: str
    lacks: frozenset[str]
    alarms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the checker made of one tampered copy."""

    tampering: Tampering
    base: str
    verdict: Verdict
    consistent: bool
    objected: bool
    named: bool
    messages: tuple[str, ...]

    @property
    def caught(self) -> bool:
        """Whether it is caught as its class demands."""
        if self.tampering.caught_by == "plausibility":
            return self.objected
        return self.verdict is Verdict.FAIL and (self.named or not self.tampering.key)


def check(path: Path) -> SubmissionReport:
    (submission,) = find_submissions(str(path), results_only=True)
    return check_submission(submission, Conditions(NOW))


def objections(report: SubmissionReport) -> set[str]:
    """Return what a maintainer is asked to look at."""
    kinds = (Severity.WARNING, Severity.ERROR)
    return {f"{finding.code} {finding.message}" for finding in report.findings if finding.severity in kinds}


def first_run(document: Any) -> Info:
    entry = document["runs"][0] if "runs" in document else document
    return entry.get("run_info", entry)


def honest_files() -> Iterator[tuple[str, Path]]:
    for path in sorted(REAL_FILES.rglob(RESULTS_NAME)) if REAL_FILES.is_dir() else ():
        yield str(path.parent.relative_to(REAL_FILES)), path
    for path in sorted((ROOT / "example-files" / "positive").glob("*.json")):
        yield path.stem, path
    yield "hello_world", ROOT / "submissions" / "hello_world" / RESULTS_NAME


def read_base(name: str, path: Path) -> Base:
    text = path.read_text(encoding="utf-8")
    lacks = LACKS.get(name, {"formula"} if name.startswith("declared-") else set())
    if C4 not in first_run(json.loads(text)):
        lacks = lacks | {"contest"}
    alarms = objections(check(path))
    return Base(name, text, frozenset(lacks), frozenset(alarms))


@pytest.fixture(scope="module")
def bases() -> tuple[Base, ...]:
    return tuple(read_base(name, path) for name, path in honest_files())


def tampered(base: Base, tampering: Tampering) -> bytes | None:
    """Return the tampered text of a base file, or None where the tampering does not apply or changes nothing."""
    if tampering.needs & base.lacks:
        return None
    if tampering.edit is not None:
        made = tampering.edit(base.text)
        return made.encode("utf-8", "surrogatepass") if isinstance(made, str) else made
    document, honest = json.loads(base.text), json.loads(base.text)
    info = first_run(document)
    if tampering.change is None or (changed := tampering.change(info)) is None:
        return None
    if changed is not info:
        changed = dict(changed)
        info.clear()
        info.update(changed)
    return None if document == honest else json.dumps(document).encode()


def tampered_copies(bases: tuple[Base, ...]) -> Iterator[tuple[Tampering, Base, bytes]]:
    """Yield the tampered copies, a few of each tampering and of files as different as can be."""
    for number, tampering in enumerate(TAMPERINGS):
        left = COPIES or ENOUGH.get(tampering.caught_by, 8)
        for step in range(len(bases)):
            base = bases[(7 * number + STRIDE * step) % len(bases)]
            if left and (data := tampered(base, tampering)) is not None:
                left -= 1
                yield tampering, base, data


def names_key(finding: Finding, keys: str) -> bool:
    message = finding.message.replace("~1", "/")
    return any(key in message or key.replace(".", "/") in message for key in keys.split("|"))


@pytest.fixture(scope="module")
def outcomes(
    bases: tuple[Base, ...], tmp_path_factory: pytest.TempPathFactory, show_table: Callable[[str], None]
) -> tuple[Outcome, ...]:
    path = tmp_path_factory.mktemp("redteam") / RESULTS_NAME
    found, honest = [], {}
    for base in bases:
        # The file's place is part of some messages, so the honest file is read from where the tampered one will be.
        path.write_text(base.text, encoding="utf-8")
        honest[base.name] = objections(check(path))
    for tampering, base, data in tampered_copies(bases):
        path.write_bytes(data)
        report = check(path)
        blocking = [finding for finding in report.findings if finding.blocks]
        found.append(
            Outcome(
                tampering,
                base.name,
                report.verdict,
                bool(report.runs) and report.runs[0].level is not Level.DECLARED,
                bool(objections(report) - honest[base.name]),
                any(names_key(finding, tampering.key) for finding in blocking),
                tuple(f"{finding.code} {finding.message}" for finding in report.findings),
            )
        )
    show_table(table(bases, found))
    return tuple(found)


def table(bases: tuple[Base, ...], found: list[Outcome]) -> str:
    lines = [f"{'caught by':13}{'kinds':>7}{'copies':>8}{'caught':>8}{'recall':>8}{'fail':>7}{'unranked':>10}"]
    for kind in CLASSES:
        of_kind = [outcome for outcome in found if outcome.tampering.caught_by == kind]
        kinds = len({outcome.tampering.name for outcome in of_kind})
        caught = sum(outcome.caught for outcome in of_kind)
        failed = sum(outcome.verdict is Verdict.FAIL for outcome in of_kind)
        unranked = sum(outcome.verdict is not Verdict.PASS or not outcome.consistent for outcome in of_kind)
        shown = (f"{caught:>8}", f"{caught / max(len(of_kind), 1):>8.1%}") if kind in OFFLINE else (f"{'-':>8}",) * 2
        lines.append(f"{kind:13}{kinds:>7}{len(of_kind):>8}{''.join(shown)}{failed:>7}{unranked:>10}")
    alarms = sum(bool(base.alarms) for base in bases)
    lines.append(f"{len(bases)} honest files, {len(false_alarms(bases))} of them rejected, {alarms} with a warning")
    return "\n".join(lines)


def false_alarms(bases: tuple[Base, ...]) -> list[str]:
    rejected = []
    for (name, path), _ in zip(honest_files(), bases, strict=True):
        report = check(path)
        if report.verdict is not Verdict.PASS or any(finding.severity is Severity.ERROR for finding in report.findings):
            rejected.append(name)
    return rejected


def missed(found: list[Outcome]) -> list[str]:
    """Return one line for every tampering that was missed, with the first base it was missed on."""
    counts = Counter(outcome.tampering.name for outcome in found)
    first = {outcome.tampering.name: outcome for outcome in reversed(found)}
    return [
        f"{name} on {first[name].base} and {count - 1} more: {first[name].tampering.description}; "
        f"{first[name].verdict}, {'; '.join(first[name].messages) or 'no finding'}"
        for name, count in counts.items()
    ]


def test_names_are_unique_and_in_kebab_case() -> None:
    names = [tampering.name for tampering in TAMPERINGS]
    assert [] == [name for name, count in Counter(names).items() if count > 1]
    assert [] == [
        name for name in names if not all(part.isalnum() and part == part.lower() for part in name.split("-"))
    ]
    assert [] == [tampering.name for tampering in TAMPERINGS if not tampering.description or not tampering.shown_by]


def test_the_second_arithmetic_agrees_with_honest_files(bases: tuple[Base, ...]) -> None:
    """Otherwise figures that are made to fit would not, and tamperings would be caught for the wrong reason."""
    for base in bases:
        info = first_run(json.loads(base.text))
        assert info["total_tokens"] == tokens(info), base.name
        assert 1e-4 < model_mfu(info) < 1, base.name
        if "formula" not in base.lacks:
            assert pytest.approx(info["model_flops"], rel=1e-6) == 3 * forward(info) * tokens(info), base.name


def test_no_honest_file_is_rejected(bases: tuple[Base, ...]) -> None:
    assert [] == false_alarms(bases)


@pytest.mark.parametrize("kind", OFFLINE)
def test_every_tampering_is_caught(kind: str, outcomes: tuple[Outcome, ...]) -> None:
    of_kind = [outcome for outcome in outcomes if outcome.tampering.caught_by == kind]
    misses = missed([outcome for outcome in of_kind if not outcome.caught])
    assert of_kind
    assert [] == misses, "\n".join(misses)


def test_every_tampering_applies_somewhere(outcomes: tuple[Outcome, ...]) -> None:
    if REAL_FILES.is_dir():
        applied = {outcome.tampering.name for outcome in outcomes}
        assert [] == [tampering.name for tampering in TAMPERINGS if tampering.name not in applied]


def test_a_run_of_silenced_identities_is_not_ranked(outcomes: tuple[Outcome, ...]) -> None:
    ranked = [outcome for outcome in outcomes if outcome.tampering.silences and outcome.consistent]
    misses = missed([outcome for outcome in ranked if outcome.verdict is Verdict.PASS])
    assert [] == misses, "\n".join(misses)


def test_the_checker_never_crashes(outcomes: tuple[Outcome, ...]) -> None:
    assert [] == missed([outcome for outcome in outcomes if outcome.verdict is Verdict.INCONCLUSIVE])


def test_what_stays_consistent_is_written_down() -> None:
    page = ROOT / "docs" / "security.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    names = [tampering.name for tampering in TAMPERINGS if tampering.caught_by not in OFFLINE]
    assert [] == [name for name in names if f"`{name}`" not in text]
