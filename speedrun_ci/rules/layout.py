"""SR101 to SR107: what lies in the submission's directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.finding import Place, Severity
from speedrun_ci.results import RESULTS_NAME
from speedrun_ci.rules.base import Example, Rule, Subject
from speedrun_ci.submission import MAX_ENTRIES, MAX_ENTRY_DEPTH, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding

MAX_FILE_BYTES = 5 * 1024 * 1024
"""A submission is code, text and numbers; weights and data have their place elsewhere."""

MAX_NAME = 100
"""Characters of one name; common file systems end at 255 bytes, and a report has to show it."""


class ResultsMissing(Rule):
    """A submission has no results file.

    What is wrong:
        The directory holds a training script and no `speedrun_results.json` at any depth.

    Why it matters:
        Without results there is nothing to check and nothing to rank.

    How to fix it:
        Train (`python -m submissions.NAME.main --prefix local_store --force_run_failed true`); a finished run writes
        the file. Then commit it.
    """

    code = "SR101"
    name = "results-missing"
    since = "2026.11"
    fires = Example("the results file is not there", files={RESULTS_NAME: None})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report a directory without any results file."""
        if not subject.submission.results:
            yield self.finding(
                Place(subject.submission.path),
                RESULTS_NAME,
                expected="a results file in the directory or below it",
                submitted="none",
                hint="Train, and commit the file that training wrote.",
            )


class ScriptMissing(Rule):
    """A submission has no training script.

    What is wrong:
        The directory holds results and no Python file that could have produced them.

    Why it matters:
        A run that nobody can repeat or read is no contribution, and its model cannot be traced.

    How to fix it:
        Commit the script that trained the run, such as `main.py`.
    """

    code = "SR102"
    name = "script-missing"
    since = "2026.11"
    fires = Example("`main.py` is not there", files={"main.py": None})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report a directory without any script."""
        submission = subject.submission
        if not submission.results_only and not any(entry.is_script for entry in submission.entries):
            yield self.finding(
                Place(submission.path),
                "training script",
                expected="a Python file such as main.py",
                submitted="none",
                hint="Commit the script that trained the run, or check with --results-only.",
            )


class ReadmeMissing(Rule):
    """A submission has no README, or an empty one.

    What is wrong:
        The directory has no `README.md`, or nothing is written in it.

    Why it matters:
        Readers of the board want to know what was done: architecture, training strategy, optimizations.

    How to fix it:
        Add a `README.md` that explains the approach in a few sentences.
    """

    code = "SR103"
    name = "readme-missing"
    severity = Severity.WARNING
    since = "2026.11"
    fires = Example("`README.md` is not there", files={"README.md": None})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report a directory without a README, or with a blank one."""
        submission = subject.submission
        if submission.results_only:
            return
        readme = next((entry for entry in submission.entries if entry.path.lower() == "readme.md"), None)
        if readme is None or not (submission.read(readme) or b"").strip():
            yield self.finding(
                Place(submission.path),
                "README.md",
                expected="an explanation of the approach",
                submitted="none" if readme is None else "an empty file",
                hint="Add a README.md that says what was done and why.",
            )


class SpecialFile(Rule):
    """A submission holds something other than files and directories.

    What is wrong:
        An entry is a symbolic link, a device, a pipe or a directory that cannot be listed.

    Why it matters:
        A link shows one file to the checker and another to a reader, and can point at a machine's secrets.

    How to fix it:
        Replace it by a copy of the file it stands for, or remove it.
    """

    code = "SR104"
    name = "special-file"
    since = "2026.11"
    fires = Example("`model.py` is a symbolic link", files={"model.py@": "/etc/hostname"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every entry that is neither a regular file nor a directory."""
        for entry in subject.submission.entries:
            if entry.kind not in ("file", "directory"):
                yield self.finding(
                    Place(subject.submission.display(entry)),
                    printable(entry.path),
                    expected="a regular file",
                    submitted="a symbolic link" if entry.kind == "link" else "a special file",
                    hint="Replace it by a regular file.",
                )


class FileTooLarge(Rule):
    """A file of a submission is too large.

    What is wrong:
        A file has more than 5 MiB.

    Why it matters:
        Everybody who clones the repository downloads it, for ever. Checkpoints and data do not belong in git.

    How to fix it:
        Remove the file from the commit and link to where it is kept.
    """

    code = "SR105"
    name = "file-too-large"
    since = "2026.11"
    fires = Example("a file of 6 MiB lies beside the script", files={"weights.bin": "0" * (6 * 1024 * 1024)})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every file above the limit."""
        for entry in subject.submission.entries:
            if entry.size > MAX_FILE_BYTES:
                yield self.finding(
                    Place(subject.submission.display(entry)),
                    printable(entry.path),
                    expected=f"at most {MAX_FILE_BYTES:,} bytes",
                    submitted=f"{entry.size:,} bytes",
                    hint="Remove it from the submission and link to where it is kept.",
                )


class UnsafeName(Rule):
    """A name in a submission cannot be shown or used safely.

    What is wrong:
        A file's or directory's name has characters that do not print, a backslash, a colon or leading or trailing
        blanks, or is longer than 100 characters.

    Why it matters:
        Such names turn text around on a terminal, hide endings, break on other systems, or imitate other files.

    How to fix it:
        Rename it; letters, digits, `.`, `_` and `-` are always safe.
    """

    code = "SR106"
    name = "unsafe-name"
    since = "2026.11"
    fires = Example("a file's name holds a right-to-left override", files={"notes\u202etxt.py": "x = 1\n"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every name with characters outside the safe ones."""
        for entry in subject.submission.entries:
            name = entry.name
            if not name.isprintable() or name != name.strip() or set(name) & set("\\:") or len(name) > MAX_NAME:
                yield self.finding(
                    Place(subject.submission.display(entry)),
                    printable(entry.path),
                    expected=f"at most {MAX_NAME} printing characters without backslash or colon",
                    submitted=f"{len(name)} characters",
                    hint="Rename it with letters, digits, '.', '_' and '-'.",
                )


class TooManyEntries(Rule):
    """A submission holds too many files, or nests them too deep.

    What is wrong:
        There are more than 2,000 files and directories, or more than 16 directories inside one another.

    Why it matters:
        Nobody can review it, and the files beyond the limit have not been looked at.

    How to fix it:
        Keep the code, the README and the results; remove generated files.
    """

    code = "SR107"
    name = "too-many-entries"
    since = "2026.11"
    fires = Example("17 directories inside one another", files={"d/" * 17 + "x.txt": "x"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report a directory that was not read to its end."""
        if subject.submission.truncated:
            yield self.finding(
                Place(subject.submission.path),
                "directory",
                expected=f"at most {MAX_ENTRIES:,} entries, {MAX_ENTRY_DEPTH} deep",
                submitted="more",
                hint="Remove generated files; what lies beyond the limit was not checked.",
            )
