"""SR108 and SR109: what kinds of files a submission holds, and whether every system sees the same ones."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from speedrun_ci.finding import Place, Severity
from speedrun_ci.rules.base import Example, Rule, Subject
from speedrun_ci.submission import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding

COMPILED = frozenset("a class dll dylib egg exe jar lib msi o obj pth pyc pyd pyo so wasm whl".split())  # noqa: SIM905
"""Endings of code that nobody can read, and of files that Python acts upon when it starts."""

DATA = frozenset(
    "7z arrow bin bz2 ckpt gz h5 joblib msgpack npy npz onnx parquet pickle pkl pt rar safetensors tar tgz xz zip "  # noqa: SIM905
    "zst".split()
)
"""Endings of archives, pickles, checkpoints and data."""


class FileKind(Rule):
    """A file is not text that people can review.

    What is wrong:
        A file is a compiled library, an installer of packages or a hook of Python's start (an error); or it is an
        archive, a pickle, a checkpoint or a data file (a warning).

    Why it matters:
        Nobody can read what compiled code does; loading a pickle runs it; weights and data do not belong in git.

    How to fix it:
        Commit the source, and link to weights and data where they are kept.
    """

    code = "SR108"
    name = "file-kind"
    since = "2026.12"
    fires = Example("a compiled library lies beside the script", files={"kernel.so": "\x7fELF"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every file whose ending says that it is code nobody can read, or data."""
        for entry in subject.submission.entries:
            ending = entry.name.lower().rpartition(".")[2]
            if entry.kind == "file" and ending in COMPILED | DATA and not subject.submission.results_only:
                yield self.finding(
                    Place(subject.submission.display(entry)),
                    printable(entry.path),
                    expected="source, text, results or a picture",
                    submitted=f"a .{ending} file",
                    hint="Commit the source instead." if ending in COMPILED else "Link to where it is kept.",
                    severity=Severity.ERROR if ending in COMPILED else Severity.WARNING,
                )


class CollidingNames(Rule):
    """Two names are one on other systems.

    What is wrong:
        Two entries of a directory have names that differ only in case or in how an accent is written.

    Why it matters:
        A checkout on Windows or macOS holds only one of the two: people there see other files than the checker.

    How to fix it:
        Rename one.
    """

    code = "SR109"
    name = "colliding-names"
    since = "2026.12"
    fires = Example("README.md and Readme.md", files={"Readme.md": "another"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every name that an earlier one stands for elsewhere."""
        seen: dict[str, str] = {}
        for entry in subject.submission.entries:
            folded = unicodedata.normalize("NFC", entry.path).casefold()
            if folded in seen:
                yield self.finding(
                    Place(subject.submission.display(entry)),
                    printable(entry.path),
                    expected="a name of its own on every system",
                    submitted=f"the same as {printable(seen[folded])} but for case or accents",
                    hint="Rename one of the two.",
                )
            seen.setdefault(folded, entry.path)
