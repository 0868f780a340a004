"""What hardware a run's `resources` name: its kind, its chips, and the peak of one chip.

Four forms exist. `replicas` of a TPU counts slices in some files and hosts in others, so it leaves two readings of
the number of chips; the one that equals the file's `num_chips` is meant.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from speedrun_ci.hardware import find_accelerator, parse_slice
from speedrun_ci.strict_json import as_number, as_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from speedrun_ci.hardware import Accelerator, TpuSlice
    from speedrun_ci.strict_json import Json

RESOURCE_KEYS = (
    "tpu_type",
    "slice_count",
    "gpu_count",
    "accelerator_type",
    "num_cpus",
    "replicas",
    "device_flops_override",
)
"""The keys of `resources` that say what hardware it is, beside `device`."""

DEVICE_KEYS = ("kind", "variant", "type", "count")
"""Those of `resources.device`."""

MOST_MACHINES = 1_000_000
"""More than any installation has of slices, GPUs, hosts or CPUs."""

type DeviceKind = Literal["gpu", "tpu", "cpu", "unknown"]


@dataclass(frozen=True, slots=True)
class Hardware:
    """The hardware of a run, as far as its `resources` tell.

    Attributes:
        kind: What computes.
        name: The accelerator's or slice's name as submitted; empty where none is named.
        name_key: Where in `resources` the name stands, as keys from the outermost.
        count_key: Where the number that multiplies it stands; empty where there is none.
        accelerator: The part, or None where the name is not in our table.
        slice: The TPU slice, or None.
        count: GPUs, slices, or CPU machines.
        chips: Every reading of the number of chips; empty where it cannot be told.
        override: `device_flops_override` in FLOP/s of one chip, or None.
    """

    kind: DeviceKind
    name: str
    name_key: tuple[str, ...]
    count_key: tuple[str, ...]
    accelerator: Accelerator | None
    slice: TpuSlice | None
    count: int
    chips: tuple[int, ...]
    override: float | None

    @property
    def peaks(self) -> tuple[float, ...]:
        """Every accepted peak of one chip in FLOP/s, ours first; empty where there is none."""
        if self.override is not None:
            return (self.override,)
        if self.accelerator is None:
            return ()
        # A peak of a core or a whole card is of another unit than the chips we multiply by.
        others = (peak.flops for peak in self.accelerator.other_peaks if peak.per in (None, self.accelerator.per))
        return (self.accelerator.peak_flops, *others)


def read_resources(resources: Mapping[str, Json]) -> Hardware:
    """Return the hardware that `resources` name; where they have several forms, that of the first.

    Args:
        resources: The object as it stands in the file; hostile.
    """
    override = _positive(resources.get("device_flops_override"))
    return next(_forms(resources, override), Hardware("unknown", "", (), (), None, None, 1, (), override))


def contradiction(resources: Mapping[str, Json]) -> tuple[Hardware, Hardware] | None:
    """Return two forms of `resources` that name different hardware, or None.

    A reader of one form would see other hardware than a reader of the other.

    Args:
        resources: The object as it stands in the file; hostile.
    """
    # A number of CPUs may stand beside accelerators: it is that of their hosts.
    forms = tuple(form for form in _forms(resources, None) if form.kind != "cpu")
    return next(((forms[0], other) for other in forms[1:] if not _same_hardware(forms[0], other)), None)


def _same_hardware(one: Hardware, other: Hardware) -> bool:
    if one.kind != other.kind:
        return False
    named = one.accelerator is not None and other.accelerator is not None
    return (not named or one.accelerator is other.accelerator) and (
        not one.chips or not other.chips or bool(set(one.chips) & set(other.chips))
    )


def _forms(resources: Mapping[str, Json], override: float | None) -> Iterator[Hardware]:
    """Yield what every form says that `resources` have, the newest first."""
    device = resources.get("device")
    if isinstance(device, dict) and device:
        yield _from_device(device, resources, override)
        if device.get("variant") is not None and device.get("type") is not None:
            yield _from_device({**device, "variant": None}, resources, override)
    if resources.get("tpu_type") is not None:
        slices = _count(resources.get("slice_count"), 1)
        yield _tpu(_text(resources["tpu_type"]), ("tpu_type",), ("slice_count",), slices, (slices,), override)
    if resources.get("gpu_count") is not None or resources.get("accelerator_type") is not None:
        gpus = _count(resources.get("gpu_count"), 1)
        name = _text(resources.get("accelerator_type"))
        yield _gpu(name, ("accelerator_type",), ("gpu_count",), gpus, override)
    if resources.get("num_cpus") is not None:
        yield _cpu((), 1, override)


def _from_device(device: Mapping[str, Json], resources: Mapping[str, Json], override: float | None) -> Hardware:
    key = "type" if device.get("variant") is None and "type" in device else "variant"
    name = _text(device.get(key))
    kind = device.get("kind")
    replicas = _count(resources.get("replicas"), 1)
    if kind is None:
        part = find_accelerator(name)
        kind = "tpu" if parse_slice(name) is not None else part.kind if part is not None else None
    if kind == "cpu":
        return _cpu(("replicas",), replicas, override)
    if kind == "tpu":
        # As a number of hosts, `replicas` does not multiply.
        return _tpu(name, ("device", key), ("replicas",), replicas, (replicas, 1), override)
    if kind == "gpu":
        each = _count(device.get("count"), 1)
        made = _gpu(name, ("device", key), ("device", "count"), each, override)
        chips = tuple(chips * replicas for chips in made.chips if replicas)
        return dataclasses.replace(made, count=each * replicas, chips=chips)
    return Hardware("unknown", name, ("device", key), (), None, None, replicas, (), override)


def _tpu(
    name: str,
    name_key: tuple[str, ...],
    count_key: tuple[str, ...],
    count: int,
    slices: tuple[int, ...],
    override: float | None,
) -> Hardware:
    """Return a TPU's hardware; `slices` are the readings of how many slices `count` stands for."""
    found = parse_slice(name)
    chips: tuple[int, ...] = ()
    if found is not None and count > 0:
        chips = tuple(found.chips * number for number in dict.fromkeys(slices))
    accelerator = found.accelerator if found is not None else _part(name, "tpu")
    return Hardware("tpu", name, name_key, count_key, accelerator, found, count, chips, override)


def _gpu(
    name: str, name_key: tuple[str, ...], count_key: tuple[str, ...], count: int, override: float | None
) -> Hardware:
    chips = (count,) if count > 0 else ()
    return Hardware("gpu", name, name_key, count_key, _part(name, "gpu"), None, count, chips, override)


def _cpu(count_key: tuple[str, ...], count: int, override: float | None) -> Hardware:
    # jax shows all cores of a machine as one device. Where every machine is a task of its own, some count only one.
    chips = tuple(dict.fromkeys((count, 1))) if count > 0 else ()
    return Hardware("cpu", "", (), count_key, None, None, count, chips, override)


def _part(name: str, kind: Literal["gpu", "tpu"]) -> Accelerator | None:
    """Return the accelerator of that name, unless it is of another kind than the resources say."""
    found = find_accelerator(name)
    return found if found is not None and found.kind == kind else None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _positive(value: Json) -> float | None:
    number = as_number(value)
    return number if number is not None and number > 0 else None


def _count(value: Json, default: int) -> int:
    """Return a positive count, the default where it is absent, or 0 where it is no count."""
    if value is None:
        return default
    number = as_whole(value)
    return number if number is not None and 0 < number <= MOST_MACHINES else 0
