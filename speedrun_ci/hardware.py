"""Accelerators and TPU slices: peak FLOP/s, chips, cores and devices.

The figures stand in ``hardware.toml``, each with the document it was taken from. This module reads and checks that
file, finds a part by any of its names, takes the name of a TPU slice apart, and says which of a part's figures a
submitted peak is. It imports nothing of weight, because training and every command use it.

All peaks are FLOP/s, dense, in bf16 with FP32 accumulation (fp16 for parts without bf16).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from speedrun_ci.tolerances import DEFAULTS
from speedrun_ci.toml_table import Table, TableError, read_toml

Kind = Literal["gpu", "tpu"]
Dtype = Literal["bf16", "fp16"]
Per = Literal["card", "GCD", "chip"]
PeakUnit = Literal["card", "GCD", "chip", "core"]
SliceCounts = Literal["cores", "chips"]
PeakMatch = Literal["peak", "other", "sparse", "none"]

_KINDS: Final[tuple[Kind, ...]] = ("gpu", "tpu")
_DTYPES: Final[tuple[Dtype, ...]] = ("bf16", "fp16")
_PERS: Final[tuple[Per, ...]] = ("card", "GCD", "chip")
_PEAK_UNITS: Final[tuple[PeakUnit, ...]] = ("card", "GCD", "chip", "core")
_SLICE_COUNTS: Final[tuple[SliceCounts, ...]] = ("cores", "chips")

_TABLE: Final = Path(__file__).with_name("hardware.toml")

# A figure outside these bounds was written in another unit (312 for 312e12).
_LEAST_PEAK: Final = 1e12
_LARGEST_PEAK: Final = 1e17
_LARGEST_COUNT: Final = 1_000_000

# Longer than any real name; what is longer is dropped before any work is done on it.
_LONGEST_NAME: Final = 100
_LONGEST_SLICE_NAME: Final = 32

_SLICE_PREFIX: Final = re.compile(r"[a-z][a-z0-9]{0,15}")
_SLICE: Final = re.compile(rf"({_SLICE_PREFIX.pattern})-([1-9][0-9]{{0,6}})")
_VENDOR: Final = re.compile(r"nvidia(?:geforce|tesla)?|geforce|tesla|amd(?:instinct)?|instinct")
_BETWEEN_DIGITS: Final = re.compile(r"(?<=[0-9])[ _-]+(?=[0-9])")
_ELSEWHERE: Final = re.compile(r"(?<![0-9])[ _-]+|[ _-]+(?![0-9])")
_GIGABYTES: Final = re.compile(r"(?<=[0-9])gb")


@dataclass(frozen=True, slots=True)
class OtherPeak:
    """A figure other than the datasheet's that tools and files have used for a part.

    Attributes:
        flops: FLOP/s.
        source: Where the figure comes from.
        per: What the figure is of, where that is not the part's own unit (``"core"`` for half a chip, say); else None.
            Such a figure must be multiplied by the number of *its* units, not by that of chips.
    """

    flops: float
    source: str
    per: PeakUnit | None = None


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One part, as ``hardware.toml`` describes it.

    Attributes:
        name: Canonical name.
        kind: ``"gpu"`` or ``"tpu"``.
        peak_flops: Peak dense FLOP/s of one ``per``, in ``dtype``.
        dtype: Number format of ``peak_flops``.
        per: What ``peak_flops`` is of: a card, a GCD (half of a two-die card, one device to jax and ROCm) or a chip.
        datasheet: The document the peak was taken from.
        verified: Whether that document is known to say so. A difference from an unverified peak may only warn.
        note: How to find the figure in the document, or empty.
        aliases: Other names of the part.
        other_peaks: Other figures that are accepted for it.
        sparse_peak: FLOP/s with 2:4 sparsity, or None if the part has none. Never a right answer.
        cores_per_chip: TensorCores of one TPU chip; None for a GPU.
        devices_per_chip: What ``jax.device_count()`` counts for one TPU chip; None for a GPU.
        slice_prefixes: What the names of this TPU's slices begin with; empty for a GPU.
        slice_counts: Whether the number in a slice's name counts TensorCores or chips; None for a GPU.
        max_slice: The largest such number that exists; None for a GPU or where it is not known.
    """

    name: str
    kind: Kind
    peak_flops: float
    dtype: Dtype
    per: Per
    datasheet: str
    verified: bool
    note: str = ""
    aliases: tuple[str, ...] = ()
    other_peaks: tuple[OtherPeak, ...] = ()
    sparse_peak: float | None = None
    cores_per_chip: int | None = None
    devices_per_chip: int | None = None
    slice_prefixes: tuple[str, ...] = ()
    slice_counts: SliceCounts | None = None
    max_slice: int | None = None


@dataclass(frozen=True, slots=True)
class TpuSlice:
    """A TPU slice, taken apart.

    Attributes:
        name: The name as it was given.
        accelerator: The part the slice is made of.
        chips: Number of chips. Compute is counted by chips.
        cores: Number of TensorCores.
        devices: Number of devices that jax shows.
    """

    name: str
    accelerator: Accelerator
    chips: int
    cores: int
    devices: int


@functools.cache
def accelerators() -> tuple[Accelerator, ...]:
    """Return every part of the table, in the table's order.

    Raises:
        TableError: The table cannot be read or has an error.
    """
    try:
        text = _TABLE.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise TableError(f"{_TABLE.name}: cannot be read: {reason}") from error
    return parse_table(text)


def find_accelerator(name: str) -> Accelerator | None:
    """Find a part by one of its names, such as ``"A100-80GB"`` or jax's ``"NVIDIA H100 80GB HBM3"``.

    Case, spaces, hyphens, underscores, the prefixes NVIDIA, GeForce, Tesla, AMD and Instinct, and GB against G make no
    difference; otherwise the whole name must be equal to one in the table, so that ``"A1000"`` is not taken for A100.
    Names of slices are not names of parts: see `parse_slice`.

    Args:
        name: Any text, however long.

    Returns:
        The part, or None if no part has that name (``""`` and ``"auto"`` name none).

    Raises:
        TableError: The table cannot be read or has an error.
    """
    normal = _normalise(name)
    return None if normal is None else _index()[0].get(normal)


def parse_slice(name: str) -> TpuSlice | None:
    """Take the name of a TPU slice apart, such as ``"v5p-32"`` or ``"v5litepod-64"``.

    The number counts TensorCores for v2, v3, v4, v5p and v7 (``v5p-32`` has 16 chips) and chips for v5e and v6e, as
    Google's documentation of each generation says.

    Args:
        name: Any text, however long. Case makes no difference.

    Returns:
        The slice, or None if there can be no slice of that name: wrong form, unknown generation, zero, a core count
        that leaves half a chip, or more than a whole pod.

    Raises:
        TableError: The table cannot be read or has an error.
    """
    # Non-ASCII letters and digits are refused first: some of them become ASCII letters when lowered.
    if len(name) > _LONGEST_SLICE_NAME or not name.isascii():
        return None
    match = _SLICE.fullmatch(name.lower())
    if match is None:
        return None
    accelerator = _index()[1].get(match[1])
    if accelerator is None or accelerator.cores_per_chip is None or accelerator.devices_per_chip is None:
        return None
    number = int(match[2])
    if accelerator.max_slice is not None and number > accelerator.max_slice:
        return None
    chips, rest = divmod(number, accelerator.cores_per_chip) if accelerator.slice_counts == "cores" else (number, 0)
    if rest:
        return None
    return TpuSlice(
        name=name,
        accelerator=accelerator,
        chips=chips,
        cores=chips * accelerator.cores_per_chip,
        devices=chips * accelerator.devices_per_chip,
    )


def match_peak(accelerator: Accelerator, flops: float) -> tuple[PeakMatch, OtherPeak | None]:
    """Say which of a part's figures a submitted peak is, within the `peak_tolerance` of the ruleset.

    Args:
        accelerator: The part.
        flops: FLOP/s as submitted; may be negative, infinite or not a number.

    Returns:
        ``("peak", None)`` for the datasheet's figure, ``("other", it)`` for another accepted one, ``("sparse", None)``
        for the figure with sparsity, which is an error, and ``("none", None)`` for anything else. Check the ``per`` of
        another figure: it may be that of a core or of a whole card.
    """
    if _same_peak(flops, accelerator.peak_flops):
        return "peak", None
    for other in accelerator.other_peaks:
        if _same_peak(flops, other.flops):
            return "other", other
    if accelerator.sparse_peak is not None and _same_peak(flops, accelerator.sparse_peak):
        return "sparse", None
    return "none", None


def parse_table(text: str) -> tuple[Accelerator, ...]:
    """Read and check a table of accelerators.

    Args:
        text: TOML, in the form that the head of ``hardware.toml`` describes.

    Returns:
        The parts, in the order of the text.

    Raises:
        TableError: Not TOML; a key that is unknown, missing or of the wrong type; a figure out of bounds or
            listed twice; a name or slice prefix that two tables share.
    """
    document = read_toml(text, _TABLE.name, ("[[accelerator]]",))
    tables = document.get("accelerator")
    if not isinstance(tables, list) or not tables:
        raise TableError(f"{_TABLE.name}: accelerator: expected one or more [[accelerator]] tables")
    parts = tuple(_read_accelerator(table, number) for number, table in enumerate(tables, start=1))
    _build_index(parts)  # which checks that no two parts share a name
    return parts


def _read_accelerator(raw: object, number: int) -> Accelerator:
    nameless = Table(raw, f"{_TABLE.name}: accelerator number {number}")
    name = nameless.text("name")
    table = Table(raw, f"{_TABLE.name}: accelerator {name!r}")
    table.has("name")
    kind = table.choice("kind", _KINDS)
    tpu = kind == "tpu"
    peak_flops = _peak(table, "peak_flops")
    dtype = table.choice("dtype", _DTYPES)
    per = table.choice("per", _PERS)
    if tpu != (per == "chip"):
        raise table.error("per", f"a {kind} is counted by {'chip' if tpu else 'card or GCD'}, not by {per}")
    sparse_peak = _peak(table, "sparse_peak") if table.has("sparse_peak") else None
    if sparse_peak is not None and (sparse_peak < peak_flops or _same_peak(sparse_peak, peak_flops)):
        raise table.error("sparse_peak", f"{sparse_peak:g} is not above peak_flops {peak_flops:g}")
    # The last five keys are asked of TPUs only, so that one in a GPU's table is reported as unknown.
    part = Accelerator(
        name=name,
        kind=kind,
        peak_flops=peak_flops,
        dtype=dtype,
        per=per,
        datasheet=table.text("datasheet"),
        verified=table.flag("verified"),
        note=table.text("note") if table.has("note") else "",
        aliases=table.texts("aliases") if table.has("aliases") else (),
        other_peaks=_read_other_peaks(table, peak_flops, sparse_peak) if table.has("other_peaks") else (),
        sparse_peak=sparse_peak,
        cores_per_chip=table.count("cores_per_chip", _LARGEST_COUNT) if tpu else None,
        devices_per_chip=table.count("devices_per_chip", _LARGEST_COUNT) if tpu else None,
        slice_prefixes=table.texts("slice_prefix") if tpu else (),
        slice_counts=table.choice("slice_counts", _SLICE_COUNTS) if tpu else None,
        max_slice=table.count("max_slice", _LARGEST_COUNT) if tpu and table.has("max_slice") else None,
    )
    table.end()
    for prefix in part.slice_prefixes:
        if _SLICE_PREFIX.fullmatch(prefix) is None:
            raise table.error("slice_prefix", f"{prefix!r} is not a lower-case letter and up to 15 letters and digits")
    return part


def _peak(table: Table, key: str) -> float:
    return table.number(key, _LEAST_PEAK, _LARGEST_PEAK, "FLOP/s")


def _read_other_peaks(table: Table, peak: float, sparse_peak: float | None) -> tuple[OtherPeak, ...]:
    others: list[OtherPeak] = []
    for entry in table.tables("other_peaks"):
        flops = _peak(entry, "flops")
        # The sparse peak is an error to be caught; the others would never be reached.
        if sparse_peak is not None and _same_peak(flops, sparse_peak):
            raise entry.error("flops", f"{flops:g} is the sparse_peak")
        if _same_peak(flops, peak):
            raise entry.error("flops", f"{flops:g} is peak_flops")
        if any(_same_peak(flops, other.flops) for other in others):
            raise entry.error("flops", f"{flops:g} is listed twice")
        unit = entry.choice("per", _PEAK_UNITS) if entry.has("per") else None
        others.append(OtherPeak(flops=flops, source=entry.text("source"), per=unit))
        entry.end()
    return tuple(others)


@functools.cache
def _index() -> tuple[dict[str, Accelerator], dict[str, Accelerator]]:
    return _build_index(accelerators())


def _build_index(parts: tuple[Accelerator, ...]) -> tuple[dict[str, Accelerator], dict[str, Accelerator]]:
    """Return the parts by normalised name and by slice prefix."""
    by_name: dict[str, Accelerator] = {}
    by_prefix: dict[str, Accelerator] = {}
    for part in parts:
        where = f"{_TABLE.name}: accelerator {part.name!r}"
        for key, name in (("name", part.name), *(("aliases", alias) for alias in part.aliases)):
            normal = _normalise(name)
            if normal is None:
                raise TableError(f"{where}, {key}: {name!r} is no name: empty, too long or not ASCII")
            if normal in by_name:
                owner = by_name[normal].name
                raise TableError(f"{where}, {key}: {name!r} is already a name of {owner!r}")
            by_name[normal] = part
        for prefix in part.slice_prefixes:
            if prefix in by_prefix:
                owner = by_prefix[prefix].name
                raise TableError(f"{where}, slice_prefix: {prefix!r} is already a prefix of {owner!r}")
            by_prefix[prefix] = part
    return by_name, by_prefix


def _normalise(name: str) -> str | None:
    """Return the form in which names are compared, or None for what can be no name.

    A separator between two digits stays (as a hyphen), or "A10 0" would be an A100 and "A100-80GB" a part number.
    """
    if len(name) > _LONGEST_NAME or not name.isascii():
        return None
    text = _ELSEWHERE.sub("", _BETWEEN_DIGITS.sub("-", name.lower()))
    vendor = _VENDOR.match(text)
    if vendor is not None:
        text = text[vendor.end() :]
    return _GIGABYTES.sub("g", text) or None


def _same_peak(flops: float, reference: float) -> bool:
    # The bounds come first: they are false for NaN, and the subtraction fails for a huge int read from JSON.
    return 0.0 < flops < 2.0 * reference and abs(flops - reference) <= DEFAULTS.peak_tolerance * reference
