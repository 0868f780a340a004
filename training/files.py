"""Writing files so that a reader never sees half of one."""

import json
import os
from pathlib import Path
from typing import Any

from training.errors import RunError


def write_atomically(path: Path, text: str) -> None:
    """Write a text file in one step: whoever opens `path` finds the old content or the new, also after a crash.

    Missing parent directories are made.

    Raises:
        OSError: The directory cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, data: Any) -> None:
    """Write JSON with sorted keys and two spaces of indentation, in one step.

    Raises:
        ValueError: The data hold NaN or an infinity, which JSON does not have.
        OSError: The directory cannot be written.
    """
    write_atomically(path, json.dumps(data, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file that `write_json` wrote, or None when there is no such file.

    Raises:
        RunError: The file is not JSON.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise RunError(f"{path}: expected JSON, got {error}; it was damaged after it was written") from None
