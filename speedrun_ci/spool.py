"""Reports of many submissions, packed, and on disk from some megabytes on: memory does not grow with their number."""

from __future__ import annotations

import io
import pickle
from array import array
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import SubmissionReport

IN_MEMORY = 4 * 1024 * 1024
"""Bytes of reports that are kept in memory before a temporary file is made."""


def packed(report: SubmissionReport) -> bytes:
    """Return a report as the spool keeps it."""
    return pickle.dumps(report, pickle.HIGHEST_PROTOCOL)


class Spool:
    """A collection of reports. It unpacks what this program's own processes packed, and nothing else."""

    def __init__(self) -> None:
        self._file: IO[bytes] = io.BytesIO()
        self._starts = array("Q", [0])
        self._changed: dict[int, bytes] = {}

    def append(self, report: bytes) -> None:
        """Add a packed report."""
        end = self._starts[-1]
        if end <= IN_MEMORY < end + len(report):
            self._to_disk()
        self._file.seek(end)
        self._file.write(report)
        self._starts.append(end + len(report))

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __iter__(self) -> Iterator[SubmissionReport]:
        return (self[index] for index in range(len(self)))

    def __contains__(self, report: object) -> bool:
        return any(report == other for other in self)

    def __getitem__(self, index: int) -> SubmissionReport:
        data = self._changed.get(index)
        if data is None:
            self._file.seek(self._starts[index])
            data = self._file.read(self._starts[index + 1] - self._starts[index])
        return cast("SubmissionReport", pickle.loads(data))  # noqa: S301 - packed by this program

    def __setitem__(self, index: int, report: SubmissionReport) -> None:
        self._changed[index] = packed(report)

    def _to_disk(self) -> None:
        import tempfile  # costs 10 ms, which the check of one submission need not pay

        memory, self._file = self._file, tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the spool
        memory.seek(0)
        self._file.write(memory.read())
