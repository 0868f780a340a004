"""What a submission's script calls: `default_speedrun` names a run, `executor_main` is its command line."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import sys
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from training.errors import RunError, UsageError
from training.history import read_history
from training.provenance import code, software
from training.results import build_results, data_seed, format_timestamp, write_results
from training.run_directory import Completion, RunDirectory, Start, Status
from training.run_info import print_unless_printed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.config import SpeedrunConfig

_EXIT_FAILED = 1
_EXIT_USAGE = 2
_EXIT_INTERRUPTED = 130

# A name is a directory, part of a W&B run's id, and half of a file name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")

_RESULTS_NAME = "speedrun_results.json"


@dataclass(frozen=True)
class Step:
    """One run that `executor_main` can do. `output_path` is relative to the prefix."""

    name: str
    config: SpeedrunConfig
    tags: tuple[str, ...]
    output_path: str


@dataclass(frozen=True)
class _Options:
    dry_run: bool
    prefix: str | None
    force_run_failed: bool
    results_dir: str | None


def default_speedrun(
    name: str,
    config: SpeedrunConfig,
    tags: list[str] | None = None,
    override_output_path: str | None = None,
) -> list[Step]:
    """Name a run, so that `executor_main` can do it.

    Args:
        name: Name of the run: letters, digits, dots, hyphens and underscores.
        config: What to train.
        tags: Tags of the W&B run, if there is one.
        override_output_path: Directory of the run, relative to the prefix, instead of `checkpoints/speedrun/<name>`.

    Returns:
        A list of one step; lists of several runs can be joined.
    """
    output_path = override_output_path or f"checkpoints/speedrun/{name}"
    return [Step(name=name, config=config, tags=tuple(tags or ()), output_path=output_path)]


def executor_main(
    steps: Sequence[Step],
    description: str | None = None,
    argv: Sequence[str] | None = None,
    recorded: Sequence[str] | None = None,
) -> None:
    """Run the command line of a submission: do its runs one after the other, or show what they are.

    Ends the process with exit code 1 when a run fails and 2 when an argument or a configuration is wrong, after one
    line on standard error.

    Args:
        steps: The runs, from `default_speedrun`.
        description: A line about them for `--help`.
        argv: Arguments, without the program. None means those of the process.
        recorded: Arguments that the results record, with which the same run can be shown again. None means `argv`; a
            script that takes some of its arguments itself gives all of them.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        options = _parse(arguments, description)
        _check_names(steps)
        if options.dry_run:
            for text in [step.config.run_info() for step in steps]:
                print_unless_printed(text)
            return
        _run_all(steps, options, list(arguments if recorded is None else recorded))
    except UsageError as error:
        _stop(_EXIT_USAGE, str(error))
    except (RunError, OSError) as error:
        _stop(_EXIT_FAILED, str(error))
    except KeyboardInterrupt:
        _stop(_EXIT_INTERRUPTED, "interrupted; the same command goes on from the last checkpoint")


def _run_all(steps: Sequence[Step], options: _Options, argv: list[str]) -> None:
    prefix = _prefix(options.prefix)
    # All mistakes in configurations are found before anything is trained.
    for step in steps:
        step.config.run_info()
    for step in steps:
        directory = RunDirectory(prefix / step.output_path)
        with directory.locked():
            results = _run(step, directory, prefix, options, argv)
            write_results(directory.results, results)
            copy = _results_copy(options.results_dir, step.name if len(steps) > 1 else None)
            if copy is not None:
                write_results(copy, results)
            _say(f"{step.name}: {_summary(step.config, results)}; results in {_shown(copy or directory.results)}")


def _run(step: Step, directory: RunDirectory, prefix: Path, options: _Options, argv: list[str]) -> dict[str, Any]:
    """Bring a run to its end, if it is not there already, and return its results."""
    configuration = _configuration(step.config)
    status, start, completion = directory.status(), directory.start(), directory.completion()
    if status is Status.SUCCESS and start is not None and completion is not None:
        _check_same(directory, start, configuration)
        _say(f"{step.name}: already trained, its results are written again")
        try:
            return build_results(step.config, start, completion, read_history(directory.history))
        except RunError as error:
            raise RunError(f"{error}; to train again, remove {_shown(directory.path)}") from None
    if status is Status.FAILED and not options.force_run_failed:
        seen = directory.log(start.run_id) if start is not None else directory.path
        raise RunError(f"{step.name}: failed before, see {_shown(seen)}; pass --force_run_failed true to run it again")
    if start is not None and (directory.has_checkpoint() or read_history(directory.history).steps):
        _check_same(directory, start, configuration)
        run_id = start.run_id
        _say(f"{step.name}: resuming")
    else:
        # An attempt that did not take one step leaves nothing worth keeping.
        directory.history.unlink(missing_ok=True)
        run_id = f"{step.name}-{secrets.token_hex(3)}"
        _say(f"{step.name}: training")
    environment = {name: value for name, value in sorted(os.environ.items()) if name.startswith("SR_")}
    start = Start(run_id=run_id, configuration=configuration, argv=argv, environment=environment)
    directory.set_start(start)
    directory.set_status(Status.RUNNING)
    try:
        completion = _train(step, directory, prefix, run_id)
        results = build_results(step.config, start, completion, read_history(directory.history))
    except Exception as error:
        directory.set_status(Status.FAILED)
        log = directory.log(run_id)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            traceback.print_exc(file=file)
        if isinstance(error, UsageError):
            raise
        reason = str(error).strip().partition("\n")[0] or "no reason given"
        kind = "" if isinstance(error, RunError) else f"{type(error).__name__}: "
        raise RunError(f"{step.name}: training failed: {kind}{reason}; see {_shown(log)}") from None
    directory.set_completion(completion)
    directory.set_status(Status.SUCCESS)
    return results


def _train(step: Step, directory: RunDirectory, prefix: Path, run_id: str) -> Completion:
    from training.trainer import train

    trained = train(step.config, run_id=run_id, tags=step.tags, directory=directory, prefix=prefix)
    return Completion(
        completed_at=format_timestamp(datetime.now(UTC)),
        device_count=trained.device_count,
        evaluation_tokens=trained.evaluation.tokens,
        evaluation_bytes=trained.evaluation.bytes,
        tokenizer_hash=trained.tokenizer_hash,
        data_hash=trained.data_hash,
        provenance={
            "software": software(),
            "code": code(_script_directory() or Path.cwd()),
            "device_kind": trained.device_kind,
            "device_count": trained.device_count,
            "host_count": trained.host_count,
            "data_seed": data_seed(step.config),
        },
    )


def _configuration(config: SpeedrunConfig) -> dict[str, Any]:
    """Return the part of a configuration that decides the figures."""
    data = config.as_plain_data()
    del data["author"], data["description"]
    return data


def _check_same(directory: RunDirectory, start: Start, configuration: dict[str, Any]) -> None:
    """Check that a run on disk was trained with this configuration, so that no figures get another's results.

    Raises:
        UsageError: It was not.
    """
    different = _differences(start.configuration, configuration, "")
    if different:
        raise UsageError(
            f"{_shown(directory.path)}: expected the configuration that was trained here, got another "
            f"{', '.join(different)}; give the run another name or --prefix, or remove that directory"
        )


def _differences(old: Any, new: Any, where: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [*old, *(key for key in new if key not in old)]
        found = (_differences(old.get(key), new.get(key), f"{where}.{key}" if where else key) for key in keys)
        return [name for names in found for name in names]
    return [] if old == new else [where]


def _summary(config: SpeedrunConfig, results: dict[str, Any]) -> str:
    run_info = results["runs"][0]["run_info"]
    key = f"eval/{config.dataset.evaluation_set}/bpb"
    return f"{key} {run_info[key]:.4f} after {run_info['training_time']:.1f} s of training"


def _results_copy(results_dir: str | None, subdirectory: str | None) -> Path | None:
    """Return where a submission keeps the results of a run.

    That is beside its script, or, when the script has several runs, in a directory of the run's name there. None when
    there is no such script, as in a notebook or a test.
    """
    directory = Path(results_dir) if results_dir is not None else _script_directory()
    return None if directory is None else directory / (subdirectory or "") / _RESULTS_NAME


def _script_directory() -> Path | None:
    """Return where the script lies that is run, or None in a notebook or a test."""
    script = getattr(sys.modules["__main__"], "__file__", None)
    if script is None or Path(script).resolve().is_relative_to(sys.prefix):
        return None
    return Path(script).resolve().parent


def _prefix(argument: str | None) -> Path:
    prefix = argument or os.environ.get("MARIN_PREFIX")
    if not prefix:
        raise UsageError("--prefix: expected a directory for what the run writes, got none; pass --prefix local_store")
    if "://" in prefix:
        raise UsageError(f"--prefix: expected a local directory, got {prefix!r}; buckets are not supported yet")
    path = Path(prefix).expanduser().resolve()
    if path.exists() and not path.is_dir():
        raise UsageError(f"--prefix: expected a directory, got the file {prefix!r}")
    return path


def _check_names(steps: Sequence[Step]) -> None:
    seen: set[str] = set()
    for step in steps:
        if _NAME.fullmatch(step.name) is None:
            raise UsageError(
                "default_speedrun name: expected up to 120 letters, digits, dots, hyphens and underscores, "
                f"got {step.name!r}"
            )
        if step.output_path in seen:
            raise UsageError(
                f"executor_main steps: expected one directory for each run, got {step.output_path!r} twice"
            )
        seen.add(step.output_path)
    if not seen:
        raise UsageError("executor_main steps: expected at least one run from default_speedrun, got none")


class _Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; --help shows what there is")


def _parse(arguments: Sequence[str], description: str | None) -> _Options:
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    program = f"python -m {spec.name}" if spec is not None else f"python {Path(sys.argv[0]).name}"
    parser = _Parser(
        prog=program,
        description=description or "Train the runs of this submission and write their results.",
        epilog=f"""examples:
  {program} --dry_run true
      show the configuration and an estimate of the compute; write nothing
  {program} --prefix local_store --force_run_failed true
      train, and put {_RESULTS_NAME} beside this script""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--dry_run", type=_truth, default=False, metavar="true|false", help="print the run info and stop"
    )
    parser.add_argument(
        "--prefix",
        metavar="DIR",
        help="directory for data, checkpoints and logs (default: the environment variable MARIN_PREFIX)",
    )
    parser.add_argument(
        "--force_run_failed",
        type=_truth,
        default=False,
        metavar="true|false",
        help="run again what failed before (default: false)",
    )
    parser.add_argument(
        "--results_dir", metavar="DIR", help=f"where {_RESULTS_NAME} is copied to (default: beside this script)"
    )
    return _Options(**vars(parser.parse_args(list(arguments))))


def _truth(text: str) -> bool:
    values = {"true": True, "false": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")
    return values[text.lower()]


def _shown(path: Path) -> str:
    """Return a path relative to where the user stands, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _stop(code: int, message: str) -> NoReturn:
    _say(f"error: {message}")
    raise SystemExit(code)
