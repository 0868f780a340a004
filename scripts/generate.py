"""Writes what is made from the code: schemas, pages, the README's help text, and the lists of the red team.

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
TITLES = {
    "execution": "What only executing the submission shows",
    "wandb": "What only the W&B run shows",
    "replication": "What only training again shows",
}
"""Headings by the evidence that catches a tampering."""


def made() -> dict[Path, str]:
    """Return every generated file and its text."""
    files = {
        ROOT / "schemas" / f"{name}.schema.json": json.dumps(make(), indent=2) + "\n" for name, make in SCHEMAS.items()
    }
    files[ROOT / "docs" / "rules.md"] = rules_page()
    files[ROOT / "docs" / "format.md"] = format_page()
    readme, security = ROOT / "README.md", ROOT / "docs" / "security.md"
    files[readme] = between(readme, "help", f"```text\n{help_text()}```\n")
    files[security] = between(security, "red team", red_team())
    return files


def red_team() -> str:
    """Return the tamperings that no offline rule can catch, as tables by the evidence that would."""
    # Tests are no package that is installed.
    sys.path.insert(0, str(ROOT / "tests"))
    from redteam.catalogue import CLASSES, OFFLINE
    from redteam.tamperings import TAMPERINGS

    parts = []
    for kind in (kind for kind in CLASSES if kind not in OFFLINE):
        rows = [it for it in TAMPERINGS if it.caught_by == kind]
        parts.append(f"\n### {TITLES[kind]}\n\n| name | what is done | shown by |\n|---|---|---|\n")
        parts += [f"| `{it.name}` | {it.description} | {it.shown_by} |\n" for it in rows]
    return "".join(parts) + "\n"


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


def between(page: Path, name: str, text: str) -> str:
    """Return a page with a text between its marks `<!-- name -->` and `<!-- /name -->`.

    Raises:
        ValueError: A mark is missing.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    head, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{page.name}: expected the marks {begin.strip()} and {end.strip()}")
    return f"{head}{begin}{text}{end}{tail}"


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
