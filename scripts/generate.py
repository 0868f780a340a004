"""Writes what is made from the code: schemas, the pages of rules and of the format, and the README's help text.

With `--check`, writes nothing and fails if a file is not as the code would make it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from speedrun_ci.format_page import format_page
from speedrun_ci.rules.page import rules_page
from speedrun_ci.schema import SCHEMAS

ROOT = Path(__file__).resolve().parent.parent
HELP = ("<!-- help -->\n", "<!-- /help -->\n")
"""Between these marks stands what `speedrun-ci check --help` prints."""


def made() -> dict[Path, str]:
    """Return every generated file and its text."""
    files = {
        ROOT / "schemas" / f"{name}.schema.json": json.dumps(make(), indent=2) + "\n" for name, make in SCHEMAS.items()
    }
    files[ROOT / "docs" / "rules.md"] = rules_page()
    files[ROOT / "docs" / "format.md"] = format_page()
    readme = ROOT / "README.md"
    files[readme] = with_help(readme.read_text(encoding="utf-8"), help_text())
    return files


def help_text() -> str:
    """Return what `speedrun-ci check --help` prints on a terminal of 100 columns."""
    command = [
        sys.executable,
        "-c",
        "from speedrun_ci.cli import main; main(prog_name='speedrun-ci')",
        "check",
        "--help",
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)  # noqa: S603 - our own command
    return done.stdout


def with_help(readme: str, text: str) -> str:
    """Return the README with the help text between its marks.

    Raises:
        ValueError: A mark is missing.
    """
    begin, end = HELP
    head, found, rest = readme.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"README.md: expected the marks {begin.strip()} and {end.strip()}")
    return f"{head}{begin}```text\n{text}```\n{end}{tail}"


def main() -> int:
    """Write the files, or with `--check` name those that are stale."""
    check = sys.argv[1:] == ["--check"]
    stale = [path for path, text in made().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)}: expected what the code makes, found other text; run `make generate`")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(made()[path], encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
