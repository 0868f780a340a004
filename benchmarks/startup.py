"""Times whole commands, in turn, and prints each one's median beside its budget (DESIGN section 13).

The peer is check-jsonschema, which validates one results file against our schema: less work than a check. Figures of
one run can be compared with each other; machines differ, and a shared one differs from minute to minute.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Case:
    """One command and what it may cost.

    Attributes:
        name: What the table calls it.
        command: The command and its arguments.
        budget: Seconds, or None for a peer.
    """

    name: str
    command: tuple[str, ...]
    budget: float | None


def cases(submission: str) -> tuple[Case, ...]:
    """Return what is timed.

    Args:
        submission: The directory of one submission with one results file.
    """
    schema = str(ROOT / "schemas" / "speedrun_results.schema.json")
    results = f"{submission}/speedrun_results.json"
    ours, peer = str(BIN / "speedrun-ci"), str(BIN / "check-jsonschema")
    return (
        Case("python -c pass", (sys.executable, "-c", "pass"), None),
        Case("speedrun-ci --help", (ours, "--help"), 0.15),
        Case("speedrun-ci check, text", (ours, "check", submission, "--no-dry-run"), 0.3),
        Case("speedrun-ci check, json", (ours, "check", submission, "--no-dry-run", "--format", "json"), 0.3),
        Case("check-jsonschema, one file", (peer, "--schemafile", schema, results), None),
    )


def seconds(command: tuple[str, ...]) -> float:
    """Return the wall-clock time of one run of a command.

    Raises:
        subprocess.CalledProcessError: The command failed, so its time means nothing.
    """
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - start


def main() -> int:
    """Print the table; exit with 1 if a median is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=15, help="counted runs of each command (default: 15)")
    parser.add_argument("--submission", default="submissions/hello_world", help="what is checked")
    arguments = parser.parse_args()
    timed = cases(arguments.submission)
    times: dict[str, list[float]] = {case.name: [] for case in timed}
    for turn in range(arguments.runs + 1):
        for case in timed:
            taken = seconds(case.command)
            if turn:  # the first turn warms the file cache
                times[case.name].append(taken)
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {arguments.runs} runs of each in turn, seconds")
    print(f"{'command':<28} {'median':>7} {'min':>7} {'max':>7} {'budget':>7}")
    over = False
    for case in timed:
        taken_all = times[case.name]
        median = statistics.median(taken_all)
        over |= case.budget is not None and median > case.budget
        budget = "" if case.budget is None else f"{case.budget:.2f}"
        print(f"{case.name:<28} {median:>7.3f} {min(taken_all):>7.3f} {max(taken_all):>7.3f} {budget:>7}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
