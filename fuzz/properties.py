"""What must hold of every results file, whatever its bytes.

`check` raises AssertionError where something does not hold; any other exception is a crash of the loader itself.
"""

# ruff: noqa: S101 - asserting is what this is for

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from speedrun_ci.analysis import analyse
from speedrun_ci.check import Conditions, examine
from speedrun_ci.figures import figure_rows
from speedrun_ci.finding import Verdict
from speedrun_ci.numbers import number
from speedrun_ci.results import MAX_FAULTS, MAX_RUNS, RESULTS_NAME, read_runs
from speedrun_ci.rules.base import Rule
from speedrun_ci.rules.registry import RULES
from speedrun_ci.rules.tool import RuleCrashed
from speedrun_ci.strict_json import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_INTEGER_DIGITS,
    MAX_PROBLEMS,
    Document,
    parse,
    pointer_to,
    shorten,
    split_pointer,
)
from speedrun_ci.submission import Entry, Submission
from speedrun_ci.wrong_sets import LARGEST_SET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.analysis import Analysis
    from speedrun_ci.fields import Fault
    from speedrun_ci.finding import Finding
    from speedrun_ci.results import Run
    from speedrun_ci.rules.base import ResultsFile, Subject
    from speedrun_ci.strict_json import Json, Problem, ProblemKind

type Tree = str | bool | list[Tree] | Members | Lexeme | None
"""A JSON text with nothing lost: every member of every object, and numbers as they are written."""

MOST_SECONDS = 2.0
"""CPU time that checking one input of up to `TIMED_BYTES` may take, instrumented as it is while it is fuzzed."""

TIMED_BYTES = 64 * 1024
"""Bytes from which on a whole file of hostile runs may take longer."""

REORDERED = 8
"""One input of so many is read a second time with the keys of its objects in another order."""

MOST_POINTERS = 60
"""Values of one document whose lines are asked for."""

LONGEST_TEXT = 300
"""Characters of a text that quotes one value."""

LONGEST_MESSAGE = 3000
"""Characters of a message, which may name every way to mend a run."""

FINDINGS_OF_A_RUN = MAX_FAULTS + 1 + 60
"""One for each fault, and no rule has more than a few for a run."""


@dataclass(frozen=True, slots=True)
class Members:
    """An object's members, repeated keys and all."""

    pairs: list[tuple[str, Tree]]


class Lexeme(str):
    """A number, or NaN or the like, as it is written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class InMemory(Submission):
    """A submission of one results file that is on no disk."""

    data: bytes = b""

    def read(self, entry: Entry) -> bytes | None:  # noqa: ARG002 - there is but one
        """Return what a file of these bytes would be read as."""
        return self.data[: MAX_BYTES + 1]


class Watcher(Rule):
    """Keeps what the rules are shown: the runs and what arithmetic says about them."""

    code = "WATCH"
    name = "watcher"
    shown: ClassVar[list[Subject]] = []

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """Find nothing."""
        Watcher.shown.append(subject)
        return ()


CONDITIONS = Conditions(now=dt.datetime(2026, 11, 23, tzinfo=dt.UTC), rules=(*RULES, Watcher))


def check(data: bytes) -> None:
    """Load a results file as the checker does, and test everything that must hold of what comes out.

    Raises:
        AssertionError: Something does not hold.
    """
    entry = Entry(RESULTS_NAME, "file", len(data))
    submission = InMemory(RESULTS_NAME, Path(RESULTS_NAME), (entry,), results_only=True, single=True, data=data)
    Watcher.shown.clear()
    start = time.process_time()
    report = examine(submission, CONDITIONS).report
    spent = time.process_time() - start
    loaded = parse(data)
    if any(finding.code == RuleCrashed.code for finding in report.findings):
        _crash(loaded)
    assert spent < MOST_SECONDS or len(data) > TIMED_BYTES, f"{spent:.1f} s of CPU for {len(data):,} bytes"
    (subject,) = Watcher.shown
    (file,) = subject.files
    if isinstance(loaded, Document):
        _accepted(data, loaded)
        _read(loaded, file)
        if zlib.crc32(data) % REORDERED == 0:
            _reordered(loaded.value, file)
    else:
        assert file.problems == loaded
        _refused(data, loaded)
    _findings(report.findings, data, loaded, len(file.runs))
    assert len(report.runs) == len(file.runs)
    if report.verdict is Verdict.PASS:
        assert file.runs, "a file without a run passes"
        for checked in file.runs:
            assert not checked.run.faults, "a run with faults passes"
            assert not any(wrong.certain for wrong in checked.analysis.wrong), "a run proved wrong passes"


def _crash(loaded: Document | tuple[Problem, ...]) -> None:
    """Raise again what the checker turned into a finding."""
    if isinstance(loaded, Document):
        runs, _ = read_runs(RESULTS_NAME, loaded.value)
        for run in runs:
            figure_rows(run, analyse(run))
    for subject, rule in itertools.product(Watcher.shown, RULES):
        tuple(rule().check(subject))
    raise AssertionError("the checker crashed, but not twice")


def _refused(data: bytes, problems: tuple[Problem, ...]) -> None:
    assert 0 < len(problems) <= MAX_PROBLEMS
    last = data.count(b"\n") + 1
    for problem in problems:
        _text(problem.expected)
        _text(problem.submitted)
        _text(problem.pointer, (MAX_DEPTH + 1) * 405)
        assert problem.line is None or 1 <= problem.line <= last
        assert (problem.line is None) == (problem.kind == "size")
    kinds = [problem.kind for problem in problems]
    tree = _tree(data)
    if isinstance(tree, str):
        assert kinds == [tree] or (kinds == ["nesting"] and tree == "syntax"), f"{kinds} of a text with {tree}"
    else:
        expected = list(itertools.islice(_kinds(tree.value), MAX_PROBLEMS))
        assert sorted(kinds) == sorted(expected) or len(kinds) == MAX_PROBLEMS, f"{kinds}, not {expected}"
        assert kinds, "refused without a reason"
        lines = [problem.line or 1 for problem in problems]
        assert lines == sorted(lines), "not in the order of the text"
        for problem in problems:
            assert _leads(tree.value, split_pointer(problem.pointer)), f"nothing at {problem.pointer}"


def _accepted(data: bytes, document: Document) -> None:
    assert len(data) <= MAX_BYTES
    assert document.text == data.decode()
    tree = _tree(data)
    assert not isinstance(tree, str), f"accepted in spite of {tree}"
    assert not list(_kinds(tree.value)), "accepted in spite of a second meaning"
    value = document.value
    assert repr(json.loads(data)) == repr(value), "Python reads another value"
    written = json.dumps(value, allow_nan=False, ensure_ascii=False, indent=1).encode()
    if len(written) <= MAX_BYTES:
        again = parse(written)
        assert isinstance(again, Document), "its own value is refused"
        assert repr(again.value) == repr(value), "its own value comes back as another"
    known = dict(itertools.islice(_places(value), MOST_POINTERS))
    lines = document.lines([*known, "/no/such/place", *(f"{pointer}/~0no" for pointer in known)])
    assert list(lines) == [pointer for pointer in known if pointer in lines], "not in the order of the text"
    assert lines.keys() == known.keys()
    numbers = list(lines.values())
    assert numbers == sorted(numbers), "lines are not in the order of the text"
    rows = document.text.split("\n")
    for pointer, line in lines.items():
        assert 1 <= line <= len(rows)
        assert any(sign in rows[line - 1] for sign in _signs(known[pointer])), f"{pointer} is not on line {line}"


def _read(document: Document, file: ResultsFile) -> None:
    value = document.value
    assert not file.problems
    assert file.runs or file.faults, "neither a run nor a reason"
    assert len(file.runs) <= MAX_RUNS
    assert len(file.faults) <= MAX_FAULTS + 1
    for fault in file.faults:
        _fault(fault, value)
    for checked in file.runs:
        run = checked.run
        info = _at(value, run.pointer)
        assert isinstance(info, dict), f"no run at {run.pointer}"
        assert len(run.faults) <= MAX_FAULTS + 1
        assert set(run.unknown_keys) <= info.keys()
        for fault in run.faults:
            assert fault.pointer.startswith(run.pointer)
            _fault(fault, value)
        _numbers(run)
        _analysis(run, checked.analysis)


def _reordered(value: Json, file: ResultsFile) -> None:
    """Test that nothing depends on the order of the keys in objects, and that reading changes nothing."""
    turned = _reversed(value)
    text = repr(turned)
    runs, faults = read_runs(RESULTS_NAME, turned)
    after = _meaning(runs, faults, tuple(map(analyse, runs)))
    assert text == repr(turned), "reading changed the value"
    runs = tuple(checked.run for checked in file.runs)
    # Not what the checker made of the runs: of many that contradict themselves it explains the first.
    assert _meaning(runs, file.faults, tuple(map(analyse, runs))) == after, "the order of keys has a meaning"


def _reversed(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return list(map(_reversed, value)) if isinstance(value, list) else value


def _meaning(runs: tuple[Run, ...], faults: tuple[Fault, ...], analyses: tuple[Analysis, ...]) -> object:
    """Return what was read and found, without the order in which that was."""
    wrong = [[(item.identity.code, item.alternatives) for item in analysis.wrong] for analysis in analyses]
    kept = [(run.info, run.evaluations, set(run.unknown_keys), _unordered(run.faults)) for run in runs]
    return repr(wrong), kept, _unordered(faults)


def _unordered(faults: tuple[Fault, ...]) -> set[Fault] | int:
    """Return faults without their order; of very many, only those that come first are told."""
    return set(faults) if len(faults) <= MAX_FAULTS else len(faults)


def _numbers(run: Run) -> None:
    """Test that every figure that was read is a positive, finite number."""
    info = run.info
    figures = [info.total_tokens, info.model_size, info.model_flops, info.training_time, info.training_hardware_flops]
    figures += [info.num_chips, info.num_devices, info.device_flops, info.mfu, info.vocab_size]
    for evaluation in run.evaluations:
        figures += [evaluation.bpb, evaluation.loss, evaluation.tokens, evaluation.bytes]
    assert all(figure is None or (figure > 0 and math.isfinite(figure)) for figure in figures)


def _analysis(run: Run, analysis: Analysis) -> None:
    for identity in analysis.identities:
        _text(identity.text(analysis.values), LONGEST_MESSAGE)
        right = identity.right(analysis.values)
        assert right is None or math.isfinite(right)
    failing = [identity for identity in analysis.identities if not identity.holds(analysis.values)]
    told = [identity for wrong in analysis.wrong for identity in wrong.broken]
    assert sorted(map(id, failing)) == sorted(map(id, told)), "an equation that fails is not told, or twice"
    for wrong in analysis.wrong:
        assert wrong.identity in wrong.broken
        sizes = {len(corrections) for corrections in wrong.alternatives}
        assert sizes <= {1} or sizes <= {2} or sizes <= {LARGEST_SET}
        for corrections in wrong.alternatives:
            mended = analysis.values.corrected({item.path: item.expected for item in corrections})
            assert all(identity.holds(mended) for identity in wrong.broken), "a correction that mends nothing"
            for item in corrections:
                assert item.expected != item.submitted
                json.dumps(item.expected, allow_nan=False)
    rows = figure_rows(run, analysis)
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        _text(row.name, LONGEST_TEXT)
        _text(row.source, LONGEST_MESSAGE)
        _text(number(row.recomputed), LONGEST_MESSAGE)
        json.dumps(row.recomputed, allow_nan=False)


def _findings(findings: tuple[Finding, ...], data: bytes, loaded: Document | tuple[Problem, ...], runs: int) -> None:
    assert len(findings) <= MAX_RUNS + MAX_PROBLEMS + FINDINGS_OF_A_RUN * runs
    last = data.count(b"\n") + 1
    for finding in findings:
        _text(finding.message, LONGEST_MESSAGE)
        if finding.place.path == RESULTS_NAME and isinstance(loaded, Document):
            assert finding.place.line is not None
            assert 1 <= finding.place.line <= last
            _nearly_leads(loaded.value, finding.place.pointer)
    if not isinstance(loaded, Document):
        assert any(finding.blocks for finding in findings), "what is no strict JSON does not block"


def _fault(fault: Fault, value: Json) -> None:
    _text(fault.expected, LONGEST_TEXT)
    _text(fault.submitted, LONGEST_TEXT)
    _text(fault.pointer, LONGEST_TEXT)
    _nearly_leads(value, fault.pointer)


def _nearly_leads(value: Json, pointer: str) -> None:
    """Test that a pointer leads to a value, or to a key that its object lacks."""
    path = split_pointer(pointer)
    assert pointer_to(path) == pointer
    try:
        _at(value, pointer)
    except (KeyError, IndexError):
        parent = _at(value, pointer_to(path[:-1]))
        assert isinstance(parent, dict), f"nothing at {pointer}, nor before it"


def _text(text: str, longest: int = LONGEST_TEXT) -> None:
    assert len(text) <= longest, f"{len(text):,} characters: {text[:100]!r}"
    assert text.isprintable(), f"not printable: {text[:200]!r}"


def _at(value: Json, pointer: str) -> Json:
    for key in split_pointer(pointer):
        if isinstance(value, dict):
            value = value[key]
        else:
            assert isinstance(value, list), f"{pointer} leads through a leaf"
            value = value[int(key)]
    return value


def _places(value: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Json]]:
    yield pointer_to(path), value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*path, str(index)))


def _signs(value: Json) -> str:
    """Return characters of which one stands on the line where the value begins."""
    if isinstance(value, dict):
        return "{"
    if isinstance(value, list):
        return "["
    if isinstance(value, str):
        return '"'
    return "tfn" if value is None or isinstance(value, bool) else "0123456789"


@dataclass(frozen=True, slots=True)
class _Text:
    value: Tree


def _tree(data: bytes) -> _Text | ProblemKind:
    """Read a text with Python's own decoder, or say why it has none: what is judged here is judged by other means."""
    if len(data) > MAX_BYTES:
        return "size"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "encoding"
    if "\0" in text or text.startswith("\ufeff"):
        return "encoding"
    try:
        value = json.loads(text, object_pairs_hook=Members, parse_int=Lexeme, parse_float=Lexeme, parse_constant=Lexeme)
    except json.JSONDecodeError:
        return "syntax"
    except RecursionError:
        return "nesting"
    return _Text(value) if _depth(value) <= MAX_DEPTH else "nesting"


def _depth(value: Tree) -> int:
    depth = 0
    layer: list[Tree] = [value]
    while containers := [item for item in layer if isinstance(item, (list, Members))]:
        depth += 1
        layer = [item for inside in containers for item in _items(inside)]
    return depth


def _items(inside: list[Tree] | Members) -> list[Tree]:
    return [item for _, item in inside.pairs] if isinstance(inside, Members) else inside


def _kinds(value: Tree) -> Iterator[ProblemKind]:
    """Yield a kind for every reason why a text has no single meaning."""
    if isinstance(value, Members):
        seen = set()
        for key, item in value.pairs:
            if key in seen:
                yield "duplicate-key"
            seen.add(key)
            if _has_half(key):
                yield "encoding"
            yield from _kinds(item)
    elif isinstance(value, list):
        for item in value:
            yield from _kinds(item)
    elif isinstance(value, Lexeme):
        if value in ("NaN", "Infinity", "-Infinity"):
            yield "not-finite"
        elif math.isinf(float(value)) or (value.lstrip("-").isdigit() and len(value.lstrip("-")) > MAX_INTEGER_DIGITS):
            yield "overflow"
    elif isinstance(value, str) and _has_half(value):
        yield "encoding"


def _has_half(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def _leads(value: Tree, path: list[str]) -> bool:
    """Whether a path of shortened keys leads to a value; of equal keys any may be meant."""
    if not path:
        return True
    if isinstance(value, Members):
        return any(shorten(key, 200) == path[0] and _leads(item, path[1:]) for key, item in value.pairs)
    return isinstance(value, list) and path[0] in map(str, range(len(value))) and _leads(value[int(path[0])], path[1:])
