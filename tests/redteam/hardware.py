"""The hardware: each form of `resources` falsified, and keys added that might replace the peak.

Not here, because they are honest readings: `replicas` of a TPU where `num_chips` is one slice (hosts are counted), and
another name of the same part (`A100` and `NVIDIA A100-SXM4-80GB`).
"""

import copy
from typing import Any

from .arithmetic import chips_of_slice, hardware_times, is_number, model_mfu, scale
from .catalogue import Catalogue, Change, Info

TAMPERINGS = Catalogue()

_NAMES = "resources.tpu_type|resources.accelerator_type|resources.device.variant|resources.device.type"

COUNTS = {
    "slice-count": ("slice_count",),
    "gpu-count": ("gpu_count",),
    "replicas": ("replicas",),
    "device-count": ("device", "count"),
}


def name_of(info: Info) -> tuple[Info, str] | None:
    """Return the object and the key under which the accelerator's or slice's name stands."""
    resources = info["resources"]
    device = resources.get("device")
    if isinstance(device, dict):
        return device, "variant" if device.get("variant") else "type"
    return next(((resources, key) for key in ("tpu_type", "accelerator_type") if resources.get(key)), None)


def is_tpu(info: Info) -> bool:
    found = name_of(info)
    return found is not None and chips_of_slice(found[0][found[1]]) is not None


def _holder(info: Info, path: tuple[str, ...]) -> tuple[Info, str] | None:
    holder: Any = info["resources"]
    for key in path[:-1]:
        holder = holder.get(key)
    return (holder, path[-1]) if isinstance(holder, dict) and is_number(holder.get(path[-1])) else None


def _counted(path: tuple[str, ...], factor: float) -> Change:
    def change(info: Info) -> Info | None:
        found = _holder(info, path)
        if found is None or (path == ("device", "count") and is_tpu(info)):
            return None
        name = name_of(info)
        slice_chips = chips_of_slice(name[0][name[1]]) if name else None
        if path == ("replicas",) and slice_chips is not None and info.get("num_chips") == slice_chips:
            return None
        return info if scale(*found, factor) else None

    return change


for _name, _path in COUNTS.items():
    for _word, _factor in (("half", 0.5), ("twice", 2), ("eight-times", 8), ("a-thousand-times", 1000)):
        TAMPERINGS.add(
            f"{_name}-{_word}",
            f"{'.'.join(_path)} is multiplied by {_factor:g}",
            "arithmetic",
            _counted(_path, _factor),
            key=_path[-1],
        )

for _word, _factor in (("half", 0.5), ("less-by-a-thousandth", 0.999), ("twice", 2.0), ("a-thousandth", 1e-3)):
    TAMPERINGS.add(
        f"override-{_word}",
        f"device_flops_override is multiplied by {_factor:g}",
        "arithmetic",
        _counted(("device_flops_override",), _factor),
        key="device_flops_override",
    )


def _renamed(value: str, *, tpu: bool) -> Change:
    def change(info: Info) -> Info | None:
        found = name_of(info)
        if found is None or is_tpu(info) != tpu or found[0][found[1]] == value:
            return None
        found[0][found[1]] = value
        # As many slices of a size that makes as many chips are what `replicas` may mean.
        slices = (chips_of_slice(value) or 0) * (info["resources"].get("replicas") or 1)
        return None if slices == info.get("num_chips") and value.startswith("v5p") else info

    return change


for _value in ("v5p-8", "v5p-16", "v5p-64", "v4-8", "v4-32", "v5litepod-16", "v6e-16", "v6e-4"):
    _text = f"the slice is called {_value}, and nothing follows"
    TAMPERINGS.add(f"slice-called-{_value}", _text, "arithmetic", _renamed(_value, tpu=True), "verified", key=_NAMES)
for _value in ("T4", "L4", "A30", "V100", "H100 PCIe", "A40"):
    _text = f"the GPU is called {_value}, and nothing follows"
    _name = f"gpu-called-{_value}".lower().replace(" ", "-")
    TAMPERINGS.add(_name, _text, "arithmetic", _renamed(_value, tpu=False), "hardware", "verified", key=_NAMES)


def _unknown(value: object, name: str) -> None:
    def change(info: Info) -> Info | None:
        found = name_of(info)
        if found is None:
            return None
        found[0][found[1]] = value
        scale(info, "device_flops", 0.1)
        hardware_times(info, 0.1)
        return info

    description = f"the accelerator is called {value!r}, and peak and hardware FLOPs are a tenth"
    TAMPERINGS.add(name, description, "plausibility", change, "hardware", silences=True)


_unknown("A100X", "accelerator-unknown")
_unknown("auto", "accelerator-auto")
_unknown("v5p-31", "slice-with-half-a-chip")
_unknown("v5p-999999", "slice-larger-than-a-pod")
_unknown("", "accelerator-empty")
_unknown(None, "accelerator-null")
_unknown(["A100"], "accelerator-in-a-list")
_unknown("\u0410100", "accelerator-with-a-homoglyph")


def _override(factor: float) -> Change:
    def change(info: Info) -> Info | None:
        peak = info.get("device_flops")
        if info["resources"].get("device_flops_override") or not peak:
            return None
        info["resources"]["device_flops_override"] = peak * factor
        info["device_flops"] = peak * factor
        hardware_times(info, factor)
        return info

    return change


for _word, _factor in (
    ("a-thousandth", 1e-3),
    ("a-tenth", 0.1),
    ("half", 0.5),
    ("less-by-a-tenth", 0.9),
    ("equal", 1.0),
):
    TAMPERINGS.add(
        f"override-added-{_word}",
        f"device_flops_override is added at {_factor:g} of the peak, and everything follows",
        "plausibility",
        _override(_factor),
    )


@TAMPERINGS.change("arithmetic", key="device_flops_override")
def override_added_and_nothing_follows(info: Info) -> Info | None:
    """device_flops_override is added, and neither peak nor hardware FLOPs follow."""
    resources = info["resources"]
    if resources.get("device_flops_override"):
        return None
    resources["device_flops_override"] = 1e14
    return info


@TAMPERINGS.change("plausibility", "contest")
def declared_as_a_cpu(info: Info) -> Info | None:
    """The accelerator is declared as one CPU of 1e12 FLOP/s, and everything follows."""
    info["resources"] = {"num_cpus": 1, "device_flops_override": 1e12}
    return _one_device(info, 1e12)


@TAMPERINGS.change("plausibility", "contest", silences=True)
def declared_as_a_cpu_without_a_peak(info: Info) -> Info | None:
    """The accelerator is declared as one CPU of a peak that only device_flops says."""
    info["resources"] = {"device": {"kind": "cpu", "variant": "cpu"}, "replicas": 1}
    return _one_device(info, 1e12)


@TAMPERINGS.change("plausibility", silences=True)
def no_hardware_named(info: Info) -> Info | None:
    """`resources` is empty, and hardware FLOPs are a tenth."""
    info["resources"] = {}
    scale(info, "device_flops", 0.1)
    hardware_times(info, 0.1)
    return info


@TAMPERINGS.change("plausibility", "hardware")
def device_of_another_kind_than_its_name(info: Info) -> Info | None:
    """`device.kind` and its name belong to different hardware."""
    device = info["resources"].get("device")
    if not isinstance(device, dict) or not device.get("kind"):
        return None
    device["kind"] = "gpu" if device["kind"] == "tpu" else "tpu"
    return info


def _second_form(description: str, name: str, extra: Info) -> None:
    def change(info: Info) -> Info | None:
        if not is_tpu(info) or not (chips := info.get("num_chips")) or "device" in info["resources"]:
            return None
        info["resources"] |= copy.deepcopy(extra)
        info["num_chips"], info["num_devices"] = 4, 4
        hardware_times(info, 4 / chips)
        return info

    TAMPERINGS.add(name, description, "plausibility", change, "hardware", "verified")


_second_form(
    "a smaller slice is named in a second form of `resources`, and the figures are its",
    "second-form-of-resources",
    {"device": {"kind": "tpu", "variant": "v5p-8"}, "replicas": 1},
)


@TAMPERINGS.change("plausibility", "hardware")
def gpus_named_beside_the_slice(info: Info) -> Info | None:
    """`resources` names GPUs beside the slice that was used."""
    resources = info["resources"]
    if not resources.get("tpu_type"):
        return None
    resources |= {"accelerator_type": "H100", "gpu_count": 8}
    return info


@TAMPERINGS.change("plausibility", "hardware")
def two_names_of_one_device(info: Info) -> Info | None:
    """`device` has a variant and a type that differ."""
    device = info["resources"].get("device")
    if not isinstance(device, dict):
        return None
    device |= {"variant": "v6e-1", "type": "v5p-8"} if is_tpu(info) else {"variant": "L4", "type": "H100"}
    for key, value in (("num_chips", 1), ("num_devices", 1)):
        info[key] = value * (info["resources"].get("replicas") or 1) * (1 if is_tpu(info) else device.get("count", 1))
    info["device_flops"] = 918e12 if is_tpu(info) else 121e12
    info["training_hardware_flops"] = info["training_time"] * info["num_chips"] * info["device_flops"]
    return info


def _one_device(info: Info, peak: float) -> Info:
    info |= {"num_devices": 1, "num_chips": 1, "device_flops": peak}
    info["training_hardware_flops"] = info["training_time"] * peak
    if is_number(info.get("mfu")):
        info["mfu"] = model_mfu(info)
    return info
