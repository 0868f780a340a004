"""SR201 to SR207: whether a results file is strict JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from speedrun_ci.finding import Place
from speedrun_ci.rules.base import Example, Rule, Subject
from speedrun_ci.strict_json import split_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding
    from speedrun_ci.strict_json import ProblemKind


def readable(pointer: str) -> str:
    """Return a JSON pointer as messages name a place: the keys from the run on, as in the file."""
    inside = re.sub(r"^(/runs/[0-9]+)?/run_info(?=/)", "", pointer)
    return "/".join(split_pointer(inside)) if inside else ""


class _JsonRule(Rule):
    """Reports one kind of problem of the strict reader."""

    kind: ClassVar[ProblemKind]
    hint: ClassVar[str]
    since = "2026.11"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every problem of this rule's kind."""
        for file in subject.files:
            for problem in file.problems:
                if problem.kind == self.kind:
                    yield self.finding(
                        Place(file.path, problem.pointer, problem.line),
                        readable(problem.pointer) or "file",
                        expected=problem.expected,
                        submitted=problem.submitted,
                        hint=self.hint,
                    )


class JsonEncoding(_JsonRule):
    """A results file is not UTF-8 text.

    What is wrong:
        The file has a byte order mark, a NUL byte, bytes that are no UTF-8, or half of a surrogate pair.

    Why it matters:
        Programs read such a file differently or not at all, so its figures have no single meaning.

    How to fix it:
        Commit the file that training wrote, or save it as UTF-8 without a byte order mark.
    """

    code = "SR201"
    name = "json-encoding"
    kind = "encoding"
    hint = "Commit the file as training wrote it: UTF-8."
    fires = Example("the description holds half of a surrogate pair", edits={"/description": "\ud800"})


class JsonSyntax(_JsonRule):
    """A results file is not JSON.

    What is wrong:
        The text does not follow JSON's grammar: it is cut off, has a trailing comma, a comment, a merge marker.

    Why it matters:
        Nothing in it can be checked.

    How to fix it:
        Commit the file that training wrote; if it was merged by hand, look for the conflict markers.
    """

    code = "SR202"
    name = "json-syntax"
    kind = "syntax"
    hint = "Commit the file as training wrote it."
    fires = Example("a closing bracket is missing", replace=("]", ""))


class JsonDuplicateKey(_JsonRule):
    """An object in a results file has a key twice.

    What is wrong:
        The same key stands twice in one object.

    Why it matters:
        Some programs take the first value and some the last: one file would show two different figures.

    How to fix it:
        Remove the one that is wrong.
    """

    code = "SR203"
    name = "json-duplicate-key"
    kind = "duplicate-key"
    hint = "Remove one of the two."
    fires = Example("`model_size` stands twice", replace=('"model_size"', '"model_size": 1, "model_size"'))


class JsonNotFinite(_JsonRule):
    """A number in a results file is NaN or infinite.

    What is wrong:
        A value is `NaN`, `Infinity` or `-Infinity`, which JSON does not have.

    Why it matters:
        Every comparison with NaN is false, so such a figure would slip through any check; and a loss that is NaN
        means that training failed.

    How to fix it:
        Find out why training diverged and train again.
    """

    code = "SR204"
    name = "json-not-finite"
    kind = "not-finite"
    hint = "Train again: a run that diverged has no result."
    fires = Example("`training_time` is NaN", edits={"/training_time": float("nan")})


class JsonOverflow(_JsonRule):
    """A number in a results file is too large for any program.

    What is wrong:
        A number does not fit a double: more than 308 digits, or beyond 1.8e308.

    Why it matters:
        Programs read it as infinity or refuse it.

    How to fix it:
        Commit the file that training wrote.
    """

    code = "SR205"
    name = "json-overflow"
    kind = "overflow"
    hint = "Commit the file as training wrote it."
    fires = Example("`model_flops` is 1e999", replace=('"model_flops": 2.107429813789655e+18', '"model_flops": 1e999'))


class JsonNesting(_JsonRule):
    """A results file nests too deep.

    What is wrong:
        More than 32 arrays and objects stand inside one another.

    Why it matters:
        Readers that recurse run out of stack; no honest file needs a quarter of it.

    How to fix it:
        Commit the file that training wrote.
    """

    code = "SR206"
    name = "json-nesting"
    kind = "nesting"
    hint = "Commit the file as training wrote it."
    fires = Example("40 brackets around the description", replace=('"description"', '"x": ' + "[" * 40 + '"'))


class JsonSize(_JsonRule):
    """A results file is too large.

    What is wrong:
        The file has more than 1 MiB; a run takes 3 to 5 KB.

    Why it matters:
        Reading is bounded so that no submission can slow the checks of others.

    How to fix it:
        Commit the file that training wrote; split it if it holds hundreds of runs.
    """

    code = "SR207"
    name = "json-size"
    kind = "size"
    hint = "Commit the file as training wrote it, or split it by run."
    fires = Example("the description has two million letters", edits={"/description": "a" * 2_000_000})
