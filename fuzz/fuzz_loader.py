"""Fuzzes the loader of results files: from a stranger's bytes to the findings about them.

libFuzzer runs in a process of its own, which it ends as it likes; this one prepares its corpus and its dictionary, and
says in one line what it did.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEEDS = ROOT / "example-files"

MAX_LENGTH = 16 * 1024
"""Bytes of an input. A run has 3 KB; some of them are enough for all that runs can do to each other."""

HANG = 30
"""Seconds after which an input counts as a crash. `properties` bounds CPU time more strictly."""

RSS_MEGABYTES = 1024

_STATUS = re.compile(r"^#(\d+)\s.*\bcov: (\d+) ft: (\d+)")
_EXECUTED = re.compile(r"^stat::number_of_executed_units:\s*(\d+)")
_ARTIFACT = re.compile(r"Test unit written to (\S+)")


def main() -> int:
    """Fuzz, or replay inputs that were saved; return 1 if anything crashed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=-1, help="inputs to run; without limit if absent")
    parser.add_argument("--seconds", type=int, default=60, help="seconds to run, 0 for no limit (default: %(default)s)")
    parser.add_argument("--corpus", type=Path, help="directory that keeps what was found from run to run")
    parser.add_argument("--worker", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("inputs", nargs="*", type=Path, help="inputs to replay; then nothing is fuzzed")
    arguments = parser.parse_args()
    if arguments.worker:
        _work(arguments.worker)
    if arguments.inputs:
        return _replay(arguments.inputs)
    folder = Path(tempfile.mkdtemp(prefix="fuzz-loader-"))
    crashes = _fuzz(folder, arguments.corpus, arguments.runs, arguments.seconds)
    if not crashes:
        shutil.rmtree(folder)
    return int(crashes > 0)


def _fuzz(folder: Path, corpus: Path | None, runs: int, seconds: int) -> int:
    """Run libFuzzer, pass on what it prints, and print one line at its end; return the number of crashes."""
    from mutator import dictionary

    seeds, found, words = folder / "seeds", corpus or folder / "corpus", folder / "results.dict"
    seeds.mkdir()
    found.mkdir(parents=True, exist_ok=True)
    words.write_text(dictionary(), encoding="ascii")
    for file in SEEDS.rglob("*.json"):
        shutil.copy(file, seeds / f"{file.parent.name}-{file.name}")
    options = {
        "runs": runs,
        "max_total_time": seconds,
        "dict": words,
        "max_len": MAX_LENGTH,
        "timeout": HANG,
        "rss_limit_mb": RSS_MEGABYTES,
        "artifact_prefix": f"{folder}/",
        "print_final_stats": 1,
    }
    command = [sys.executable, __file__, "--worker", *(f"-{name}={value}" for name, value in options.items())]
    start = time.monotonic()
    executed = edges = features = 0
    crashes: list[str] = []
    with subprocess.Popen(  # noqa: S603 - our own file
        [*command, str(found), str(seeds)],
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            if status := _STATUS.search(line):
                executed, edges, features = (int(group) for group in status.groups())
            elif final := _EXECUTED.search(line):
                executed = int(final[1])
            elif artifact := _ARTIFACT.search(line):
                crashes.append(artifact[1])
    spent = time.monotonic() - start
    count = len(crashes) or int(process.returncode != 0)
    print(
        f"fuzz_loader: {executed:,} inputs in {spent:,.0f} s, {executed / spent:,.0f} inputs/s, "
        f"{edges:,} edges, {features:,} features, {count} crashes"
    )
    for crash in crashes:
        print(f"replay with: python fuzz/fuzz_loader.py {crash}")
    return count


def _work(options: list[str]) -> None:
    """Be libFuzzer; it does not return."""
    import atheris  # type: ignore[import-untyped]

    with atheris.instrument_imports(include=["speedrun_ci"]):
        import mutator
        import properties

    def custom_mutator(data: bytes, most: int, seed: int) -> bytes:
        return mutator.mutate(data, most, seed, atheris.Mutate)

    atheris.Setup([sys.argv[0], *options], properties.check, custom_mutator=custom_mutator)
    atheris.Fuzz()


def _replay(inputs: list[Path]) -> int:
    import properties

    for path in inputs:
        properties.check(path.read_bytes())
        print(f"{path}: everything holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
