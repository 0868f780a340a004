"""Makes a tree of submissions and times its check beside a peer (DESIGN section 13).

Every submission holds one honest run: an example file with measurements, links and figures of its own, each identity
kept. The peer is check-jsonschema, which validates the same files against our schema and does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speedrun_ci.results import RESULTS_NAME

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BUDGET = 15.0
"""Seconds for 10,000 runs."""


@dataclass(frozen=True)
class Timed:
    """What one command took.

    Attributes:
        seconds: Wall-clock time.
        kibibytes: Peak memory of the largest single process.
    """

    seconds: float
    kibibytes: int


def models() -> list[dict[str, Any]]:
    """Return the run_info of every example file of one run on C4 with a link, from which trees are made."""
    made = []
    for file in sorted((ROOT / "example-files" / "positive").glob("*.json")):
        value = json.loads(file.read_text(encoding="utf-8"))
        entries = value.get("runs", [value]) if isinstance(value, dict) else []
        info = entries[0].get("run_info", entries[0]) if len(entries) == 1 else {}
        if info.get("wandb_run_link") and "eval/paloma/c4_en/bpb" in info and "mfu" not in info:
            made.append(info)
    return made


def make_tree(root: Path, runs: int) -> None:
    """Write that many submissions of one run each, the same ones every time."""
    chance = random.Random(0)
    chosen = models()
    for number in range(runs):
        info = json.loads(json.dumps(chosen[number % len(chosen)]))
        stretch = 1 + chance.random() / 100
        info["training_time"] *= stretch
        info["training_hardware_flops"] *= stretch
        info["eval/paloma/c4_en/bpb"] *= 1 + chance.random() / 100
        for name in ("loss", "tokens", "bytes"):
            info.pop(f"eval/paloma/c4_en/{name}", None)
        info["wandb_run_link"] = f"https://wandb.ai/example/speedrun/runs/{number:06}"
        place = root / f"run{number:06}"
        place.mkdir(parents=True)
        (place / "main.py").write_text('"""Trains."""\n', encoding="utf-8")
        (place / "README.md").write_text("# A run\n", encoding="utf-8")
        text = json.dumps({"runs": [{"run_info": info}]}, indent=2, sort_keys=True)
        (place / RESULTS_NAME).write_text(text, encoding="utf-8")


def timed(command: list[str], expected: int = 0) -> Timed:
    """Run a command.

    Raises:
        RuntimeError: It ended with another exit code, so its time means nothing.
    """
    start = time.perf_counter()
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as child,
    ):
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != expected:
            output.seek(0)
            raise RuntimeError(f"{command[:2]} ended with {child.returncode}: {output.read()[-2000:].decode()}")
    return Timed(time.perf_counter() - start, usage.ru_maxrss)


def commands(place: Path, cores: int) -> list[tuple[str, list[str], float | None]]:
    """Return name, command and budget (of 10,000 runs, in seconds) of everything that is timed on a tree."""
    check = [str(BIN / "speedrun-ci"), "check", str(place), "--format"]
    schema = str(ROOT / "schemas" / "speedrun_results.schema.json")
    files = sorted(map(str, place.glob(f"*/{RESULTS_NAME}")))
    return [
        ("speedrun-ci check, json, one process", [*check, "json", "-j", "1"], None),
        (f"speedrun-ci check, json, -j {cores}", [*check, "json"], BUDGET),
        (f"speedrun-ci check, text, -j {cores}", [*check, "text"], BUDGET),
        ("check-jsonschema, the schema alone", [str(BIN / "check-jsonschema"), "--schemafile", schema, *files], None),
    ]


def main() -> int:
    """Print the table; exit with 1 if the check of the whole tree is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=10_000, help="submissions in the tree (default: 10,000)")
    parser.add_argument("--keep", metavar="DIR", help="write the tree there and keep it")
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, Python {sys.version.split()[0]}; peak memory is that of the largest process")
    print(f"{'command':<46} {'runs':>7} {'seconds':>8} {'ms a run':>9} {'MiB':>6} {'budget':>7}")
    over = False
    with tempfile.TemporaryDirectory() as temporary:
        for count in (arguments.runs // 10, arguments.runs):
            place = Path(arguments.keep or temporary) / str(count)
            make_tree(place, count)
            for name, command, budget in commands(place, cores):
                taken = timed(command)
                limit = budget * count / 10_000 if budget is not None else None
                over |= limit is not None and count == arguments.runs and taken.seconds > limit
                row = f"{taken.seconds:>8.2f} {1000 * taken.seconds / count:>9.2f} {taken.kibibytes / 1024:>6.0f}"
                print(f"{name:<46} {count:>7,} {row} {'' if limit is None else f'{limit:.1f}':>7}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
